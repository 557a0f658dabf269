import Glibc

/// What a table is printed on: a terminal has a width and may show colours; a pipe or a file has neither.
struct Terminal: Sendable {
  /// Columns; nil where nothing needs to fit.
  var width: Int?
  /// Rows; nil where nothing needs to fit.
  var height: Int?
  var hasColour: Bool
  /// Whether what was written can be written over.
  var isSteerable: Bool

  /// No colour, no limit: a pipe or a file.
  static let plain = Terminal(width: nil, height: nil, hasColour: false, isSteerable: false)

  /// Standard output. Colours only on a terminal, and not where NO_COLOR (no-color.org) is set or TERM is `dumb`.
  static var current: Terminal {
    guard isatty(STDOUT_FILENO) == 1 else { return plain }
    var size = winsize()
    let isSized = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0
    let isSteerable = variable("TERM") != "dumb"
    return Terminal(
      width: isSized && size.ws_col > 0 ? Int(size.ws_col) : nil,
      height: isSized && size.ws_row > 0 ? Int(size.ws_row) : nil,
      hasColour: variable("NO_COLOR").isEmpty && isSteerable, isSteerable: isSteerable)
  }

  private static func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }

  enum Style: String, Sendable {
    case plain = ""
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
  }

  func paint(_ text: String, _ style: Style) -> String {
    hasColour && style != .plain && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// Lines broken between words, with a newline behind every one.
  func wrap(_ text: String, _ style: Style) -> String {
    text.split(separator: "\n").flatMap { String($0).harmless.wrapped(to: width ?? .max) }
      .map { paint($0, style) + "\n" }.joined()
  }
}

extension String {
  /// Without what would steer a terminal: data and error messages may hold anything.
  var harmless: String {
    if utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return self }
    guard unicodeScalars.contains(where: \.steersTerminals) else { return self }
    return String(
      String.UnicodeScalarView(unicodeScalars.map { $0.steersTerminals ? ($0 == "\n" ? " " : "?") : $0 }))
  }

  /// How many columns a terminal gives it: none to combining marks, two to the wide letters of East Asia and to
  /// emoji.
  var displayWidth: Int {
    utf8.allSatisfy { $0 < 0x80 } ? utf8.count : unicodeScalars.reduce(0) { $0 + $1.displayWidth }
  }

  /// At most `width` columns, with `…` where something was cut off.
  func cut(to width: Int) -> String {
    guard displayWidth > width else { return self }
    var room = max(width - 1, 0)
    var kept = ""
    for character in self {
      let needed = String(character).displayWidth
      guard needed <= room else { break }
      room -= needed
      kept.append(character)
    }
    return kept + "…"
  }
}

extension Unicode.Scalar {
  /// Controls, and the marks that turn the direction of what follows.
  fileprivate var steersTerminals: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// The ranges of wide and fullwidth letters (Unicode Standard Annex 11), coarsely.
  fileprivate var displayWidth: Int {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
      0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}
