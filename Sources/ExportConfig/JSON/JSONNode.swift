import ExportCore

/// A value of a JSON text, with all that is in it and the place where it stands.
package struct JSONNode: Sendable {
  package indirect enum Value: Sendable {
    /// In the order of the text.
    case object([Member])
    case array([JSONNode])
    case string(String)
    /// As written.
    case number(String)
    case bool(Bool)
    case null
  }

  package struct Member: Sendable {
    package let name: String
    /// Offset of the name's opening quote.
    package let nameOffset: Int
    package let node: JSONNode
  }

  package let value: Value
  /// Of its first byte, from the beginning of the text.
  package let offset: Int

  /// The member of that name, the first if the text repeats it; nil where there is none or this is no object.
  package subscript(name: String) -> JSONNode? {
    guard case .object(let members) = value else { return nil }
    return members.first { $0.name == name }?.node
  }
}

extension JSONNode {
  /// - Parameters:
  ///   - tokens: as read from `text`, which is valid UTF-8.
  ///   - index: of the token to make a node of.
  init(_ tokens: [JSONToken], _ index: Int, _ text: UnsafeRawBufferPointer) {
    let token = tokens[index]
    // A string's token begins behind its quote.
    offset = Int(token.start) - (token.kind == .string ? 1 : 0)
    switch token.kind {
    case .true: value = .bool(true)
    case .false: value = .bool(false)
    case .null: value = .null
    case .number:
      let written = text[Int(token.start)..<Int(token.end)]
      value = .number(String(decoding: written, as: UTF8.self))
    case .string:
      value = .string(Self.string(token, text))
    case .array:
      var elements: [JSONNode] = []
      var next = index + 1
      while next < Int(token.next) {
        elements.append(JSONNode(tokens, next, text))
        next = Int(tokens[next].next)
      }
      value = .array(elements)
    case .object:
      var members: [Member] = []
      var next = index + 1
      while next < Int(token.next) {
        let name = tokens[next]
        members.append(
          Member(
            name: Self.string(name, text), nameOffset: Int(name.start) - 1,
            node: JSONNode(tokens, next + 1, text)))
        next = Int(tokens[next + 1].next)
      }
      value = .object(members)
    }
  }

  private static func string(_ token: JSONToken, _ text: UnsafeRawBufferPointer) -> String {
    let inside = UnsafeRawBufferPointer(rebasing: text[Int(token.start)..<Int(token.end)])
    guard token.hasEscapes else { return String(decoding: inside, as: UTF8.self) }
    var unescaped: [UInt8] = []
    JSONText.unescape(inside, into: &unescaped)
    return String(decoding: unescaped, as: UTF8.self)
  }
}

// MARK: - Writing

extension JSONNode {
  /// The same value without white space, with as few escapes as there can be, and with the members of each
  /// object in the order of their names: equal for two texts that differ in nothing but looks.
  package var canonicalText: String {
    var text: [UInt8] = []
    append(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  private func append(to text: inout [UInt8]) {
    switch value {
    case .null: text.append(contentsOf: "null".utf8)
    case .bool(let bool): text.append(contentsOf: (bool ? "true" : "false").utf8)
    case .number(let written): text.append(contentsOf: written.utf8)
    case .string(let string): JSONText.appendString(string, to: &text)
    case .array(let elements):
      text.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        element.append(to: &text)
      }
      text.append(UInt8(ascii: "]"))
    case .object(let members):
      text.append(UInt8(ascii: "{"))
      let ordered = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      for (index, member) in ordered.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        JSONText.appendString(member.name, to: &text)
        text.append(UInt8(ascii: ":"))
        member.node.append(to: &text)
      }
      text.append(UInt8(ascii: "}"))
    }
  }
}

extension JSONNode: Encodable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// As the value that the text holds, so that it can stand inside of other JSON. Whole numbers stay exact,
  /// from `Int64.min` to `UInt64.max`; others become the nearest Double, and beyond its range their text.
  package func encode(to encoder: any Encoder) throws {
    switch value {
    case .object(let members):
      var container = encoder.container(keyedBy: Key.self)
      for member in members { try container.encode(member.node, forKey: Key(stringValue: member.name)) }
    case .array(let elements):
      var container = encoder.unkeyedContainer()
      for element in elements { try container.encode(element) }
    case .string(let string): try encodeSingle(string, to: encoder)
    case .bool(let bool): try encodeSingle(bool, to: encoder)
    case .number(let written):
      if let whole = Int64(written) {
        try encodeSingle(whole, to: encoder)
      } else if let whole = UInt64(written) {
        try encodeSingle(whole, to: encoder)
      } else if let number = Double(written), number.isFinite {
        try encodeSingle(number, to: encoder)
      } else {
        try encodeSingle(written, to: encoder)
      }
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    }
  }

  private func encodeSingle(_ value: some Encodable, to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value)
  }
}
