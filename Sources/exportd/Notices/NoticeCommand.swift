import Engine
import ExportCore
import Foundation
import Ledger

/// The command of `onFailure`: it gets a notice as JSON on its standard input, and in short in its environment.
struct NoticeCommand: Sendable {
  /// A program and its arguments.
  let command: [String]

  /// How long it may take, in seconds.
  private static let patience: Int64 = 60

  /// Returns when it has ended well.
  func run(_ message: NoticeMessage) async throws {
    let process = Process()
    process.executableURL = URL(filePath: command[0])
    process.arguments = Array(command.dropFirst())
    process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "NOTIFY_SOCKET" }.merging(
      [
        "EXPORTD_EVENT": message.notice.kind.rawValue, "EXPORTD_EXPORT": message.export,
        "EXPORTD_REQUEST_ID": "\(message.notice.exportId)", "EXPORTD_ERROR": message.notice.error ?? "",
      ], uniquingKeysWith: { $1 })
    let input = Pipe()
    process.standardInput = input
    process.standardOutput = FileHandle.standardError
    let ended = AsyncStream<Int32>.makeStream()
    process.terminationHandler = {
      ended.continuation.yield($0.terminationReason == .exit ? $0.terminationStatus : 128)
      ended.continuation.finish()
    }
    do {
      try process.run()
    } catch {
      throw failure("cannot be started", "check the path and that exportd's user may execute it")
    }
    // A pipe holds 64 KiB and a notice is far smaller, so this never waits for the command to read. One that does not
    // want to closes its end.
    try? input.fileHandleForWriting.write(contentsOf: Data(message.json + [UInt8(ascii: "\n")]))
    try? input.fileHandleForWriting.close()
    let status = await withTaskGroup(of: Int32?.self) { group in
      group.addTask {
        for await status in ended.stream { return status }; return nil
      }
      group.addTask {
        try? await Task.sleep(for: .seconds(Self.patience))
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
    guard let status else {
      process.terminate()
      throw failure("did not end within \(Self.patience) s", "have it do its work in the background")
    }
    guard status == 0 else { throw failure("ended with \(status)", "run it by hand to see why") }
  }

  private func failure(_ problem: String, _ hint: String) -> ExportError {
    ExportError(
      .configuration, .passing, object: "onFailure.command \(command[0])", problem: problem, hint: hint)
  }
}
