import ExportCore
import TimeZones

@testable import Formats

extension FuzzedRow {
  func complaint(ofEventIn bytes: UnsafeRawBufferPointer) -> String? {
    var row = EventRow(ts: 1_792_000_000_000, key: ReadKey(pass: 0, order: 0, sequence: 0))
    (row.properties, row.device, row.session, row.allIdentities) = (range(0), range(1), range(2), range(3))
    (row.name, row.identity, row.objectId, row.controlGroup) = (range(4), range(5), range(5), range(6))
    (row.platform, row.phone, row.profileName) = (range(6), range(6), range(6))
    (row.email, row.pushToken) = (range(6), range(6))

    var record = EventRecord(zone: .utc, identifiers: [.identity], includeObjectId: includeObjectId)
    let expected = ExpectedEvent(self)
    // Rows before it, which leave names behind that the reader then expects.
    var other = row
    (other.properties, other.device, other.session) = (row.device, row.session, row.properties)
    if isWarm { for before in [row, other] { _ = record.load(before, of: bytes) } }
    let rejection = record.load(row, of: bytes)
    guard (rejection == nil) == (expected != nil) else {
      return "rejected: \(rejection?.reason ?? "no"), and should \(expected == nil ? "be" : "not be")"
    }
    return expected.flatMap { complaint(of: &record, $0) }
  }

  private func complaint(of record: inout EventRecord, _ expected: ExpectedEvent) -> String? {
    var columns = EventColumns(number: 0, use: .writing)
    var out = OutputBytes()
    func write(
      _ encoder: some EventRecordEncoder, _ record: borrowing EventRecord, _ columns: borrowing EventColumns
    ) {
      out.removeAll()
      encoder.begin(eventName: record.name, columns, into: &out)
      encoder.encode(record, columns, into: &out)
      out.append(literal: encoder.end)
    }
    write(JSONEventEncoder(asString: asString), record, columns)
    if let complaint = expected.complaint(ofJSON: out.bytes, asString) { return "JSON: \(complaint)" }
    write(XMLEventEncoder(), record, columns)
    if let complaint = expected.complaint(ofXML: out.bytes) { return "XML: \(complaint)" }
    _ = columns.place(record, typed: true)
    guard columns.place(record, typed: true) else { return "a row does not fit in its own columns" }
    record.placeDevice()
    write(CSVEventEncoder(guardFormulas: guardFormulas), record, columns)
    if let complaint = complaint(ofCSV: out.bytes, expected.fields) { return complaint }
    let parquet = ParquetEventEncoder(asString: asString)
    return complaint(ofParquet: expected.columns(asString)) {
      try self.parquet {
        parquet.begin(eventName: record.name, columns, into: &$0)
      } encode: {
        parquet.encode(record, columns, into: &$0)
      }
    }
  }
}

/// What the files should hold of an event; nil when it is to be rejected.
private struct ExpectedEvent {
  let name: DecodedJSON
  /// In the order of JSON, what is absent left out.
  let profile: [DecodedJSON.Member]
  let properties: DecodedJSON?
  let device: DecodedJSON?
  let session: DecodedJSON?
  let controlGroup: DecodedJSON?

  private static let timestamp = "20261014174640"
  private static let milliseconds: Int64 = 1_792_000_000_000

  init?(_ row: FuzzedRow) {
    guard let properties = row.json(0), let device = row.json(1), let session = row.json(2),
      let identities = row.json(3, isArray: true), let name = row.text(4)
    else { return nil }
    (self.properties, self.device, self.session, self.name) = (properties, device, session, name)
    controlGroup = row.text(6)
    profile = DecodedJSON.members([
      ("identity", row.text(5)), ("objectId", row.includeObjectId ? row.text(5) : nil),
      ("all_identities", identities),
      ("platform", row.text(6)), ("phone", row.text(6)), ("name", row.text(6)), ("email", row.text(6)),
      ("push_token", row.text(6)),
    ])
  }

  // MARK: JSON

