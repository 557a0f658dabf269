import ExportCore
import Glibc
import TimeZones

/// How far a run is, on one line of a terminal that is written over; nothing anywhere else.
struct ProgressBar {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var isShown = false
  private var turn = 0
  private static let signs = ["|", "/", "-", "\\"]

  mutating func show(_ window: Window?, rows: Int) {
    let span = window.map { "\($0.from) – \($0.to)  " } ?? ""
    show("\(span)\(Figures.grouped(rows)) rows")
  }

  mutating func show(_ text: String) {
    guard isTerminal else { return }
    turn += 1
    isShown = true
    put("\r\u{1B}[K\(Self.signs[turn % Self.signs.count]) \(text)")
  }

  mutating func clear() {
    guard isShown else { return }
    isShown = false
    put("\r\u{1B}[K")
  }

  private func put(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }
}
