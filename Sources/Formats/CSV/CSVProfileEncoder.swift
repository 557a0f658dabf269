import ExportCore

/// Profiles as CSV (RFC 4180), with a header and lines that end in LF: first the columns that every profile has, then one
/// for each member of the device, each communication preference, and each property.
struct CSVProfileEncoder: ProfileRecordEncoder {
  private let fields: CSVFields

  let end: StaticString = ""

  /// - Parameter guardFormulas: whether a text that a spreadsheet would take for a formula gets a `'` in front.
  init(guardFormulas: Bool) { fields = CSVFields(guardFormulas: guardFormulas) }

  func begin(_ columns: borrowing ProfileColumns, into out: inout OutputBytes) {
    out.append(literal: "identity,all_identities,objectId,deleted,")
    fields.append(namesOf: columns.device, in: "device.", to: &out)
    fields.append(namesOf: columns.communication, in: "commPrefs.", to: &out)
    fields.append(namesOf: columns.properties, in: "profileProps.", to: &out)
    out.replaceLast(with: UInt8(ascii: "\n"))
  }

  func encode(
    _ profile: borrowing ProfileRecord, _ columns: borrowing ProfileColumns, into out: inout OutputBytes
  ) {
    fields.append(profile.identity, to: &out)
    fields.append(profile.allIdentities, to: &out)
    fields.append(profile.objectId, to: &out)
    fields.append(literal: profile.isDeleted ? "true" : "", to: &out)
    fields.append(profile.device, in: columns.device, to: &out)
    fields.append(profile.communication, in: columns.communication, to: &out)
    fields.append(profile.properties, in: columns.properties, to: &out)
    out.replaceLast(with: UInt8(ascii: "\n"))
  }
}
