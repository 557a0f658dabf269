import ExportCore

/// Profiles as JSON: one flat object a line, what is absent left out. The record's own keys come first, in a fixed
/// order, then the communication preferences and the properties, in the order in which they were written. A file
/// has nothing but records.
struct JSONProfileEncoder: ProfileRecordEncoder {
  /// Whether the values of properties are written as strings.
  let asString: Bool

  let end: StaticString = ""

  func begin(_ columns: borrowing ProfileColumns, into out: inout OutputBytes) {}

  func encode(
    _ profile: borrowing ProfileRecord, _ columns: borrowing ProfileColumns, into out: inout OutputBytes
  ) {
    out.append(UInt8(ascii: "{"))
    let empty = out.count
    out.append(key: "\"identity\":", profile.identity)
    out.append(key: "\"all_identities\":", profile.allIdentities)
    out.append(key: "\"objectId\":", profile.objectId)
    out.append(key: "\"device\":", profile.device)
    append(
      profile.communication, profile.flatNames.communication, in: FlatNames.communicationGroup,
      asString: false, to: &out)
    append(
      profile.properties, profile.flatNames.properties, in: FlatNames.propertiesGroup, asString: asString,
      to: &out)
    if profile.isDeleted { out.append(literal: "\"deleted\":true,") }
    if out.count > empty { out.removeLast(1) }
    out.append(literal: "}\n")
  }

  /// The members of an object, a comma behind each.
  /// - Parameter grouped: indices of the names, ascending, that get the name of their group in front.
  private func append(
    _ field: borrowing JSONField, _ grouped: [UInt32], in group: StaticString, asString: Bool,
    to out: inout OutputBytes
  ) {
    guard !field.isAbsent else { return }
    field.withValue { object in
      if grouped.isEmpty, !asString {
        let inside = object.range(of: 0).dropFirst().dropLast()
        guard !inside.isEmpty else { return }
        out.append(object.bytes(inside))
        return out.append(UInt8(ascii: ","))
      }
      var next = 0
      object.forEachName { name in
        out.append(UInt8(ascii: "\""))
        if next < grouped.count, grouped[next] == UInt32(name) {
          out.append(literal: group)
          next += 1
        }
        out.append(object.bytes(object.range(of: name).dropFirst()))
        out.append(UInt8(ascii: ":"))
        if asString {
          out.append(asString: object, at: name + 1)
        } else {
          out.append(object, at: name + 1)
        }
        out.append(UInt8(ascii: ","))
      }
    }
  }
}
