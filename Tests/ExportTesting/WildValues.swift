/// Random values with everything that sources hold: odd Unicode, wide numbers, loose and broken JSON.
struct WildValues<Random: RandomNumberGenerator> {
  var random: Random

  init(random: Random) { self.random = random }

  /// Names of members, as JSON: few, so that some occur twice, also in different spellings.
  static var names: [String] { ["\"a\"", "\"\\u0061\"", "\"Amount\"", "\"Product name\"", "\"\""] }

  /// True so many times out of a hundred.
  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func maybe(_ make: (inout Self) -> String) -> String? {
    chance(70) ? make(&self) : nil
  }

  /// A piece of text, not escaped.
  mutating func text() -> String {
    let pieces = [
      "", "a", "key", "Zoë", "\"", "\\", "\n\r\t", "\u{1}\u{1F}\u{7F}", "/", "👍🏽", "\u{FFFD}", "名前",
      "plain text that is longer than a word",
    ]
    return (0..<Int.random(in: 0...3, using: &random)).map { _ in pieces.randomElement(using: &random)! }
      .joined()
  }

  /// Mostly as it is, sometimes with one character lost, doubled or put in.
  mutating func perhapsBroken(_ make: (inout Self) -> String) -> String {
    if chance(2) {
      return ["null", " null ", "", "[]", "{}", "\"text\"", "1"].randomElement(using: &random)!
    }
    var json = Array(make(&self))
    guard chance(6), let place = json.indices.randomElement(using: &random) else { return String(json) }
    switch Int.random(in: 0..<3, using: &random) {
    case 0: json.remove(at: place)
    case 1: json.insert(json[place], at: place)
    default:
      json.insert(
        ["\"", "\\", ",", "{", "]", ":", "0", "\u{1}", "\u{A0}"].randomElement(using: &random)!, at: place)
    }
    return String(json)
  }

  private mutating func space() -> String {
    chance(10) ? [" ", "\n", "\t", "\r", "  \n"].randomElement(using: &random)! : ""
  }

  private mutating func string() -> String {
    var json = ""
    for scalar in text().unicodeScalars {
      switch scalar {
      case "\"", "\\": json += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        json += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: json.unicodeScalars.append(scalar)
      }
    }
    if chance(10) {
      json += ["\\u00e9", "\\ud83d\\ude00", "\\ud800", "\\uDFFFx", "\\b\\f\\/", "\\u0000"].randomElement(
        using: &random)!
    }
    return "\"\(json)\""
  }

  private mutating func value(depth: Int) -> String {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
    case 0: ["true", "false", "null"].randomElement(using: &random)!
    case 1, 2:
      [
        "0", "-0", "12", "1.0", "1E400", "-1.5e-7", "123456789012345678901234567890",
        "0.1000000000000000000001",
      ]
      .randomElement(using: &random)!
    case 3, 4, 5: string()
    case 6: array(depth: depth - 1)
    default: object(depth: depth - 1)
    }
  }

  mutating func array(depth: Int) -> String {
    let elements = (0..<Int.random(in: 0...3, using: &random)).map { _ in
      space() + value(depth: depth) + space()
    }
    return elements.isEmpty ? "[" + space() + "]" : "[" + elements.joined(separator: ",") + "]"
  }

  /// - Parameter names: of most of its members, as JSON.
  mutating func object(depth: Int, names: [String] = WildValues.names) -> String {
    let members = (0..<Int.random(in: 0...6, using: &random)).map { _ in
      let name = chance(70) ? names.randomElement(using: &random)! : string()
      return space() + name + space() + ":" + space() + value(depth: depth) + space()
    }
    return space() + (members.isEmpty ? "{" + space() + "}" : "{" + members.joined(separator: ",") + "}")
      + space()
  }
}
