import Engine
import Glibc
import UnixSignals

/// A text that is drawn anew in its place, once a second and whenever the terminal changes, until a person has seen
/// enough. It has a screen of its own, as a pager has; the last text stays behind.
struct Watch {
  let time: any TimeSource

  private enum Event: Sendable {
    case tick
    case end
  }

  /// - Parameter text: for the terminal as it is at that moment. Nothing it says ends the watch.
  func run(_ text: (Terminal) -> String) async throws {
    let (events, continuation) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingNewest(8))
    let signals = Task {
      let trapped = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sigwinch)
      for await signal in trapped {
        switch signal {
        case .sigwinch: continuation.yield(.tick)
        default: continuation.yield(.end)
        }
      }
    }
    let clock = Task {
      while !Task.isCancelled {
        continuation.yield(.tick)
        try await time.sleep(milliseconds: 1000)
      }
    }
    defer {
      signals.cancel()
      clock.cancel()
    }
    signal(SIGTSTP) { _ in
      // The shell gets its own screen back while the process is stopped: it stops this thread, so that nothing
      // below happens before the process goes on. Only calls that a signal handler may make.
      put(Watch.leave)
      raise(SIGSTOP)
      put(Watch.enter)
    }
    defer { signal(SIGTSTP, SIG_DFL) }

    put(Self.enter)
    var last = ""
    for await event in events {
      if event == .end { break }
      let terminal = Terminal.current
      last = text(terminal)
      guard put(frame(last, terminal)) else { break }
    }
    put(Self.leave)
    put(last)
  }

  private func frame(_ text: String, _ terminal: Terminal) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    let foot = terminal.paint(
      "\(LocalClock.time(at: time.now())), drawn anew every second; Ctrl-C ends", .dim)
    if let height = terminal.height, lines.count + 2 > height {
      let shown = max(height - 2, 0)
      let hidden = lines.count - shown
      lines = lines.prefix(shown) + [terminal.paint("… \(hidden) more lines than fit", .dim)]
    } else {
      lines.append("")
    }
    // Each line wipes what stood there before, and what stood below is wiped in the end: no flicker.
    return "\u{1B}[H" + (lines + [foot]).map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J"
  }

  /// Another screen, no cursor, and lines that are too long are cut at the edge.
  private static let enter: StaticString = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l"
  private static let leave: StaticString = "\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"
}

private func put(_ text: StaticString) { _ = write(STDOUT_FILENO, text.utf8Start, text.utf8CodeUnitCount) }

/// - Returns: whether the terminal is still there.
@discardableResult
private func put(_ text: String) -> Bool {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    if count < 0, errno != EINTR, errno != EAGAIN { return false }
    rest = rest.dropFirst(max(count, 0))
  }
  return true
}
