import ExportCore

/// Elements of the XML that both events and profiles are written in.
extension OutputBytes {
  /// What every file begins with.
  static let xmlBeginning: StaticString = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><root>\n"
  /// What every file ends with.
  static let xmlEnd: StaticString = "</root>\n"

  @inline(__always)
  mutating func open(_ name: StaticString) {
    append(UInt8(ascii: "<"))
    append(literal: name)
    append(UInt8(ascii: ">"))
  }

  @inline(__always)
  mutating func close(_ name: StaticString) {
    append(literal: "</")
    append(literal: name)
    append(UInt8(ascii: ">"))
  }

  /// An element with a text, when there is one.
  @inline(__always)
  mutating func append(element name: StaticString, _ text: UnsafeRawBufferPointer?) {
    guard let text else { return }
    open(name)
    append(xmlText: text)
    close(name)
  }

  /// An element with a value; none for a null.
  @inline(__always)
  mutating func append(element name: StaticString, _ value: JSONValue, at index: Int) {
    guard value.tokens[index].kind != .null else { return }
    open(name)
    append(xmlValue: value, at: index)
    close(name)
  }

  /// A member of an object: its name, and its value unless that is null, so that a null and an empty text differ.
  /// - Parameter name: index of the name's token, behind which the value's follows.
  @inline(__always)
  mutating func append(entry name: Int, of object: JSONValue) {
    append(literal: "<entry><key>")
    append(xmlValue: object, at: name)
    append(literal: "</key>")
    append(element: "value", object, at: name + 1)
    append(literal: "</entry>")
  }

  /// An element with an entry for each member of an object, when there is an object.
  @inline(__always)
  mutating func append(element name: StaticString, entriesOf field: borrowing JSONField) {
    guard !field.isAbsent else { return }
    open(name)
    field.withValue { object in object.forEachName { append(entry: $0, of: object) } }
    close(name)
  }

  /// A string as its text, a number or boolean as the source wrote it, an array or object as its compact JSON text.
  @inline(__always)
  mutating func append(xmlValue value: JSONValue, at index: Int) {
    let token = value.tokens[index]
    switch token.kind {
    case .string where token.hasEscapes:
      append(xmlUnescaping: value.bytes(Int(token.start)..<Int(token.end)))
    case .string: append(xmlText: value.bytes(Int(token.start)..<Int(token.end)))
    case .number, .true, .false, .null: append(value.bytes(value.range(of: index)))
    case .array, .object: append(xmlText: value.bytes(value.range(of: index)))
    }
  }
}
