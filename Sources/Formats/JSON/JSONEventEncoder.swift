import ExportCore

/// Events as JSON: the first line of a file is the event's name as a JSON string, each further one an object
/// whose keys stand in a fixed order. What is absent is left out, and a profile without anything in it, too.
struct JSONEventEncoder: EventRecordEncoder {
  /// Whether the values of properties are written as strings.
  let asString: Bool

  let end: StaticString = ""

  func begin(
    eventName: UnsafeRawBufferPointer, _ columns: borrowing EventColumns, into out: inout OutputBytes
  ) {
    out.append(jsonString: eventName)
    out.append(UInt8(ascii: "\n"))
  }

  func encode(
    _ event: borrowing EventRecord, _ columns: borrowing EventColumns, into out: inout OutputBytes
  ) {
    appendProfile(event, to: &out)
    out.append(literal: "\"ts\":")
    out.append(decimal: event.timestamp)
    append("deviceInfo", event.device, asString: false, to: &out)
    append("eventProps", event.properties, asString: asString, to: &out)
    append("session_props", event.session, asString: asString, to: &out)
    if let group = event.controlGroup {
      out.append(literal: ",\"controlGroupName\":")
      out.append(jsonString: group)
    }
    out.append(literal: "}\n")
  }

  /// The opening brace of the record and its profile, ready for the next key.
  @inline(__always)
  private func appendProfile(_ event: borrowing EventRecord, to out: inout OutputBytes) {
    out.append(UInt8(ascii: "{"))
    let start = out.count
    out.append(literal: "\"profile\":{")
    let empty = out.count
    out.append(key: "\"identity\":", event.identity)
    out.append(key: "\"objectId\":", event.objectId)
    out.append(key: "\"all_identities\":", event.allIdentities)
    out.append(key: "\"platform\":", event.platform)
    out.append(key: "\"phone\":", event.phone)
    out.append(key: "\"name\":", event.profileName)
    out.append(key: "\"email\":", event.email)
    out.append(key: "\"push_token\":", event.pushToken)
    if out.count > empty {
      out.replaceLast(with: UInt8(ascii: "}"))
      out.append(UInt8(ascii: ","))
    } else {
      out.removeLast(empty - start)
    }
  }

  @inline(__always)
  private func append(
    _ key: StaticString, _ field: borrowing JSONField, asString: Bool, to out: inout OutputBytes
  ) {
    guard !field.isAbsent else { return }
    out.append(literal: ",\"")
    out.append(literal: key)
    out.append(literal: "\":")
    field.withValue { value in
      if asString { out.append(asStrings: value) } else { out.append(value) }
    }
  }
}
