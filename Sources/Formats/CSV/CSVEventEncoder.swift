import ExportCore

/// Events as CSV (RFC 4180), with a header and lines that end in LF: first the columns that every event has, whether
/// they hold anything or not, then one for each property, then one for each property of the session.
struct CSVEventEncoder: EventRecordEncoder {
  private let fields: CSVFields

  let end: StaticString = ""

  /// - Parameter guardFormulas: whether a text that a spreadsheet would take for a formula gets a `'` in front.
  init(guardFormulas: Bool) { fields = CSVFields(guardFormulas: guardFormulas) }

  func begin(
    eventName: UnsafeRawBufferPointer, _ columns: borrowing EventColumns, into out: inout OutputBytes
  ) {
    out.append(literal: "ts,eventName,profile.identity,profile.objectId,profile.all_identities,")
    out.append(literal: "profile.platform,profile.phone,profile.name,profile.email,profile.push_token,")
    for field in DeviceField.allCases {
      out.append(literal: "deviceInfo.")
      fields.append(literal: field.column, to: &out)
    }
    out.append(literal: "controlGroupName,")
    fields.append(namesOf: columns.properties, in: "eventProps.", to: &out)
    fields.append(namesOf: columns.session, in: "sessionProps.", to: &out)
    out.replaceLast(with: UInt8(ascii: "\n"))
  }

  func encode(
    _ event: borrowing EventRecord, _ columns: borrowing EventColumns, into out: inout OutputBytes
  ) {
    out.append(decimal: event.timestamp)
    out.append(UInt8(ascii: ","))
    fields.append(event.name, to: &out)
    fields.append(event.identity, to: &out)
    fields.append(event.objectId, to: &out)
    fields.append(event.allIdentities, to: &out)
    fields.append(event.platform, to: &out)
    fields.append(event.phone, to: &out)
    fields.append(event.profileName, to: &out)
    fields.append(event.email, to: &out)
    fields.append(event.pushToken, to: &out)
    append(event.deviceInfo, of: event.device, to: &out)
    fields.append(event.controlGroup, to: &out)
    fields.append(event.properties, in: columns.properties, to: &out)
    fields.append(event.session, in: columns.session, to: &out)
    out.replaceLast(with: UInt8(ascii: "\n"))
  }

  @inline(__always)
  private func append(
    _ info: borrowing DeviceInfo, of device: borrowing JSONField, to out: inout OutputBytes
  ) {
    guard !device.isAbsent else { return out.append(UInt8(ascii: ","), times: DeviceInfo.fieldCount) }
    device.withValue { value in
      for field in 0..<DeviceInfo.fieldCount {
        let cell = info.cell(field)
        if cell == 0 { out.append(UInt8(ascii: ",")) } else { fields.append(value, at: cell, to: &out) }
      }
    }
  }
}
