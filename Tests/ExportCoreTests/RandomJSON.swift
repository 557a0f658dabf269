import ZoneTesting

/// JSON texts of every production, with white space wherever it may stand.
enum RandomJSON {
  static func text(using random: inout SeededRandom) -> String {
    space(&random) + value(depth: 0, &random) + space(&random)
  }

  /// Removes, doubles, replaces or inserts a few characters, or cuts the text off.
  static func damage(_ text: inout String, using random: inout SeededRandom) {
    var scalars = Array(text.unicodeScalars)
    for _ in 0...Int.random(in: 0...1, using: &random) where !scalars.isEmpty {
      let at = scalars.indices.randomElement(using: &random)!
      switch Int.random(in: 0..<5, using: &random) {
      case 0: scalars.remove(at: at)
      case 1: scalars.insert(scalars[at], at: at)
      case 2: scalars[at] = strange.randomElement(using: &random)!
      case 3: scalars.insert(strange.randomElement(using: &random)!, at: at)
      default: scalars.removeSubrange(at...)
      }
    }
    text = String(String.UnicodeScalarView(scalars))
  }

  private static let strange = Array("{}[]\",:\\/'#+-.0eEuntf \n\t\u{0}\u{1F}\u{A0}é😀".unicodeScalars)

  private static func space(_ random: inout SeededRandom) -> String {
    ["", "", "", " ", "\n", "\t \r\n"].randomElement(using: &random)!
  }

  private static func value(depth: Int, _ random: inout SeededRandom) -> String {
    switch Int.random(in: depth < 5 ? 0..<9 : 2..<9, using: &random) {
    case 0:
      list("{", "}", &random) { random in
        string(&random) + space(&random) + ":" + space(&random) + value(depth: depth + 1, &random)
      }
    case 1: list("[", "]", &random) { random in value(depth: depth + 1, &random) }
    case 2, 3, 4: string(&random)
    case 5, 6: number(&random)
    case 7: ["true", "false"].randomElement(using: &random)!
    default: "null"
    }
  }

  private static func list(
    _ open: String, _ close: String, _ random: inout SeededRandom, _ element: (inout SeededRandom) -> String
  ) -> String {
    let elements = (0..<Int.random(in: 0...4, using: &random)).map { _ in
      space(&random) + element(&random) + space(&random)
    }
    return open + (elements.isEmpty ? space(&random) : elements.joined(separator: ",")) + close
  }

  private static func string(_ random: inout SeededRandom) -> String {
    let pieces = [
      "a", "Z", "0", " ", "é", "\u{7F}", "\u{2028}", "😀", "/", "plain text", "0123456789abcdef", #"\""#,
      #"\\"#,
      #"\/"#, #"\b"#, #"\f"#, #"\n"#, #"\r"#, #"\t"#, #"\u0041"#, #"\u0000"#, #"\u00e9"#, #"\uFFFF"#,
      #"\ud83d\ude00"#, #"\uD83D"#, #"\udE00"#,
    ]
    return "\""
      + (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random)! }
      .joined()
      + "\""
  }

  private static func number(_ random: inout SeededRandom) -> String {
    let whole = ["0", "7", "10", "18446744073709551616", "\(UInt32.random(in: 1 ... .max, using: &random))"]
    return ["", "", "-"].randomElement(using: &random)! + whole.randomElement(using: &random)!
      + ["", "", ".0", ".125", ".10"].randomElement(using: &random)!
      + ["", "", "", "e5", "E-07", "e+400"].randomElement(using: &random)!
  }
}
