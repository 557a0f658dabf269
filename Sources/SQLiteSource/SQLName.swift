/// Names and expressions as SQLite reads them.
enum SQLName {
  /// The name in double quotes, so that any will do.
  static func quoted(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// An expression that nothing around it can change, also when it ends in a comment.
  static func enclosed(_ expression: String) -> String {
    expression.contains("--") || expression.contains("/*") ? "(\(expression)\n)" : "(\(expression))"
  }

  /// SQLite folds the case of names in ASCII only.
  static func same(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count && zip(a.utf8, b.utf8).allSatisfy { folded($0) == folded($1) }
  }

  private static func folded(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte + 32 : byte
  }

  /// The parts of a dotted name, freed of their quotes: `main."my table"` has two. Nil for what is no name.
  static func parts(_ text: String) -> [String]? {
    var rest = trimmed(text)[...]
    var parts: [String] = []
    while true {
      guard let part = takePart(&rest) else { return nil }
      parts.append(part)
      if rest.isEmpty { return parts }
      guard rest.first == "." else { return nil }
      rest.removeFirst()
    }
  }

  static func trimmed(_ text: String) -> String {
    let space: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
    guard let first = text.firstIndex(where: { !space($0) }), let last = text.lastIndex(where: { !space($0) })
    else { return "" }
    return String(text[first...last])
  }

  private static func takePart(_ rest: inout Substring) -> String? {
    guard let first = rest.first else { return nil }
    let closing: Character
    switch first {
    case "\"", "`": closing = first
    case "[": closing = "]"
    default:
      let part = rest.prefix { $0 != "." }
      guard !part.isEmpty, part.unicodeScalars.allSatisfy(isNameScalar), !first.isASCII || !first.isNumber
      else {
        return nil
      }
      rest.removeFirst(part.count)
      return String(part)
    }
    rest.removeFirst()
    var part = ""
    while let character = rest.popFirst() {
      guard character == closing else {
        part.append(character)
        continue
      }
      // A doubled quote stands for one; brackets know no such thing.
      guard closing != "]", rest.first == closing else { return part }
      part.append(character)
      rest.removeFirst()
    }
    return nil
  }

  private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
    !scalar.isASCII || scalar == "_" || scalar == "$" || scalar.properties.isAlphabetic
      || ("0"..."9").contains(scalar)
  }

  /// The candidate that a mistyped name most likely means; nil when none is near.
  static func nearest(to name: String, among candidates: [String]) -> String? {
    let wanted = Array(name.lowercased())
    let ranked = candidates.map { ($0, distance(wanted, Array($0.lowercased()))) }
    guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= max(1, wanted.count / 3) else { return nil }
    return best.0
  }

  /// How many characters must be put in, left out or changed (Levenshtein).
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, from) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, to) in b.enumerated() {
        let changed = diagonal + (from == to ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(changed, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
