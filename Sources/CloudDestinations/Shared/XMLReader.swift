/// Reads a whole XML document into a tree ("Extensible Markup Language (XML) 1.0", fifth edition), as far as answers of clouds go:
/// elements, attributes, text, CDATA sections, the five entities that everybody knows, and character references; comments
/// and processing instructions are passed over. Our own, because Foundation's needs libxml2 on the machine, and half of what it
/// can do (document types, entities of their own, other encodings) is what one must not let a server do here.
struct XMLReader {
  struct Malformed: Error {}

  private let bytes: [UInt8]
  private var position = 0

  /// Documents of clouds are four levels deep; this many do not overflow the stack.
  private static let mostLevels = 64

  init(_ document: [UInt8]) { bytes = document }

  /// The root of the document.
  /// - Throws: ``Malformed``.
  mutating func document() throws(Malformed) -> XMLTree {
    _ = take("\u{FEFF}")
    try passMiscellany()
    guard let root = try element(level: 1) else { throw Malformed() }
    try passMiscellany()
    guard position == bytes.count else { throw Malformed() }
    return root
  }

  /// White space, comments and processing instructions, the declaration among them (sections 2.1, 2.5, 2.6 and 2.8).
  private mutating func passMiscellany() throws(Malformed) {
    while true {
      passSpace()
      if take("<?") {
        try pass(upTo: "?>")
      } else if take("<!--") {
        try pass(upTo: "-->")
      } else {
        return
      }
    }
  }

  /// Section 3. Nil where none begins.
  private mutating func element(level: Int) throws(Malformed) -> XMLTree? {
    guard level <= Self.mostLevels, take("<") else { return nil }
    let tag = try name()
    var element = XMLTree(name: Self.withoutPrefix(tag))
    while true {
      let hasSpace = passSpace()
      if take("/>") { return element }
      if take(">") { break }
      guard hasSpace else { throw Malformed() }
      let name = try name()
      passSpace()
      guard take("=") else { throw Malformed() }
      passSpace()
      guard element.attributes.updateValue(try attributeValue(), forKey: name) == nil else {
        throw Malformed()
      }
    }
    var text: [UInt8] = []
    while true {
      if take("</") {
        guard try name() == tag else { throw Malformed() }
        passSpace()
        guard take(">") else { throw Malformed() }
        element.text = try Self.text(text)
        return element
      } else if take("<!--") {
        try pass(upTo: "-->")
      } else if take("<![CDATA[") {
        let start = position
        try pass(upTo: "]]>")
        text += bytes[start..<position - 3]
      } else if take("<?") {
        try pass(upTo: "?>")
      } else if let child = try self.element(level: level + 1) {
        element.children.append(child)
      } else {
        text += try character()
      }
    }
  }

  /// Section 2.3, and the name of section 3 without its rules for what a name may begin with.
  private mutating func name() throws(Malformed) -> String {
    let start = position
    while position < bytes.count, !Self.endsName(bytes[position]) { position += 1 }
    guard position > start else { throw Malformed() }
    return try Self.text(Array(bytes[start..<position]))
  }

  private static func endsName(_ byte: UInt8) -> Bool {
    byte <= 0x20 || "<>/=\"'&?!".utf8.contains(byte)
  }

  private static func withoutPrefix(_ tag: String) -> String {
    String(tag[(tag.lastIndex(of: ":").map(tag.index(after:)) ?? tag.startIndex)...])
  }

  private mutating func attributeValue() throws(Malformed) -> String {
    guard let quote = ["\"", "'"].first(where: { take($0) })?.utf8.first else { throw Malformed() }
    var value: [UInt8] = []
    while position < bytes.count, bytes[position] != quote {
      guard bytes[position] != UInt8(ascii: "<") else { throw Malformed() }
      value += try character()
    }
    guard position < bytes.count else { throw Malformed() }
    position += 1
    return try Self.text(value)
  }

  /// One byte of text, or what a reference stands for (sections 2.4 and 4.1). A line ends with one line feed (section 2.11).
  private mutating func character() throws(Malformed) -> [UInt8] {
    guard position < bytes.count else { throw Malformed() }
    if take("&") { return try reference() }
    if take("\r\n") || take("\r") { return [UInt8(ascii: "\n")] }
    defer { position += 1 }
    guard bytes[position] != UInt8(ascii: "<") else { throw Malformed() }
    return [bytes[position]]
  }

  private mutating func reference() throws(Malformed) -> [UInt8] {
    guard let end = bytes[position...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else { throw Malformed() }
    let name = String(decoding: bytes[position..<end], as: UTF8.self)
    position = end + 1
    switch name {
    case "amp": return Array("&".utf8)
    case "lt": return Array("<".utf8)
    case "gt": return Array(">".utf8)
    case "quot": return Array("\"".utf8)
    case "apos": return Array("'".utf8)
    default:
      let isHexadecimal = name.hasPrefix("#x")
      let digits = name.dropFirst(isHexadecimal ? 2 : 1)
      guard name.hasPrefix("#"), !digits.hasPrefix("+"), !digits.hasPrefix("-"),
        let number = UInt32(digits, radix: isHexadecimal ? 16 : 10), number > 0,
        let scalar = Unicode.Scalar(number)
      else {
        throw Malformed()
      }
      return Array(String(Character(scalar)).utf8)
    }
  }

  // MARK: Bytes

  private static func text(_ bytes: [UInt8]) throws(Malformed) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Malformed() }
    return text
  }

  /// - Returns: whether there was any.
  @discardableResult
  private mutating func passSpace() -> Bool {
    let start = position
    while position < bytes.count, [0x20, 0x09, 0x0D, 0x0A].contains(bytes[position]) { position += 1 }
    return position > start
  }

  private mutating func take(_ text: String) -> Bool {
    guard bytes[position...].starts(with: text.utf8) else { return false }
    position += text.utf8.count
    return true
  }

  /// Up to behind the next `end`.
  private mutating func pass(upTo end: String) throws(Malformed) {
    while position < bytes.count {
      if take(end) { return }
      position += 1
    }
    throw Malformed()
  }
}
