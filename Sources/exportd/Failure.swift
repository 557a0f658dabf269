import ArgumentParser
import ExportCore
import Foundation
import Ledger

/// The exit codes of every command (SPEC section 7).
enum ExitStatus: Int32 {
  case failed = 1
  case usage = 64
  /// Refused by a rule or a lock: try later.
  case refused = 75
  case permission = 77
  case configuration = 78
}

/// What a command ends with when it did not do what was asked: a sentence for stderr that says what to do next.
struct Failure: Error {
  var status: ExitStatus
  var message: String

  init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message
  }

  init(_ error: ExportError) {
    let isPermission = error.stage == .state && error.problem.contains("cannot be opened")
    let status: ExitStatus =
      if error.kind == .refused {
        .refused
      } else if isPermission {
        .permission
      } else if error.stage == .configuration {
        .configuration
      } else {
        .failed
      }
    self.init(status, error.description)
  }

  /// What was asked of an export and did not come about.
  init(_ answer: Answer, to name: String) {
    let text = answer.text.hasPrefix("\(name): ") ? answer.text : "\(name): \(answer.text)"
    self.init(answer.isRefused ? .refused : .failed, text)
  }
}

extension Failure {
  /// On stderr; in the journal as an error, line by line.
  fileprivate func print() {
    guard !message.isEmpty else { return }
    let prefix = Journal.readsStderr ? Journal.errorPrefix : ""
    for line in "exportd: \(message)".split(separator: "\n") { printError("\(prefix)\(line)") }
  }
}

/// Runs the body of a command, ends its connections, and turns what it throws into a sentence on stderr and an exit code.
func reporting(_ body: () async throws -> Void) async throws {
  let ending: Result<Void, any Error>
  do {
    ending = .success(try await body())
  } catch {
    ending = .failure(error)
  }
  await Assembly.clouds.shutDown()
  do {
    try ending.get()
  } catch let failure as Failure {
    failure.print()
    throw ExitCode(failure.status.rawValue)
  } catch let error as ExportError {
    let failure = Failure(error)
    failure.print()
    throw ExitCode(failure.status.rawValue)
  }
}

/// Writes a line to stderr.
func printError(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
