extension String {
  /// In double quotes, with what is in it harmless to a terminal and a log: control characters, invisible ones
  /// and line ends as JSON escapes.
  var quoted: String { "\"\(escaped(quotes: true))\"" }

  /// Harmless as ``quoted``, without quotes.
  var printable: String { escaped(quotes: false) }

  /// As ``quoted``, cut when it is long.
  var quotedBriefly: String {
    let limit = 60
    return unicodeScalars.count <= limit
      ? quoted : String(String.UnicodeScalarView(unicodeScalars.prefix(limit))).quoted + "…"
  }

  private func escaped(quotes: Bool) -> String {
    unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar {
      case "\"" where quotes, "\\" where quotes:
        text += "\\\(scalar)"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
          for unit in String(scalar).utf16 {
            let digits = String(unit, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
          }
        default: text.unicodeScalars.append(scalar)
        }
      }
    }
  }
}

extension Sequence<String> {
  /// `"a", "b", "c"`.
  var quotedList: String { map(\.quoted).joined(separator: ", ") }
}
