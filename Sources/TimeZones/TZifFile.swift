/// What a TZif file says (RFC 9636), checked but not yet interpreted: its 64-bit data block and footer.
struct TZifFile {
  /// Epoch seconds at which a local time type begins, in rising order, and which of `types` it is.
  private(set) var transitions: [(at: Int64, type: Int)] = []
  /// Never empty. The first holds before the first transition.
  private(set) var types: [LocalTimeType] = []
  /// What holds after the last transition; nil when the last type simply goes on.
  private(set) var footer: PosixRule?

  /// RFC 9636 section 3.2 advises writers never to go below; no clock gets there in either direction.
  static let earliestTransition: Int64 = -(1 << 59)
  static let latestTransition: Int64 = 1 << 59

  /// Reads version 2 and later. Version 1 is refused: its 32 bits end in January 2038, and it has no footer.
  init(_ bytes: [UInt8]) throws(ZoneError.Problem) {
    var reader = TZifReader(bytes)
    let old = try reader.header()
    guard old.version >= UInt8(ascii: "2") else {
      throw .unsupported(
        reason: "it is of TZif version 1, which ends in 2038; install the system's current tzdata")
    }
    try reader.skip(old.dataLength(timeSize: 4))
    let header = try reader.header()
    guard header.leapCount == 0 else {
      throw .unsupported(
        reason: "it counts leap seconds, which POSIX time does not; use the zone without \"right/\"")
    }
    guard header.typeCount > 0, header.designationLength > 0 else {
      throw .damaged(reason: "no local time types")
    }
    guard header.dataLength(timeSize: 8) <= reader.remaining else { throw .damaged(reason: "cut short") }

    var times: [Int64] = []
    times.reserveCapacity(header.transitionCount)
    for _ in 0..<header.transitionCount { times.append(try reader.integer(Int64.self)) }
    for time in times {
      let type = Int(try reader.integer(UInt8.self))
      guard type < header.typeCount else {
        throw .damaged(reason: "a transition to a type that is not there")
      }
      guard time > transitions.last?.at ?? .min else { throw .damaged(reason: "transitions out of order") }
      guard (TZifFile.earliestTransition...TZifFile.latestTransition).contains(time) else {
        throw .damaged(reason: "a transition outside the years of a calendar")
      }
      transitions.append((time, type))
    }
    try readTypes(header, &reader)
    try reader.skip(header.standardCount + header.universalCount)
    footer = try reader.footer()
    if let footer, let last = transitions.last, footer.type(at: last.at).offset != types[last.type].offset {
      throw .damaged(reason: "its footer contradicts its last transition")
    }
  }

  private mutating func readTypes(_ header: TZifHeader, _ reader: inout TZifReader) throws(ZoneError.Problem)
  {
    var records: [(offset: Int, designation: Int)] = []
    for _ in 0..<header.typeCount {
      let offset = Int(try reader.integer(Int32.self))
      let isDaylight = try reader.integer(UInt8.self)
      let designation = Int(try reader.integer(UInt8.self))
      guard LocalTimeType.offsets.contains(offset), isDaylight <= 1,
        designation < header.designationLength
      else { throw .damaged(reason: "a local time type that cannot be") }
      records.append((offset, designation))
    }
    let designations = try reader.take(header.designationLength)
    for record in records {
      let rest = designations.dropFirst(record.designation)
      let text = rest.prefix { (UInt8(ascii: "!")...UInt8(ascii: "~")).contains($0) }
      guard !text.isEmpty, text.count < rest.count, rest[text.endIndex] == 0 else {
        throw .damaged(reason: "an abbreviation that is no text")
      }
      types.append(LocalTimeType(offset: record.offset, abbreviation: String(decoding: text, as: UTF8.self)))
    }
  }
}

/// A local time type (RFC 9636): what clocks show, and what that time is called.
struct LocalTimeType: Hashable {
  /// Seconds east of UTC.
  let offset: Int
  let abbreviation: String

  /// RFC 9636 section 3.2: more than -25 hours, less than 26 hours.
  static let offsets = -89999...93599
}

/// The counts at the head of a data block (RFC 9636, section 3.1).
private struct TZifHeader {
  let version: UInt8
  let universalCount: Int
  let standardCount: Int
  let leapCount: Int
  let transitionCount: Int
  let typeCount: Int
  let designationLength: Int

  /// Bytes of the data block behind the header.
  func dataLength(timeSize: Int) -> Int {
    transitionCount * (timeSize + 1) + typeCount * 6 + designationLength + leapCount * (timeSize + 4)
      + standardCount + universalCount
  }
}

/// Takes big-endian fields from the front of the bytes, never past their end.
private struct TZifReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var remaining: Int { bytes.count - position }

  mutating func take(_ count: Int) throws(ZoneError.Problem) -> ArraySlice<UInt8> {
    guard count <= remaining else { throw .damaged(reason: "cut short") }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func skip(_ count: Int) throws(ZoneError.Problem) { _ = try take(count) }

  mutating func integer<Integer: FixedWidthInteger>(_: Integer.Type) throws(ZoneError.Problem) -> Integer {
    try take(MemoryLayout<Integer>.size).reduce(0) { $0 << 8 | Integer(truncatingIfNeeded: $1) }
  }

  private mutating func count() throws(ZoneError.Problem) -> Int { Int(try integer(UInt32.self)) }

  mutating func header() throws(ZoneError.Problem) -> TZifHeader {
    guard Array(try take(4)) == Array("TZif".utf8) else { throw .damaged(reason: "does not begin with TZif") }
    let version = try integer(UInt8.self)
    try skip(15)
    return TZifHeader(
      version: version, universalCount: try count(), standardCount: try count(), leapCount: try count(),
      transitionCount: try count(), typeCount: try count(), designationLength: try count())
  }

  /// The POSIX TZ string between two line feeds; nil when it is empty.
  mutating func footer() throws(ZoneError.Problem) -> PosixRule? {
    let newline = UInt8(ascii: "\n")
    guard remaining > 0, try integer(UInt8.self) == newline,
      let end = bytes[position...].firstIndex(of: newline)
    else { throw .damaged(reason: "its footer is cut short") }
    let text = bytes[position..<end]
    guard !text.isEmpty else { return nil }
    guard let rule = PosixRule(text) else {
      throw .damaged(
        reason: "its footer is no POSIX TZ string: \(String(decoding: text.prefix(80), as: UTF8.self))")
    }
    return rule
  }
}
