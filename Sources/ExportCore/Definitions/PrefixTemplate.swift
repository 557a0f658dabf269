/// The template that a destination puts before the name of each object: literal text and variables.
package struct PrefixTemplate: Hashable, Sendable {
  /// The raw value is what stands between the braces.
  package enum Variable: String, Hashable, Sendable, CaseIterable {
    case account, export, requestId, runTimestamp, date, eventDate, eventName, databaseId, dataType

    /// Whether it has a value in event exports only.
    package var isOfEvents: Bool { self == .eventDate || self == .eventName }
    /// Whether it can differ between the files of one run. The manifest lies before the first that does.
    package var differsBetweenFiles: Bool { isOfEvents || self == .databaseId }
  }

  package enum Part: Hashable, Sendable {
    case literal(String)
    case variable(Variable)
  }

  /// Why a text is no template.
  package enum Problem: Error, Hashable, Sendable {
    case unknownVariable(String)
    /// A `{` without its `}`, or the other way round.
    case unpairedBrace
    /// Begins with `/`.
    case absolute
    /// Has an empty level, or one that is `.` or `..`.
    case level(String)
    case controlCharacter
  }

  package let parts: [Part]

  package var variables: [Variable] {
    parts.compactMap { part in
      if case .variable(let variable) = part { variable } else { nil }
    }
  }

  /// Reads `raw/{export}/{eventDate}/`. What it makes is relative and stays inside its root, as far as its literal
  /// text goes: the values of variables are for whoever fills them in to make safe.
  package init(_ text: String) throws(Problem) {
    guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw .controlCharacter
    }
    var parts: [Part] = []
    // The text with a letter in place of each variable: the levels that it makes.
    var shape = ""
    var rest = text[...]
    while !rest.isEmpty {
      let literal = rest.prefix { $0 != "{" && $0 != "}" }
      if !literal.isEmpty { parts.append(.literal(String(literal))) }
      shape += literal
      rest = rest[literal.endIndex...]
      guard let brace = rest.first else { break }
      guard brace == "{", let end = rest.firstIndex(of: "}") else { throw .unpairedBrace }
      let name = String(rest[rest.index(after: rest.startIndex)..<end])
      guard !name.contains("{") else { throw .unpairedBrace }
      guard let variable = Variable(rawValue: name) else { throw .unknownVariable(name) }
      parts.append(.variable(variable))
      shape += "v"
      rest = rest[rest.index(after: end)...]
    }
    guard !shape.hasPrefix("/") else { throw .absolute }
    let levels = shape.split(separator: "/", omittingEmptySubsequences: false)
    for (index, level) in levels.enumerated() {
      let isLast = index == levels.count - 1
      if level == "." || level == ".." || (level.isEmpty && !isLast) { throw .level(String(level)) }
    }
    self.parts = parts
  }
}
