/// Rows under headings, each column as wide as its widest cell. What does not fit a terminal's width is given up
/// in the order of the columns' importance; then the widest column is cut.
struct TextTable {
  struct Column {
    enum Alignment { case left, right }
    var title: String
    var alignment: Alignment = .left
    /// Given up first where this is highest; 0 never.
    var dispensability = 0

    static func left(_ title: String, dispensability: Int = 0) -> Column {
      Column(title: title, dispensability: dispensability)
    }
    static func right(_ title: String, dispensability: Int = 0) -> Column {
      Column(title: title, alignment: .right, dispensability: dispensability)
    }
  }

  struct Cell: ExpressibleByStringInterpolation {
    let text: String
    let style: Terminal.Style
    /// In columns of a terminal.
    let width: Int

    init(_ text: String, _ style: Terminal.Style = .plain) {
      self.text = text.harmless
      self.style = style
      width = self.text.displayWidth
    }
    init(stringLiteral text: String) { self.init(text) }
  }

  /// What is said under a row, from one margin to the other.
  struct Note {
    var text: String
    var style: Terminal.Style

    init(_ text: String, _ style: Terminal.Style = .plain) {
      self.text = text.harmless
      self.style = style
    }
  }

  private enum Line {
    case row([Cell])
    case note(Note)
    case gap
  }

  private let columns: [Column]
  private var lines: [Line] = []
  private static let space = 2
  private static let noteMargin = 4
  /// A column is never cut narrower than this.
  private static let narrowest = 12

  init(_ columns: [Column]) { self.columns = columns }

  var isEmpty: Bool { lines.isEmpty }

  /// - Parameter cells: one a column.
  mutating func row(_ cells: [Cell], notes: [Note] = []) {
    precondition(cells.count == columns.count, "a cell for each column")
    lines.append(.row(cells))
    lines += notes.map(Line.note)
  }

  /// An empty line between groups of rows.
  mutating func gap() { lines.append(.gap) }

  /// With a newline behind every line.
  func rendered(for terminal: Terminal) -> String {
    let (shown, widths) = layout(terminal)
    var text: [UInt8] = []
    append(columns.map { Cell($0.title, .dim) }, shown, widths, terminal, to: &text)
    for entry in lines {
      switch entry {
      case .row(let cells): append(cells, shown, widths, terminal, to: &text)
      case .note(let note): text += wrapped(note, terminal).utf8
      case .gap: text.append(UInt8(ascii: "\n"))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Which columns are shown, and how wide each is.
  private func layout(_ terminal: Terminal) -> (shown: [Int], widths: [Int]) {
    var widths = columns.map(\.title.displayWidth)
    for case .row(let cells) in lines {
      for (index, cell) in cells.enumerated() where cell.width > widths[index] { widths[index] = cell.width }
    }
    var shown = Array(columns.indices)
    guard let limit = terminal.width else { return (shown, widths) }
    func total() -> Int { shown.reduce(0) { $0 + widths[$1] } + Self.space * (shown.count - 1) }
    while total() > limit,
      let victim = shown.filter({ columns[$0].dispensability > 0 })
        .max(by: { columns[$0].dispensability < columns[$1].dispensability })
    {
      shown.removeAll { $0 == victim }
    }
    let excess = total() - limit
    if excess > 0, let widest = shown.max(by: { widths[$0] < widths[$1] }) {
      widths[widest] = max(Self.narrowest, widths[widest] - excess)
    }
    return (shown, widths)
  }

  private func append(
    _ cells: [Cell], _ shown: [Int], _ widths: [Int], _ terminal: Terminal, to text: inout [UInt8]
  ) {
    // Spaces are owed until something follows them: none end a line.
    var owed = 0
    for index in shown {
      let cell = cells[index]
      let fits = cell.width <= widths[index]
      let content = fits ? cell.text : cell.text.cut(to: widths[index])
      let padding = widths[index] - (fits ? cell.width : content.displayWidth)
      if columns[index].alignment == .right { owed += padding }
      if !content.isEmpty {
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: owed))
        text.append(contentsOf: terminal.paint(content, cell.style).utf8)
        owed = 0
      }
      owed += Self.space + (columns[index].alignment == .left ? padding : 0)
    }
    text.append(UInt8(ascii: "\n"))
  }

  private func wrapped(_ note: Note, _ terminal: Terminal) -> String {
    let room = terminal.width.map { max($0 - Self.noteMargin, 20) } ?? .max
    return note.text.wrapped(to: room).map { line in
      String(repeating: " ", count: Self.noteMargin) + terminal.paint(line, note.style) + "\n"
    }.joined()
  }
}

extension String {
  /// Broken between words so that no line is wider than `width` columns, unless a single word is.
  func wrapped(to width: Int) -> [String] {
    guard displayWidth > width else { return [self] }
    var lines: [String] = []
    var line = ""
    for word in split(separator: " ") {
      if line.isEmpty {
        line = String(word)
      } else if line.displayWidth + 1 + String(word).displayWidth <= width {
        line += " " + word
      } else {
        lines.append(line)
        line = String(word)
      }
    }
    return lines + [line]
  }
}
