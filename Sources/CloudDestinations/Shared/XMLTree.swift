/// An element of a small XML document, with what is in it. Names are without their namespace; attributes are kept as they stand.
struct XMLTree: Hashable, Sendable {
  let name: String
  var attributes: [String: String] = [:]
  var text = ""
  var children: [XMLTree] = []

  init(name: String) { self.name = name }

  /// Nil for what is not well-formed, and for a document type: no cloud sends one.
  init?(_ document: [UInt8]) {
    var reader = XMLReader(document)
    guard let root = try? reader.document() else { return nil }
    self = root
  }

  /// The first child of that name.
  subscript(name: String) -> XMLTree? { children.first { $0.name == name } }

  func all(_ name: String) -> [XMLTree] { children.filter { $0.name == name } }

  /// Text as it stands in an element.
  static func escaped(_ text: String) -> String {
    text.reduce(into: "") { escaped, character in
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      default: escaped.append(character)
      }
    }
  }
}
