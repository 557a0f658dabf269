import ExportCore

/// Events as XML: a root element with an `Event` for each, a line each. What is absent is left out, and a profile
/// without anything in it, too. All values are text, so that nothing differs as strings.
struct XMLEventEncoder: EventRecordEncoder {
  let end = OutputBytes.xmlEnd

  func begin(
    eventName: UnsafeRawBufferPointer, _ columns: borrowing EventColumns, into out: inout OutputBytes
  ) {
    out.append(literal: OutputBytes.xmlBeginning)
  }

  func encode(
    _ event: borrowing EventRecord, _ columns: borrowing EventColumns, into out: inout OutputBytes
  ) {
    out.append(literal: "<Event><ts>")
    out.append(decimal: event.timestamp)
    out.append(literal: "</ts>")
    out.append(element: "eventName", event.name)
    appendProfile(event, to: &out)
    appendDevice(event.device, to: &out)
    out.append(element: "eventProps", entriesOf: event.properties)
    out.append(element: "sessionProps", entriesOf: event.session)
    out.append(element: "controlGroupName", event.controlGroup)
    out.append(literal: "</Event>\n")
  }

  @inline(__always)
  private func appendProfile(_ event: borrowing EventRecord, to out: inout OutputBytes) {
    let start = out.count
    out.open("profile")
    let empty = out.count
    out.append(element: "identity", event.identity)
    out.append(element: "objectId", event.objectId)
    if !event.allIdentities.isAbsent {
      event.allIdentities.withValue { identities in
        identities.forEachElement { out.append(element: "all_identities", identities, at: $0) }
      }
    }
    out.append(element: "platform", event.platform)
    out.append(element: "phone", event.phone)
    out.append(element: "name", event.profileName)
    out.append(element: "email", event.email)
    out.append(element: "push_token", event.pushToken)
    if out.count > empty { out.close("profile") } else { out.removeLast(empty - start) }
  }

  /// The members that have a name of their own in every format are elements, all others entries: a name of the source
  /// need not be one of XML.
  private func appendDevice(_ device: borrowing JSONField, to out: inout OutputBytes) {
    guard !device.isAbsent else { return }
    out.open("deviceInfo")
    device.withValue { object in
      object.forEachName { name in
        if let element = XMLEventEncoder.deviceElements.first(where: { object.isName(name, $0) }) {
          out.append(element: element, object, at: name + 1)
        } else if object.isName(name, "dimensions"), object.tokens[name + 1].kind == .object {
          appendDimensions(object, at: name + 1, to: &out)
        } else {
          out.append(entry: name, of: object)
        }
      }
    }
    out.close("deviceInfo")
  }

  private func appendDimensions(_ device: JSONValue, at index: Int, to out: inout OutputBytes) {
    out.open("dimensions")
    device.forEachName(of: index) { name in
      if let element = XMLEventEncoder.dimensionElements.first(where: { device.isName(name, $0) }) {
        out.append(element: element, device, at: name + 1)
      } else {
        out.append(entry: name, of: device)
      }
    }
    out.close("dimensions")
  }

  private static let deviceElements: [StaticString] = [
    "make", "model", "appVersion", "sdkVersion", "osVersion", "browser", "dpi",
  ]
  private static let dimensionElements: [StaticString] = ["width", "height", "unit"]
}
