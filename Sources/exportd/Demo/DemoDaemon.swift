import Foundation
import Glibc

/// A daemon of this very binary, for as long as a demo takes.
final class DemoDaemon: Sendable {
  private let process: Process
  private let log: String

  init(configuration: String, log: String) throws {
    self.log = log
    process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["daemon", "--config", configuration]
    // A service manager that started the demo is not to be told of this daemon.
    process.environment = ProcessInfo.processInfo.environment.filter {
      !["NOTIFY_SOCKET", "WATCHDOG_USEC", "JOURNAL_STREAM"].contains($0.key)
    }
    guard FileManager.default.createFile(atPath: log, contents: nil),
      let file = FileHandle(forWritingAtPath: log)
    else { throw Failure(.failed, "\(log) cannot be written") }
    process.standardError = file
    process.standardInput = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw Failure(.failed, "the daemon cannot be started (\(error.localizedDescription))")
    }
  }

  /// - Throws: ``Failure`` with the end of its log when it has ended by itself.
  func requireAlive() throws {
    guard !process.isRunning else { return }
    let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    throw Failure(
      .failed,
      "the daemon has ended with \(process.terminationStatus); its log, \(log), ends with:\n"
        + text.split(separator: "\n").suffix(5).joined(separator: "\n"))
  }

  /// Ends it at a resumable point, and waits for that.
  func end() {
    guard process.isRunning else { return }
    process.terminate()
    process.waitUntilExit()
  }
}
