import ExportCore

@testable import Formats

extension FuzzedRow {
  func complaint(ofProfileIn bytes: UnsafeRawBufferPointer) -> String? {
    var row = ProfileRow(key: ReadKey(pass: 0, order: 0, sequence: 0))
    row.isDeleted = isDeleted
    (row.properties, row.device, row.communication, row.allIdentities) = (
      range(0), range(1), range(2), range(3)
    )
    (row.objectId, row.identity) = (range(4), range(5))

    var record = ProfileRecord(identifiers: [.identity], includeObjectId: includeObjectId)
    let expected = ExpectedProfile(self)
    // Rows before it, which leave names behind that the reader then expects.
    var other = row
    (other.properties, other.device, other.communication) = (row.device, row.communication, row.properties)
    if isWarm { for before in [row, other] { _ = record.load(before, of: bytes) } }
    let rejection = record.load(row, of: bytes)
    guard (rejection == nil) == (expected != nil) else {
      return "rejected: \(rejection?.reason ?? "no"), and should \(expected == nil ? "be" : "not be")"
    }
    return expected.flatMap { complaint(of: record, $0) }
  }

  private func complaint(of record: borrowing ProfileRecord, _ expected: ExpectedProfile) -> String? {
    var columns = ProfileColumns()
    var out = OutputBytes()
    func write(
      _ encoder: some ProfileRecordEncoder, _ record: borrowing ProfileRecord,
      _ columns: borrowing ProfileColumns
    ) {
      out.removeAll()
      encoder.begin(columns, into: &out)
      encoder.encode(record, columns, into: &out)
      out.append(literal: encoder.end)
    }
    write(JSONProfileEncoder(asString: asString), record, columns)
    if let complaint = expected.complaint(ofJSON: out.bytes, asString) { return "JSON: \(complaint)" }
    write(XMLProfileEncoder(), record, columns)
    if let complaint = expected.complaint(ofXML: out.bytes) { return "XML: \(complaint)" }
    _ = columns.place(record, typed: true)
    guard columns.place(record, typed: true) else { return "a row does not fit in its own columns" }
    write(CSVProfileEncoder(guardFormulas: guardFormulas), record, columns)
    if let complaint = complaint(ofCSV: out.bytes, expected.fields) { return complaint }
    let parquet = ParquetProfileEncoder(asString: asString)
    let encoded = encoded(parquet, record, columns)
    return complaint(ofParquet: expected.columns(asString)) {
      try self.parquet {
        for byte in encoded.beginning { $0.append(byte) }
      } encode: {
        for byte in encoded.row { $0.append(byte) }
      }
    }
  }

  /// A copy, because a borrowed record cannot be captured.
  private func encoded(
    _ parquet: ParquetProfileEncoder, _ record: borrowing ProfileRecord, _ columns: borrowing ProfileColumns
  ) -> (beginning: [UInt8], row: [UInt8]) {
    var beginning = OutputBytes()
    var row = OutputBytes()
    parquet.begin(columns, into: &beginning)
    parquet.encode(record, columns, into: &row)
    return (Array(beginning.bytes), Array(row.bytes))
  }
}

/// What the files should hold of a profile; nil when it is to be rejected.
private struct ExpectedProfile {
  let isDeleted: Bool
  let identity: DecodedJSON?
  let identities: DecodedJSON?
  let objectId: DecodedJSON?
  var device: DecodedJSON?
  var communication: DecodedJSON?
  var properties: DecodedJSON?

  init?(_ row: FuzzedRow) {
    isDeleted = row.isDeleted
    identity = row.text(5)
    objectId = row.includeObjectId || isDeleted ? row.text(4) : nil
    guard !isDeleted else {
      identities = nil
      return
    }
    guard let properties = row.json(0), let device = row.json(1), let communication = row.json(2),
      let identities = row.json(3, isArray: true)
    else { return nil }
    (self.properties, self.device, self.communication) = (properties, device, communication)
    self.identities = identities
  }

  // MARK: JSON

