import ExportCore

/// Events as JSON: the first line of a file is the event's name as a JSON string, each further one an object
/// whose keys stand in a fixed order. What is absent is left out, and a profile without anything in it, too.
struct JSONEventEncoder: RecordEncoder {
  /// Whether the values of properties are written as strings.
  let asString: Bool

  let end: StaticString = ""

  func begin(eventName: UnsafeRawBufferPointer, into out: inout OutputBytes) {
    out.append(jsonString: eventName)
    out.append(UInt8(ascii: "\n"))
  }

  func encode(_ event: borrowing EventRecord, into out: inout OutputBytes) {
    appendProfile(event, to: &out)
    out.append("\"ts\":")
    out.append(decimal: event.timestamp)
    append("deviceInfo", event.device, asString: false, to: &out)
    append("eventProps", event.properties, asString: asString, to: &out)
    append("session_props", event.session, asString: asString, to: &out)
    if let group = event.controlGroup {
      out.append(",\"controlGroupName\":")
      out.append(jsonString: group)
    }
    out.append("}\n")
  }

  /// The opening brace of the record and its profile, ready for the next key.
  @inline(__always)
  private func appendProfile(_ event: borrowing EventRecord, to out: inout OutputBytes) {
    out.append(UInt8(ascii: "{"))
    let start = out.count
    out.append("\"profile\":{")
    let empty = out.count
    append("\"identity\":", event.identity, to: &out)
    append("\"objectId\":", event.objectId, to: &out)
    if !event.allIdentities.isAbsent {
      out.append("\"all_identities\":")
      event.allIdentities.withValue { out.append($0) }
      out.append(UInt8(ascii: ","))
    }
    append("\"platform\":", event.platform, to: &out)
    append("\"phone\":", event.phone, to: &out)
    append("\"name\":", event.profileName, to: &out)
    append("\"email\":", event.email, to: &out)
    append("\"push_token\":", event.pushToken, to: &out)
    if out.count > empty {
      out.replaceLast(with: UInt8(ascii: "}"))
      out.append(UInt8(ascii: ","))
    } else {
      out.removeLast(empty - start)
    }
  }

  @inline(__always)
  private func append(_ key: StaticString, _ text: UnsafeRawBufferPointer?, to out: inout OutputBytes) {
    guard let text else { return }
    out.append(key)
    out.append(jsonString: text)
    out.append(UInt8(ascii: ","))
  }

  @inline(__always)
  private func append(
    _ key: StaticString, _ field: borrowing JSONField, asString: Bool, to out: inout OutputBytes
  ) {
    guard !field.isAbsent else { return }
    out.append(",\"")
    out.append(key)
    out.append("\":")
    field.withValue { value in
      if asString { out.append(asStrings: value) } else { out.append(value) }
    }
  }
}
