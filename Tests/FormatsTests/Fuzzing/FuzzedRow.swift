import ExportCore
import TimeZones

@testable import Formats

/// An event made of any bytes, written by every encoder of rows and held against what decoders of the tests read: what a
/// fuzzer calls, and the tests with its corpus.
///
/// The first byte says how it is exported. Behind it stand, 0xFF between them, properties, device, session and allIdentities,
/// then the name and an identity; what is empty is absent, and what is not UTF-8 is mended, as a source does it.
struct FuzzedRow {
  private let asString: Bool
  private let includeObjectId: Bool
  private let fields: [[UInt8]]

  init(_ input: some Collection<UInt8>) {
    let flags = input.first ?? 0
    asString = flags & 1 != 0
    includeObjectId = flags & 2 != 0
    fields = input.dropFirst().split(separator: 0xFF, omittingEmptySubsequences: false).map {
      Array(String(decoding: $0, as: UTF8.self).utf8)
    }
  }

  /// What is wrong with what was written; nil when nothing is.
  func complaint() -> String? {
    var bytes: [UInt8] = []
    func put(_ field: [UInt8]?) -> ByteRange {
      guard let field, !field.isEmpty else { return .absent }
      bytes += field
      return ByteRange(offset: UInt32(bytes.count - field.count), count: UInt32(field.count))
    }
    var row = EventRow(ts: 1_792_000_000_000, key: ReadKey(pass: 0, order: 0, sequence: 0))
    row.properties = put(field(0))
    row.device = put(field(1))
    row.session = put(field(2))
    row.allIdentities = put(field(3))
    row.name = put(field(4) ?? Array("E".utf8))
    row.identity = put(field(5))
    row.objectId = put(field(5))
    return bytes.withUnsafeBytes { complaint(row, $0) }
  }

  private func field(_ index: Int) -> [UInt8]? {
    index < fields.count && !fields[index].isEmpty ? fields[index] : nil
  }

  private func complaint(_ row: EventRow, _ bytes: UnsafeRawBufferPointer) -> String? {
    var record = EventRecord(zone: .utc, identifiers: [.identity], includeObjectId: includeObjectId)
    var columns = EventColumns(number: 0, use: .writing)
    var out = OutputBytes()
    let expected = Expected(self)
    let rejection = record.load(row, of: bytes)
    guard (rejection == nil) == (expected != nil) else {
      return "rejected: \(rejection?.reason ?? "no"), and should \(expected == nil ? "be" : "not be")"
    }
    guard let expected else { return nil }

    JSONEventEncoder(asString: asString).encode(record, columns, into: &out)
    if let complaint = expected.complaint(ofJSON: out.bytes, asString) { return "JSON: \(complaint)" }
    out.removeAll()
    XMLEventEncoder().encode(record, columns, into: &out)
    if let complaint = expected.complaint(ofXML: out.bytes) { return "XML: \(complaint)" }
    out.removeAll()
    _ = columns.place(record, typed: true)
    guard columns.place(record, typed: true) else { return "CSV: a row does not fit in its own columns" }
    record.placeDevice()
    let csv = CSVEventEncoder(guardFormulas: false)
    csv.begin(eventName: record.name, columns, into: &out)
    csv.encode(record, columns, into: &out)
    return DecodedCSV.complaint(out.bytes, rows: 2)
  }

  /// What the files should hold of it; nil when the row is to be rejected.
  private struct Expected {
    let name: String
    let identity: String?
    let objectId: String?
    let properties: DecodedJSON?
    let device: DecodedJSON?
    let session: DecodedJSON?
    let identities: [DecodedJSON]?

    init?(_ row: FuzzedRow) {
      func text(_ index: Int) -> String? { row.field(index).map { String(decoding: $0, as: UTF8.self) } }
      var values: [DecodedJSON?] = []
      for index in 0..<4 {
        guard let field = row.field(index) else {
          values.append(nil)
          continue
        }
        guard let value = DecodedJSON(field)?.lastOfEachName else { return nil }
        switch value {
        case .null: values.append(nil)
        case .object where index < 3: values.append(value)
        case .array where index == 3: values.append(value)
        default: return nil
        }
      }
      name = text(4) ?? "E"
      identity = text(5)
      objectId = row.includeObjectId ? identity : nil
      (properties, device, session) = (values[0], values[1], values[2])
      if case .array(let elements)? = values[3] { identities = elements } else { identities = nil }
    }

    // MARK: JSON

    func complaint(ofJSON line: UnsafeRawBufferPointer, _ asString: Bool) -> String? {
      guard line.last == 0x0A, !line.dropLast().contains(0x0A), let found = DecodedJSON(line.dropLast())
      else {
        return "not a line of JSON"
      }
      var members: [DecodedJSON.Member] = []
      var profile: [DecodedJSON.Member] = []
      add("identity", identity.map { .string(Array($0.utf16)) }, to: &profile)
      add("objectId", objectId.map { .string(Array($0.utf16)) }, to: &profile)
      add("all_identities", identities.map { .array($0) }, to: &profile)
      if !profile.isEmpty { add("profile", .object(profile), to: &members) }
      add("ts", .number("20261014174640"), to: &members)
      add("deviceInfo", device, to: &members)
      add("eventProps", properties, to: &members)
      add("session_props", session, to: &members)
      let wanted = DecodedJSON.object(members)
      let read = asString ? found.readingStrings(as: wanted) : found
      return read == wanted ? nil : "found \(found), wanted \(wanted)"
    }

    private func add(_ name: String, _ value: DecodedJSON?, to members: inout [DecodedJSON.Member]) {
      guard let value else { return }
      members.append(DecodedJSON.Member(name: Array(name.utf16), value: value))
    }

    // MARK: XML

