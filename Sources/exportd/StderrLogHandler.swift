import Foundation
import Glibc
import Logging

/// Lines to stderr: with the priority prefixes of sd-daemon(3) when systemd reads them, with the time and the level
/// in words when a person does.
struct StderrLogHandler: LogHandler {
  var logLevel = Logger.Level.info
  var metadata = Logger.Metadata()

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let prefix =
      Journal.readsStderr ? "<\(Self.priority(event.level))>" : "\(Self.clock()) \(Self.word(event.level)) "
    // One line an entry, whatever an error message holds.
    let text = "\(event.message)".split(separator: "\n", omittingEmptySubsequences: true).joined(
      separator: " | ")
    let bytes = Array("\(prefix)\(text)\n".utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }

  private static func priority(_ level: Logger.Level) -> Int {
    switch level {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }

  private static func word(_ level: Logger.Level) -> String {
    level.rawValue.uppercased().padding(toLength: 8, withPad: " ", startingAt: 0)
  }

  private static func clock() -> String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%F %T", &parts)
    return String(decoding: buffer.prefix(count).map(UInt8.init), as: UTF8.self)
  }
}
