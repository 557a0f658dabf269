import ArgumentParser
import Engine
import ExportCore
import Glibc
import Ledger
import Logging
import TimeZones

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Make one attempt at every due, FAILED or STOPPED window of an export, now.",
    discussion: "With the daemon up it does the work; otherwise this command does it, in the foreground.")

  @OptionGroup var config: ConfigurationOption
  @Argument(help: "The export's name.") var name: String
  @Flag(help: "Wait until the attempts have ended.") var wait = false
  @Flag(help: "Delete what the run has delivered so far and start it over.") var restart = false
  @Flag(help: "Accept that the source was replaced or renumbered.") var rebase = false

  func run() async throws {
    try await reporting {
      let place = try StatePlace(config)
      let record = try place.export(name)
      let answer = try await place.run(record, restart: restart, rebase: rebase, wait: wait)
      guard answer.succeeded else { throw Failure(answer, to: name) }
      print("\(name): \(answer.text)")
    }
  }
}

extension StatePlace {
  /// Has the daemon do it, or does it here when there is none.
  func run(_ record: ExportRecord, restart: Bool, rebase: Bool, wait: Bool) async throws -> Answer {
    if let owner = Identity.otherOwner(of: stateDirectory) {
      guard daemonPid != nil else {
        throw Failure(
          .permission,
          "the daemon is not running, and only its user \(owner) may do its work; start it, or type `sudo exportd run \(record.name)`"
        )
      }
    } else {
      switch try StateLock.attempt(stateDirectory: stateDirectory) {
      case .taken(let lock):
        let answer = try await Installation(self).runHere(record, restart: restart, rebase: rebase)
        _ = consume lock
        return answer
      case .held: break
      }
    }
    let wish = try ledger.wish(.run(record.id, restart: restart, rebase: rebase), now: time.now())
    guard wait else {
      return Answer(succeeded: true, text: "the daemon runs it now; `exportd status \(record.name)`")
    }
    return try await answer(to: wish, watching: record)
  }

  /// Waits for the daemon's answer; a bar shows how far it is, on a terminal.
  private func answer(to wish: Int64, watching record: ExportRecord) async throws -> Answer {
    var bar = ProgressBar()
    defer { bar.clear() }
    while true {
      if let answer = try ledger.answer(to: wish) { return answer }
      guard daemonPid != nil else {
        throw Failure(.failed, "the daemon ended before it was done; the run goes on at its next start")
      }
      if let running = try ledger.openRuns().first(where: { $0.exportId == record.id && $0.state == .running }
      ) {
        bar.show(running.window, rows: running.rows)
      }
      try await time.sleep(milliseconds: 200)
    }
  }

}

extension Installation {
  /// The work itself, in the foreground, one window after the other.
  fileprivate func runHere(_ record: ExportRecord, restart: Bool, rebase: Bool) async throws -> Answer {
    var logger = Logger(label: "exportd", factory: { _ in StderrLogHandler() })
    logger.logLevel = .warning
    let bootId = Assembly.bootId()
    try ledger.register(bootId: bootId, pid: getpid(), version: Exportd.version, now: time.now())
    _ = try ledger.adopt(bootId: bootId, now: time.now())
    let parts = parts
    if record.hasSequence == nil { await Acquaintance(ledger: ledger, parts: parts).make(record.id) }
    let executor = RunExecutor(ledger: ledger, parts: parts, time: time, bootId: bootId, logger: logger)
    let opened = try RunWish(ledger: ledger, parts: parts).open(
      record.id, restart: restart, rebase: rebase, now: time.now())
    guard !opened.runs.isEmpty else { return Answer(succeeded: true, text: "nothing is due") }
    defer { _ = try? ledger.resumeRecurring(now: time.now()) }
    defer { try? ledger.stopWaiting(of: record.id, now: time.now()) }
    for id in opened.runs {
      let outcome = try await ForegroundAttempt(executor: executor, time: time).run(
        id, of: record.id, for: opened.occasion)
      switch outcome {
      case .done, .notBegun: continue
      case .retry(let error, _), .failed(let error): return Answer(error)
      case .stopped: return Answer(succeeded: false, text: "the run was stopped")
      case .interrupted:
        return Answer(succeeded: false, text: "interrupted; the run goes on when it is run again")
      }
    }
    return Answer(succeeded: true, text: "\(opened.runs.count) run(s) DONE")
  }
}
