import Foundation
import FoundationXML

/// An element of a small XML document, with what is in it. Names are without their namespace.
struct XMLTree {
  let name: String
  fileprivate(set) var text = ""
  fileprivate(set) var children: [XMLTree] = []

  fileprivate init(name: String) { self.name = name }

  /// Nil for what is not well-formed. Entities of a document's own are not expanded.
  init?(_ document: [UInt8]) {
    let parser = XMLParser(data: Data(document))
    parser.shouldProcessNamespaces = true
    parser.shouldResolveExternalEntities = false
    let builder = Builder()
    parser.delegate = builder
    guard parser.parse(), let root = builder.root else { return nil }
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

  private final class Builder: NSObject, XMLParserDelegate {
    var root: XMLTree?
    /// From the root down to the element that is open.
    private var open: [XMLTree] = []

    func parser(
      _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
      qualifiedName qName: String?, attributes attributeDict: [String: String]
    ) {
      open.append(XMLTree(name: elementName))
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
      if !open.isEmpty { open[open.count - 1].text += string }
    }

    func parser(
      _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?,
      qualifiedName qName: String?
    ) {
      guard let ended = open.popLast() else { return }
      if open.isEmpty { root = ended } else { open[open.count - 1].children.append(ended) }
    }
  }
}