    func complaint(ofXML line: UnsafeRawBufferPointer) -> String? {
      guard line.last == 0x0A, let found = DecodedXML(line: line.dropLast()) else { return "not an element" }
      var elements = [DecodedXML("ts", "20261014174640"), DecodedXML("eventName", plain(name))]
      var profile: [DecodedXML] = []
      if let identity { profile.append(DecodedXML("identity", plain(identity))) }
      if let objectId { profile.append(DecodedXML("objectId", plain(objectId))) }
      for identity in identities ?? [] where identity != .null {
        profile.append(leaf("all_identities", identity))
      }
      if !profile.isEmpty { elements.append(DecodedXML("profile", profile)) }
      if let device { elements.append(DecodedXML("deviceInfo", of(device))) }
      if let properties { elements.append(DecodedXML("eventProps", entries(properties))) }
      if let session { elements.append(DecodedXML("sessionProps", entries(session))) }
      let wanted = DecodedXML("Event", elements)
      return found.readingNested == wanted.readingNested ? nil : "found \(found), wanted \(wanted)"
    }

    private func plain(_ text: String) -> String { String(decoding: Array(text.utf16).plain, as: UTF16.self) }

    private func leaf(_ tag: String, _ value: DecodedJSON) -> DecodedXML {
      switch value {
      case .string(let units): DecodedXML(tag, String(decoding: units.plain, as: UTF16.self))
      case .number(let text): DecodedXML(tag, text)
      case .bool(let isTrue): DecodedXML(tag, isTrue ? "true" : "false")
      case .null: DecodedXML(tag)
      case .array, .object: DecodedXML(tag, "\(value.mapStrings(\.plain))")
      }
    }

    private func entry(_ member: DecodedJSON.Member) -> DecodedXML {
      let key = leaf("key", .string(member.name))
      return DecodedXML("entry", member.value == .null ? [key] : [key, leaf("value", member.value)])
    }

    private func entries(_ object: DecodedJSON) -> [DecodedXML] {
      guard case .object(let members) = object else { return [] }
      return members.map(entry)
    }

    private static let device = ["make", "model", "appVersion", "sdkVersion", "osVersion", "browser", "dpi"]
    private static let dimensions = ["width", "height", "unit"]

    private func of(_ device: DecodedJSON, _ names: [String] = Expected.device) -> [DecodedXML] {
      guard case .object(let members) = device else { return [] }
      return members.compactMap { member in
        let name = names.first { Array($0.utf16) == member.name }
        if names == Expected.device, member.name == Array("dimensions".utf16), case .object = member.value {
          return DecodedXML("dimensions", of(member.value, Expected.dimensions))
        }
        guard let name else { return entry(member) }
        return member.value == .null ? nil : leaf(name, member.value)
      }
    }
  }
}

extension DecodedJSON {
  /// With `asString`: itself, its properties read back from their texts as far as the wanted ones are no strings.
  fileprivate func readingStrings(as wanted: DecodedJSON) -> DecodedJSON {
    guard case .object(let members) = self, case .object(let wantedMembers) = wanted,
      members.count == wantedMembers.count
    else { return self }
    return .object(
      zip(members, wantedMembers).map { member, wanted in
        let isGroup = ["eventProps", "session_props"].contains { member.name == Array($0.utf16) }
        return isGroup
          ? Member(name: member.name, value: member.value.readingTexts(as: wanted.value)) : member
      })
  }

  private func readingTexts(as wanted: DecodedJSON) -> DecodedJSON {
    guard case .object(let members) = self, case .object(let wantedMembers) = wanted,
      members.count == wantedMembers.count
    else { return self }
    return .object(
      zip(members, wantedMembers).map { member, wanted in
        guard case .string(let units) = member.value else { return member }
        if case .string = wanted.value { return member }
        let text = String(decoding: units, as: UTF16.self)
        return Member(name: member.name, value: DecodedJSON(text.utf8) ?? member.value)
      })
  }
}

extension DecodedXML {
  /// Itself with texts that are arrays or objects in a form that no longer depends on how they are written.
  fileprivate var readingNested: DecodedXML {
    var read = self
    read.elements = elements.map(\.readingNested)
    if let first = text.utf8.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
      let value = DecodedJSON(text.utf8)
    {
      read.text = "\(value.mapStrings(\.plain))"
    }
    return read
  }
}

/// CSV as RFC 4180 has it, with ends of lines that are LF alone.
enum DecodedCSV {
  /// What is wrong with a text that should be so many rows of one length; nil when nothing is.
  static func complaint(_ bytes: UnsafeRawBufferPointer, rows: Int) -> String? {
    guard String(validating: bytes, as: UTF8.self) != nil else { return "CSV: not UTF-8" }
    var counts = [1]
    var at = 0
    while at < bytes.count {
      let isQuoted = bytes[at] == UInt8(ascii: "\"")
      if isQuoted {
        at += 1
        while true {
          guard at < bytes.count else { return "CSV: quotes that do not end" }
          at += 1
          guard bytes[at - 1] == UInt8(ascii: "\"") else { continue }
          guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { break }
          at += 1
        }
      } else {
        while at < bytes.count, ![0x22, 0x0D, 0x0A, UInt8(ascii: ",")].contains(bytes[at]) { at += 1 }
      }
      guard at < bytes.count else { return "CSV: the last line does not end" }
      switch bytes[at] {
      case UInt8(ascii: ","): counts[counts.count - 1] += 1
      case 0x0A: counts.append(1)
      default: return "CSV: a field ends with byte \(bytes[at])"
      }
      at += 1
    }
    counts.removeLast()
    return counts.count == rows && Set(counts).count == 1 ? nil : "CSV: rows of \(counts) fields"
  }
}
