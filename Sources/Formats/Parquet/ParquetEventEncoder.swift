import ExportCore

/// Events as rows of Parquet files (``ParquetLayout``): a structure of typed columns for the properties, or with
/// `asString` a map.
struct ParquetEventEncoder: EventRecordEncoder {
  /// Whether properties are a map of strings.
  let asString: Bool

  let end: StaticString = ""
  let placesDevice = true

  func begin(
    eventName: UnsafeRawBufferPointer, _ columns: borrowing EventColumns, into out: inout OutputBytes
  ) {
    out.append(.events, isMapped: asString)
    guard !asString else { return }
    out.append(layoutOf: columns.properties)
    out.append(layoutOf: columns.session)
  }

  func encode(
    _ event: borrowing EventRecord, _ columns: borrowing EventColumns, into out: inout OutputBytes
  ) {
    typealias Column = ParquetLayout.Event
    out.append(column: Column.ts)
    out.append(number: event.milliseconds)
    out.append(event.name, column: Column.eventName)
    out.append(event.identity, column: Column.identity)
    out.append(event.objectId, column: Column.objectId)
    out.append(elementsOf: event.allIdentities, column: Column.allIdentities)
    out.append(event.platform, column: Column.platform)
    out.append(event.phone, column: Column.phone)
    out.append(event.profileName, column: Column.name)
    out.append(event.email, column: Column.email)
    out.append(event.pushToken, column: Column.pushToken)
    append(event.deviceInfo, of: event.device, to: &out)
    let last: Int
    if asString {
      out.append(entriesOf: event.properties, key: Column.properties)
      out.append(entriesOf: event.session, key: Column.properties + 2)
      last = Column.properties + 4
    } else {
      let session = Column.properties + columns.properties.count
      out.append(event.properties, in: columns.properties, first: Column.properties)
      out.append(event.session, in: columns.session, first: session)
      last = session + columns.session.count
    }
    out.append(event.controlGroup, column: last)
    out.appendRowEnd()
  }

  @inline(__always)
  private func append(
    _ info: borrowing DeviceInfo, of device: borrowing JSONField, to out: inout OutputBytes
  ) {
    guard !device.isAbsent else { return }
    device.withValue { value in
      for field in 0..<DeviceInfo.fieldCount where info.cell(field) != 0 {
        out.append(value, at: info.cell(field), .string, column: ParquetLayout.Event.device + field)
      }
    }
  }
}
