import ExportCore
import TimeZones

/// JSON in the order in which it was put together: what `--json` prints. Encoders with keyed containers shuffle.
enum OrderedJSON: Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case text(String)
  case list([OrderedJSON])
  case object([(String, OrderedJSON)])
  /// A JSON text as it is.
  case verbatim(String)

  static func integer(_ number: Int) -> OrderedJSON { .integer(Int64(number)) }
  /// Null for nil.
  static func integer(_ number: Int64?) -> OrderedJSON { number.map { .integer($0) } ?? .null }
  /// Null for nil.
  static func text(_ text: String?) -> OrderedJSON { text.map { .text($0) } ?? .null }
  /// RFC 3339 in UTC; null for nil.
  static func time(_ instant: Instant?) -> OrderedJSON { .text(instant?.rfc3339) }

  /// Indented by two, for people and programs alike; a newline ends it.
  var printed: String {
    var bytes: [UInt8] = []
    append(to: &bytes, indent: 0)
    bytes.append(UInt8(ascii: "\n"))
    return String(decoding: bytes, as: UTF8.self)
  }

  private func append(to bytes: inout [UInt8], indent: Int) {
    switch self {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value): bytes.append(contentsOf: String(value).utf8)
    case .text(let text): JSONText.appendString(text, to: &bytes)
    case .verbatim(let json): bytes.append(contentsOf: json.utf8)
    case .list(let elements):
      Self.append(elements, "[", "]", to: &bytes, indent) { element, bytes in
        element.append(to: &bytes, indent: indent + 1)
      }
    case .object(let members):
      Self.append(members, "{", "}", to: &bytes, indent) { member, bytes in
        JSONText.appendString(member.0, to: &bytes)
        bytes.append(contentsOf: ": ".utf8)
        member.1.append(to: &bytes, indent: indent + 1)
      }
    }
  }

  private static func append<Element>(
    _ elements: [Element], _ open: String, _ close: String, to bytes: inout [UInt8], _ indent: Int,
    _ append: (Element, inout [UInt8]) -> Void
  ) {
    func newline(_ indent: Int) {
      bytes.append(UInt8(ascii: "\n"))
      bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * indent))
    }
    bytes.append(contentsOf: open.utf8)
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      newline(indent + 1)
      append(element, &bytes)
    }
    if !elements.isEmpty { newline(indent) }
    bytes.append(contentsOf: close.utf8)
  }
}

extension OrderedJSON {
  /// The value of a member of a JSON object, as it is written there.
  /// - Parameter json: valid JSON.
  static func member(_ name: String, of json: String) -> OrderedJSON {
    var tokens = JSONTokens()
    let bytes = Array(json.utf8)
    let found = bytes.withUnsafeBytes { text -> Range<Int>? in
      guard (try? tokens.read(text)) != nil, let root = tokens.tokens.first, root.kind == .object else {
        return nil
      }
      var index = 1
      while index < Int(root.next) {
        let key = tokens.tokens[index]
        let value = tokens.tokens[index + 1]
        var spelled: [UInt8] = []
        JSONText.unescape(
          UnsafeRawBufferPointer(rebasing: text[Int(key.start)..<Int(key.end)]), into: &spelled)
        if spelled.elementsEqual(name.utf8) {
          // Quotes are not part of a string's range.
          let quote = value.kind == .string ? 1 : 0
          return Int(value.start) - quote..<Int(value.end) + quote
        }
        index = Int(value.next)
      }
      return nil
    }
    return found.map { .verbatim(String(decoding: bytes[$0], as: UTF8.self)) } ?? .null
  }
}