  func complaint(ofJSON file: UnsafeRawBufferPointer, _ asString: Bool) -> String? {
    let lines = file.split(separator: 0x0A, omittingEmptySubsequences: false)
    guard lines.count == 3, lines[2].isEmpty, DecodedJSON(lines[0]) == name, let found = DecodedJSON(lines[1])
    else {
      return "not the name and a line"
    }
    let wanted = DecodedJSON.object(
      DecodedJSON.members([
        ("profile", profile.isEmpty ? nil : .object(profile)), ("ts", .number(Self.timestamp)),
        ("deviceInfo", device),
        ("eventProps", properties), ("session_props", session), ("controlGroupName", controlGroup),
      ]))
    let read = asString ? found.readingTexts(as: wanted, in: ["eventProps", "session_props"]) : found
    return read == wanted ? nil : "found \(found), wanted \(wanted)"
  }

  // MARK: XML

  func complaint(ofXML file: UnsafeRawBufferPointer) -> String? {
    guard let found = DecodedXML(onlyRecordOf: file) else { return "not a file with one element" }
    var elements = [DecodedXML("ts", Self.timestamp), DecodedXML("eventName", of: name)]
    let members = profile.flatMap { member in
      if case .array(let identities) = member.value {
        identities.filter { $0 != .null }.map { DecodedXML("all_identities", of: $0) }
      } else {
        [DecodedXML(String(decoding: member.name, as: UTF16.self), of: member.value)]
      }
    }
    if !members.isEmpty { elements.append(DecodedXML("profile", members)) }
    if let device { elements.append(DecodedXML("deviceInfo", of(device))) }
    if let properties { elements.append(DecodedXML("eventProps", entriesOf: properties)) }
    if let session { elements.append(DecodedXML("sessionProps", entriesOf: session)) }
    if let controlGroup { elements.append(DecodedXML("controlGroupName", of: controlGroup)) }
    let wanted = DecodedXML("Event", elements)
    return found.readingNested == wanted.readingNested ? nil : "found \(found), wanted \(wanted)"
  }

  private static let device = ["make", "model", "appVersion", "sdkVersion", "osVersion", "browser", "dpi"]
  private static let dimensions = ["width", "height", "unit"]

  private func of(_ device: DecodedJSON, _ names: [String] = ExpectedEvent.device) -> [DecodedXML] {
    device.members.compactMap { member in
      let name = names.first { Array($0.utf16) == member.name }
      if names == ExpectedEvent.device, member.name == Array("dimensions".utf16), case .object = member.value
      {
        return DecodedXML("dimensions", of(member.value, ExpectedEvent.dimensions))
      }
      guard let name else { return DecodedXML(entry: member) }
      return member.value == .null ? nil : DecodedXML(name, of: member.value)
    }
  }

  // MARK: Columns

  private static let profile = [
    "identity", "objectId", "all_identities", "platform", "phone", "name", "email", "push_token",
  ]

  private var size: DecodedJSON? {
    let size = device?["dimensions"]
    if case .object? = size { return size } else { return nil }
  }

  /// Of CSV.
  var fields: [ExpectedField] {
    let profile = DecodedJSON.object(profile)
    return [ExpectedField("ts", .number(Self.timestamp)), ExpectedField("eventName", name)]
      + Self.profile.map { ExpectedField("profile." + $0, profile[$0]) }
      + Self.device.map { ExpectedField("deviceInfo." + $0, device?[$0]) }
      + Self.dimensions.map { ExpectedField("deviceInfo.dimensions." + $0, size?[$0]) }
      + [ExpectedField("controlGroupName", controlGroup)]
      + ExpectedField.group("eventProps.", properties) + ExpectedField.group("sessionProps.", session)
  }

  /// Of Parquet.
  func columns(_ asString: Bool) -> [ExpectedColumn] {
    let profile = DecodedJSON.object(profile)
    return [
      ExpectedColumn(
        ["ts"], .int64, [.init(repetition: 0, definition: 0, .exactly(.int64(Self.milliseconds)))]),
      ExpectedColumn(["eventName"], .string, [.init(repetition: 0, definition: 0, .text(Cell(name)))]),
    ]
      + Self.profile.map {
        $0 == "all_identities"
          ? ExpectedColumn(list: ["profile", $0], profile[$0])
          : ExpectedColumn(["profile", $0], text: profile[$0])
      } + Self.device.map { ExpectedColumn(["deviceInfo", $0], text: device?[$0]) }
      + Self.dimensions.map { ExpectedColumn(["deviceInfo", "dimensions", $0], text: size?[$0]) }
      + ExpectedColumn.group("eventProps", properties, asString)
      + ExpectedColumn.group("sessionProps", session, asString)
      + [ExpectedColumn(["controlGroupName"], text: controlGroup)]
  }
}
