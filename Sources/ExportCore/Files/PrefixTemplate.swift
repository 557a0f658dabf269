/// The template that a destination puts before each object's name: literal text with variables in braces.
/// It names directory-like levels: `raw` and `raw/` are the same, and no level can be empty, `.` or `..`,
/// whatever the values are.
package struct PrefixTemplate: Hashable, Sendable {
  /// What may stand between braces; the raw value is its name there.
  package enum Variable: String, Hashable, Sendable, CaseIterable {
    case account, export, requestId, runTimestamp, date, eventDate, eventName, databaseId, dataType

    /// Whether two files of one run may have different values.
    package var differsBetweenFiles: Bool {
      switch self {
      case .eventDate, .eventName, .databaseId: true
      case .account, .export, .requestId, .runTimestamp, .date, .dataType: false
      }
    }

    /// Whether it has a value in event exports only.
    package var isOfEvents: Bool { self == .eventDate || self == .eventName }

    /// The most bytes that a value takes.
    fileprivate var byteLimit: Int {
      switch self {
      case .account, .databaseId: 32
      case .export: 63
      case .requestId, .runTimestamp: 20
      case .date, .eventDate: 10
      case .eventName: SafeEventName.byteLimit
      case .dataType: 8
      }
    }
  }

  package enum Piece: Hashable, Sendable {
    case literal(String)
    case variable(Variable)
  }

  /// In order; ends with a `/` unless it is empty.
  package let pieces: [Piece]

  /// The variables that occur in it.
  package var variables: [Variable] {
    pieces.compactMap { if case .variable(let variable) = $0 { variable } else { nil } }
  }

  /// No prefix.
  package static let none = PrefixTemplate(pieces: [])

  private init(pieces: [Piece]) { self.pieces = pieces }

  /// What a file system lets one level of a path hold, in bytes.
  private static let componentLimit = 255

  /// - Throws: ``PrefixTemplateError`` that says what to change.
  package init(_ text: String) throws(PrefixTemplateError) {
    var pieces = try Self.split(text)
    if !text.isEmpty, text.utf8.last != UInt8(ascii: "/") { pieces.append(.literal("/")) }
    self.pieces = pieces
    try checkLevels()
  }

  /// The text of the prefix for one set of values.
  /// - Parameter value: of each variable; what it gives holds no `/`.
  package func expanded(_ value: (Variable) -> String) -> String {
    Self.safe(levels: Self.text(pieces, value))
  }

  /// The prefix that all files of a run have in common, cut back to whole levels: everything before the level
  /// with the first variable that differs between files. A manifest lies here.
  package func expandedForRun(_ value: (Variable) -> String) -> String {
    let common = pieces.prefix {
      if case .variable(let variable) = $0 { !variable.differsBetweenFiles } else { true }
    }
    let text = Self.text(common, value)
    return Self.safe(levels: text[..<(text.lastIndex(of: "/").map(text.index(after:)) ?? text.startIndex)])
  }

  private static func text(_ pieces: some Sequence<Piece>, _ value: (Variable) -> String) -> String {
    pieces.reduce(into: "") { text, piece in
      switch piece {
      case .literal(let literal): text += literal
      case .variable(let variable): text += value(variable)
      }
    }
  }

  /// A value may still make a level empty, `.` or `..`; then it gets hyphens.
  private static func safe(levels text: some StringProtocol) -> String {
    guard !text.isEmpty else { return "" }
    return text.split(separator: "/", omittingEmptySubsequences: false).dropLast().map { level in
      switch level {
      case "": "-/"
      case ".": "-/"
      case "..": "--/"
      default: level + "/"
      }
    }.joined()
  }

  private static func split(_ text: String) throws(PrefixTemplateError) -> [Piece] {
    var pieces: [Piece] = []
    var literal = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      switch character {
      case "{":
        guard let end = rest.firstIndex(of: "}") else {
          throw .unclosedBrace
        }
        let name = String(rest[..<end])
        guard let variable = Variable(rawValue: name) else { throw .unknownVariable(name) }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        literal = ""
        pieces.append(.variable(variable))
        rest = rest[rest.index(after: end)...]
      case "}": throw .unopenedBrace
      default:
        guard character.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        else { throw .controlCharacter }
        literal.append(character)
      }
    }
    if !literal.isEmpty { pieces.append(.literal(literal)) }
    return pieces
  }

  /// A level that holds a variable is judged by the rest of it here, and made safe when it is expanded.
  private func checkLevels() throws(PrefixTemplateError) {
    guard !pieces.isEmpty else { return }
    // Values that cannot be mistaken for what is refused, as long as they can get.
    let widest = Self.text(pieces) { String(repeating: "x", count: $0.byteLimit) }
    guard widest.first != "/" else { throw .absolute }
    for level in widest.dropLast().split(separator: "/", omittingEmptySubsequences: false) {
      switch level {
      case "": throw .level("")
      case ".", "..": throw .level(String(level))
      case _ where level.utf8.count > Self.componentLimit:
        throw .levelTooLong(limit: Self.componentLimit)
      default: break
      }
    }
  }
}

/// What is wrong with a prefix.
package enum PrefixTemplateError: Error, Hashable, Sendable, CustomStringConvertible {
  case unknownVariable(String)
  /// A `{` without its `}`.
  case unclosedBrace
  /// A `}` without its `{`.
  case unopenedBrace
  /// Begins with `/`.
  case absolute
  /// A level that is empty, `.` or `..`.
  case level(String)
  /// A level that a file system would not take, in bytes.
  case levelTooLong(limit: Int)
  case controlCharacter

  /// A clause: "'{' has no '}' behind it".
  package var description: String {
    switch self {
    case .unknownVariable(let name):
      let allowed = PrefixTemplate.Variable.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")
      return "{\(name)} is not a variable: use one of \(allowed)"
    case .unclosedBrace: return "'{' has no '}' behind it"
    case .unopenedBrace: return "'}' has no '{' before it"
    case .absolute: return "must not begin with '/'"
    case .level(""): return "'//' makes a level without a name"
    case .level(let level): return "'\(level)' is not allowed as a level"
    case .levelTooLong(let limit): return "a level must fit \(limit) bytes with its longest values"
    case .controlCharacter: return "control characters are not allowed"
    }
  }
}
