/// An element of XML 1.0 as far as exportd writes it, read by nothing that exportd is made of: no attributes, no comments, five bytes
/// that need a reference. Whoever writes anything else has made a mistake.
struct DecodedXML: Equatable {
  var tag: String
  var text = ""
  var elements: [DecodedXML] = []

  init(_ tag: String, _ text: String = "") {
    self.tag = tag
    self.text = text
  }

  init(_ tag: String, _ elements: [DecodedXML]) {
    self.tag = tag
    self.elements = elements
  }

  /// The record of a file that has one, in its root; nil for any other file.
  init?(onlyRecordOf file: some Sequence<UInt8>) {
    let lines = Array(file).split(separator: 0x0A, omittingEmptySubsequences: false)
    let (beginning, end) = ("<?xml version=\"1.0\" encoding=\"UTF-8\"?><root>", "</root>")
    guard lines.count >= 4, lines.first?.elementsEqual(beginning.utf8) == true,
      lines.dropLast().last?.elementsEqual(end.utf8) == true, lines.last?.isEmpty == true
    else { return nil }
    self.init(line: lines.dropFirst().dropLast(2).joined(separator: [0x0A]))
  }

  /// Nil for anything but one element, whose text holds only what XML 1.0 allows (sections 2.2 and 2.4).
  init?(line: some Sequence<UInt8>) {
    let bytes = Array(line)
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var rest = Substring(text)[...]
    guard let element = DecodedXML(&rest), rest.isEmpty else { return nil }
    self = element
  }

  private init?(_ rest: inout Substring) {
    guard rest.unicodeScalars.first == "<" else { return nil }
    rest.unicodeScalars.removeFirst()
    tag = String(rest.prefix { $0.isASCII && ($0.isLetter || $0 == "_") })
    rest.removeFirst(tag.count)
    guard !tag.isEmpty, DecodedXML.take(">", from: &rest) else { return nil }
    var scalars = String.UnicodeScalarView()
    while !DecodedXML.take("</\(tag)>", from: &rest) {
      guard let next = rest.unicodeScalars.first else { return nil }
      switch next {
      case "<":
        guard let element = DecodedXML(&rest) else { return nil }
        elements.append(element)
      case "&":
        guard let scalar = DecodedXML.reference(&rest) else { return nil }
        scalars.append(scalar)
      // A parser turns it into a line feed (section 2.11), and `]]>` is refused.
      case "\r", ">": return nil
      default:
        guard next.isXML else { return nil }
        scalars.append(next)
        rest.unicodeScalars.removeFirst()
      }
    }
    text = String(scalars)
    guard text.isEmpty || elements.isEmpty else { return nil }
  }

  private static func reference(_ rest: inout Substring) -> Unicode.Scalar? {
    let references: [(String, Unicode.Scalar)] = [
      ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&#13;", "\r"),
    ]
    return references.first { take($0.0, from: &rest) }?.1
  }

  /// By scalars: a combining mark behind it must not hide it.
  private static func take(_ text: String, from rest: inout Substring) -> Bool {
    guard rest.unicodeScalars.starts(with: text.unicodeScalars) else { return false }
    rest.unicodeScalars.removeFirst(text.unicodeScalars.count)
    return true
  }

  /// By scalars, not by what is equal to Unicode.
  static func == (a: DecodedXML, b: DecodedXML) -> Bool {
    a.tag == b.tag && a.text.unicodeScalars.elementsEqual(b.text.unicodeScalars) && a.elements == b.elements
  }
}

extension DecodedXML {
  /// A value's text; an array or object is its JSON text, in a form that does not depend on how it is written.
  init(_ tag: String, of value: DecodedJSON) {
    let text =
      switch value {
      case .string(let units): String(decoding: units.plain, as: UTF16.self)
      case .number(let text): text
      case .bool(let isTrue): isTrue ? "true" : "false"
      case .null: ""
      case .array, .object: "\(value.mapStrings(\.plain))"
      }
    self.init(tag, text)
  }

  /// A member of an object: a null has no value.
  init(entry member: DecodedJSON.Member) {
    let key = DecodedXML("key", of: .string(member.name))
    self.init("entry", member.value == .null ? [key] : [key, DecodedXML("value", of: member.value)])
  }

  /// An entry for each member of an object.
  init(_ tag: String, entriesOf object: DecodedJSON) {
    self.init(tag, object.members.map { DecodedXML(entry: $0) })
  }

  /// Itself with texts that are arrays or objects in a form that no longer depends on how they are written.
  var readingNested: DecodedXML {
    var read = self
    read.elements = elements.map(\.readingNested)
    if let first = text.utf8.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
      let value = DecodedJSON(text.utf8)
    {
      read.text = "\(value.mapStrings(\.plain))"
    }
    return read
  }
}

extension Unicode.Scalar {
  /// Whether XML 1.0 can hold it (section 2.2).
  fileprivate var isXML: Bool {
    switch value {
    case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
    default: false
    }
  }
}

extension [UInt16] {
  /// As XML has it: what it cannot hold is a question mark.
  var plain: [UInt16] {
    var units: [UInt16] = []
    var decoder = UTF16()
    var iterator = makeIterator()
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar) where scalar.isXML: units += Array(String(Character(scalar)).utf16)
      case .scalarValue, .error: units.append(UInt16(UInt8(ascii: "?")))
      case .emptyInput: return units
      }
    }
  }
}
