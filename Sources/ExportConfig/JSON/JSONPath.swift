/// The way from the root of a JSON text to one of its values, `$.sources.main.databases[0].id`.
package struct JSONPath: Hashable, Sendable {
  package enum Step: Hashable, Sendable {
    case name(String)
    case index(Int)
  }

  package private(set) var steps: [Step] = []

  package static let root = JSONPath()

  private init() {}

  /// From the root through objects.
  package init(_ names: String...) { steps = names.map { .name($0) } }

  package var isRoot: Bool { steps.isEmpty }

  package func appending(_ name: String) -> JSONPath { appending(.name(name)) }
  package func appending(_ index: Int) -> JSONPath { appending(.index(index)) }

  private func appending(_ step: Step) -> JSONPath {
    var longer = self
    longer.steps.append(step)
    return longer
  }
}

extension JSONPath: CustomStringConvertible {
  /// By RFC 9535: `.name` where that may be written, else `["any name"]`.
  package var description: String {
    steps.reduce(into: "$") { text, step in
      switch step {
      case .index(let index): text += "[\(index)]"
      case .name(let name) where Self.isShorthand(name): text += ".\(name)"
      case .name(let name): text += "[\(name.quoted)]"
      }
    }
  }

  private static func isShorthand(_ name: String) -> Bool {
    !name.isEmpty && !name.first!.isNumber
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}
