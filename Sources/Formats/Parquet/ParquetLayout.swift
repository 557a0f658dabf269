import ExportCore
import Parquet

/// The columns of the files of a series, and where each kind of value lies among them. Its description begins a file: it
/// is what the encoder and the file have in common.
final class ParquetLayout {
  enum Records: UInt8 { case events, profiles }

  /// Columns that every event has in front of its properties, by their numbers.
  enum Event {
    static let ts = 0
    static let eventName = 1
    static let identity = 2
    static let objectId = 3
    static let allIdentities = 4
    static let platform = 5
    static let phone = 6
    static let name = 7
    static let email = 8
    static let pushToken = 9
    static let device = 10
    static let properties = 20
  }

  /// Columns that every profile has in front of its device.
  enum Profile {
    static let identity = 0
    static let allIdentities = 1
    static let objectId = 2
    static let deleted = 3
    static let device = 4
  }

  let schema: Schema
  /// - Parameter description: as the encoder wrote it.
  init(_ description: UnsafeRawBufferPointer) {
    var reader = DescriptionReader(bytes: description)
    let records = Records(rawValue: reader.byte())!
    let isMapped = reader.byte() == 1
    let fields =
      switch records {
      case .events: ParquetLayout.events(&reader, isMapped: isMapped)
      case .profiles: ParquetLayout.profiles(&reader, isMapped: isMapped)
      }
    do throws(SchemaError) { schema = try Schema(fields) } catch {
      preconditionFailure("the catalogue has each name once: \(error)")
    }
  }

  /// About how much the end of a file says of a row group, at most, in bytes: four bounds of 65 bytes for each column and
  /// three of each of its pages in the index, and names and numbers.
  static func groupBytes(_ description: UnsafeRawBufferPointer) -> Int {
    let ofOwnColumns = 30 * (columnBytes + 40)
    var reader = DescriptionReader(bytes: description)
    _ = reader.byte()
    guard reader.byte() == 0 else { return ofOwnColumns }
    var bytes = ofOwnColumns
    while !reader.isAtEnd {
      for _ in 0..<reader.number() {
        _ = reader.byte()
        let count = reader.number()
        reader.skip(count)
        bytes += columnBytes + count + 20
      }
    }
    return bytes
  }

  private static let columnBytes = 1000

  private static func texts(_ names: [String]) -> [Field] { names.map { Field($0, .optional, .string) } }

  private static func events(_ reader: inout DescriptionReader, isMapped: Bool) -> [Field] {
    let dimensions = Field("dimensions", .required, texts(["width", "height", "unit"]))
    return [
      Field("ts", .required, .timestampMilliseconds), Field("eventName", .required, .string),
      Field(
        "profile", .required,
        texts(["identity", "objectId"]) + [.list("all_identities", .optional, of: .string)]
          + texts(["platform", "phone", "name", "email", "push_token"])),
      Field(
        "deviceInfo", .required,
        texts(["make", "model", "appVersion", "sdkVersion", "osVersion", "browser", "dpi"]) + [dimensions]),
    ] + reader.group("eventProps", isMapped) + reader.group("sessionProps", isMapped)
      + texts(["controlGroupName"])
  }

  private static func profiles(_ reader: inout DescriptionReader, isMapped: Bool) -> [Field] {
    [
      Field("identity", .optional, .string), .list("all_identities", .optional, of: .string),
      Field("objectId", .optional, .string), Field("deleted", .optional, .boolean),
    ] + reader.group("device", isMapped) + reader.group("commPrefs", isMapped)
      + reader.group("profileProps", isMapped)
  }
}

extension OutputBytes {
  /// Begins the description of a layout.
  mutating func append(_ records: ParquetLayout.Records, isMapped: Bool) {
    append(records.rawValue)
    append(isMapped ? 1 as UInt8 : 0)
  }

  /// Goes on with a group of properties.
  mutating func append(layoutOf columns: borrowing ColumnGroup) {
    append(number: UInt32(columns.count))
    for column in 0..<columns.count {
      let code: UInt8 =
        switch columns.type(of: column) {
        case .boolean: 0
        case .int53, .int64: 1
        case .double: 2
        case .string, .unknown: 3
        }
      append(code)
      append(number: UInt32(columns.name(of: column).count))
      append(columns.name(of: column))
    }
  }
}

private struct DescriptionReader {
  let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func byte() -> UInt8 {
    offset += 1
    return bytes[offset - 1]
  }

  var isAtEnd: Bool { offset == bytes.count }

  mutating func skip(_ count: Int) { offset += count }

  mutating func number() -> Int {
    offset += 4
    return Int(bytes.loadUnaligned(fromByteOffset: offset - 4, as: UInt32.self))
  }

  /// A structure with a column for each property, none if there is no property; or a map.
  mutating func group(_ name: String, _ isMapped: Bool) -> [Field] {
    guard !isMapped else { return [.map(name, .required, key: .string, value: .string)] }
    let fields = (0..<number()).map { _ in
      let type: ValueType =
        switch byte() {
        case 0: .boolean
        case 1: .int64
        case 2: .double
        default: .string
        }
      let count = number()
      offset += count
      return Field(String(decoding: bytes[offset - count..<offset], as: UTF8.self), .optional, type)
    }
    return fields.isEmpty ? [] : [Field(name, .required, fields)]
  }
}