  func complaint(ofJSON file: UnsafeRawBufferPointer, _ asString: Bool) -> String? {
    guard file.last == 0x0A, !file.dropLast().contains(0x0A), let found = DecodedJSON(file.dropLast()) else {
      return "not a line of JSON"
    }
    let before = DecodedJSON.members([
      ("identity", identity), ("all_identities", identities), ("objectId", objectId), ("device", device),
    ])
    let preferences = communication?.members ?? []
    let taken = Set(preferences.map(\.name))
    let wanted =
      before + flat(preferences, "commPrefs.", beside: [])
      + [.init(name: [], value: .object(flat(properties?.members ?? [], "profileProps.", beside: taken)))]
      + DecodedJSON.members([("deleted", isDeleted ? .bool(true) : nil)])
    // The properties as an object of their own, to be read back from texts.
    let start = before.count + preferences.count
    let count = properties?.members.count ?? 0
    guard found.members.count == wanted.count - 1 + count else { return "found \(found), wanted \(wanted)" }
    let inside = DecodedJSON.object(Array(found.members[start..<start + count]))
    var members = found.members
    members.replaceSubrange(start..<start + count, with: [.init(name: [], value: inside)])
    let read = DecodedJSON.object(members)
    let whole = DecodedJSON.object(wanted)
    return (asString ? read.readingTexts(as: whole, in: [""]) : read) == whole
      ? nil : "found \(found), wanted \(wanted)"
  }

  private static let keys = ["identity", "all_identities", "objectId", "device", "deleted"].map {
    Array($0.utf16)
  }

  /// Members under names that meet none of the others.
  private func flat(
    _ members: [DecodedJSON.Member], _ group: String, beside taken: Set<[UInt16]>
  ) -> [DecodedJSON.Member] {
    members.map { member in
      let meets =
        Self.keys.contains(member.name) || taken.contains(member.name)
        || ["commPrefs.", "profileProps."].contains { member.name.starts(with: $0.utf16) }
      return meets ? .init(name: Array(group.utf16) + member.name, value: member.value) : member
    }
  }

  // MARK: XML

  func complaint(ofXML file: UnsafeRawBufferPointer) -> String? {
    guard let found = DecodedXML(onlyRecordOf: file) else { return "not a file with one element" }
    var elements: [DecodedXML] = []
    if let identity { elements.append(DecodedXML("identity", of: identity)) }
    var entries: [DecodedJSON.Member] = []
    if case .array(let all)? = identities {
      entries = all.map { .init(name: Array("all_identities".utf16), value: $0) }
    }
    if let objectId { entries.append(.init(name: Array("objectId".utf16), value: objectId)) }
    if identities != nil || objectId != nil {
      elements.append(DecodedXML("profileIdentities", entriesOf: .object(entries)))
    }
    for (tag, group) in [("device", device), ("commPrefs", communication), ("profileProps", properties)] {
      if let group { elements.append(DecodedXML(tag, entriesOf: group)) }
    }
    if isDeleted { elements.append(DecodedXML("deleted", "true")) }
    let wanted = DecodedXML("Profile", elements)
    return found.readingNested == wanted.readingNested ? nil : "found \(found), wanted \(wanted)"
  }

  // MARK: Columns

  /// Of CSV.
  var fields: [ExpectedField] {
    [
      ExpectedField("identity", identity), ExpectedField("all_identities", identities),
      ExpectedField("objectId", objectId), ExpectedField("deleted", isDeleted ? .bool(true) : nil),
    ] + ExpectedField.group("device.", device) + ExpectedField.group("commPrefs.", communication)
      + ExpectedField.group("profileProps.", properties)
  }

  /// Of Parquet.
  func columns(_ asString: Bool) -> [ExpectedColumn] {
    [
      ExpectedColumn(["identity"], text: identity), ExpectedColumn(list: ["all_identities"], identities),
      ExpectedColumn(["objectId"], text: objectId),
      ExpectedColumn(
        ["deleted"], .boolean,
        [.init(repetition: 0, definition: isDeleted ? 1 : 0, isDeleted ? .exactly(.bool(true)) : nil)]),
    ] + ExpectedColumn.group("device", device, asString)
      + ExpectedColumn.group("commPrefs", communication, asString)
      + ExpectedColumn.group("profileProps", properties, asString)
  }
}
