import ExportCore

@testable import Formats

/// A row made of any bytes, written by every encoder and held against what decoders of the tests read: what a fuzzer calls, and the
/// tests with its corpus.
///
/// The bits of the first byte say how it is exported, and whether it is an event or a profile. Behind it stand, 0xFF between them,
/// properties, device, session or communication, allIdentities, then the name or objectId, an identity, and one more text. What is
/// empty is absent, and what is not UTF-8 is mended, as a source does it.
struct FuzzedRow {
  let asString: Bool
  let includeObjectId: Bool
  let isProfile: Bool
  let isDeleted: Bool
  let guardFormulas: Bool
  /// Whether it is not the first row of its record.
  let isWarm: Bool
  private let fields: [[UInt8]]

  init(_ input: some Collection<UInt8>) {
    let flags = input.first ?? 0
    asString = flags & 1 != 0
    includeObjectId = flags & 2 != 0
    isProfile = flags & 4 != 0
    isDeleted = flags & 8 != 0
    guardFormulas = flags & 16 != 0
    isWarm = flags & 32 != 0
    var fields = input.dropFirst().split(separator: 0xFF, omittingEmptySubsequences: false).map {
      Array(String(decoding: $0, as: UTF8.self).utf8)
    }
    while fields.count <= FuzzedRow.name { fields.append([]) }
    if fields[FuzzedRow.name].isEmpty { fields[FuzzedRow.name] = Array("E".utf8) }
    self.fields = fields
  }

  /// The field that every row has.
  private static let name = 4

  /// What is wrong with what was written; nil when nothing is.
  func complaint() -> String? {
    let bytes = fields.joined()
    return Array(bytes).withUnsafeBytes { isProfile ? complaint(ofProfileIn: $0) : complaint(ofEventIn: $0) }
  }

  // MARK: Fields

  /// Nil when it is absent.
  func field(_ index: Int) -> [UInt8]? {
    index < fields.count && !fields[index].isEmpty ? fields[index] : nil
  }

  /// Where a field lies among all of them.
  func range(_ index: Int) -> ByteRange {
    guard let field = field(index) else { return .absent }
    let offset = fields[..<index].reduce(0) { $0 + $1.count }
    return ByteRange(offset: UInt32(offset), count: UInt32(field.count))
  }

  func text(_ index: Int) -> DecodedJSON? {
    field(index).map { .string(Array(String(decoding: $0, as: UTF8.self).utf16)) }
  }

  /// A field of JSON: nil within when it is absent or null, nil when it must be rejected.
  func json(_ index: Int, isArray: Bool = false) -> DecodedJSON?? {
    guard let field = field(index) else { return .some(nil) }
    switch DecodedJSON(field)?.lastOfEachName {
    case .null?: return .some(nil)
    case .object(let members)? where !isArray: return .some(.object(members))
    case .array(let elements)? where isArray: return .some(.array(elements))
    default: return nil
    }
  }

  // MARK: Files

  /// A Parquet file with the row three times, so that a dictionary is worth it.
  func parquet(
    begin: (inout OutputBytes) -> Void, encode: (inout OutputBytes) -> Void
  ) throws -> DecodedParquet {
    let codec = try ParquetCodec(Compression(codec: .none))
    var out = OutputBytes()
    begin(&out)
    codec.begin(out.bytes, of: 0)
    out.removeAll()
    for _ in 0..<3 { encode(&out) }
    var file: [UInt8] = []
    try codec.store(out.bytes, of: 0) { (part) throws(ExportError) in file += part }
    try codec.end(0) { (part) throws(ExportError) in file += part }
    return try DecodedParquet(file)
  }

  func complaint(ofParquet columns: [ExpectedColumn], _ read: () throws -> DecodedParquet) -> String? {
    do {
      return ExpectedColumn.complaint(columns, in: try read(), rows: 3)
    } catch {
      return "Parquet: \(error)"
    }
  }

  func complaint(ofCSV bytes: UnsafeRawBufferPointer, _ columns: [ExpectedField]) -> String? {
    guard let table = DecodedCSV(bytes), table.rows.count == 2 else { return "CSV: not a header and a row" }
    guard table.rows[0] == columns.map(\.name) else {
      return "CSV: columns \(table.rows[0]), wanted \(columns.map(\.name))"
    }
    for (field, column) in zip(table.rows[1], columns) where !column.cell.isFound(as: field, guardFormulas) {
      return "CSV: \(field.map { String(decoding: $0, as: UTF8.self) } ?? "none"), wanted \(column)"
    }
    return nil
  }
}
