import ExportCore
import Ledger
import Logging
import Testing

@testable import Engine

/// What the loop does about runs that nobody works on.
@Suite struct SchedulerTests {
  private func scheduler(_ export: RealExport) -> Scheduler {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let executor = RunExecutor(
      ledger: export.ledger, parts: export.parts, time: export.time, bootId: "boot", logger: logger)
    return Scheduler(
      ledger: export.ledger, executor: executor,
      settings: Scheduler.Settings(maxConcurrentRuns: 1, stallTimeout: 600, keepHistoryDays: 400),
      hooks: SchedulerHooks(
        reload: { Answer(succeeded: true, text: "") }, probe: { Answer(succeeded: true, text: "") },
        turned: { _ in }, tell: { _ in }),
      logger: logger)
  }

  /// Turns until a run is in a state, or has not come there for long.
  private func turn(_ export: RealExport, until state: RunState, of run: RunId) async throws {
    let scheduler = scheduler(export)
    let turning = Task { try await scheduler.run() }
    for _ in 0..<3000 where try export.ledger.run(run)?.state != state {
      try await Task.sleep(for: .milliseconds(10))
    }
    scheduler.end()
    try await turning.value
    #expect(try export.ledger.run(run)?.state == state)
  }

  /// A run of this process whose ending the state database did not take.
  private func lost(_ export: RealExport) throws -> RunId {
    export.time.set("2026-11-20T06:00:00Z")
    let now = export.time.now()
    let run = try #require(
      try RunWish(ledger: export.ledger, parts: export.parts)
        .open(export.id, restart: false, rebase: false, now: now).runs.first)
    _ = try #require(try export.ledger.begin(run, bootId: "boot", now: now))
    return run
  }

  @Test func aLostRunOfADeletedExportIsStopped() async throws {
    let export = try RealExport()
    let run = try lost(export)
    try export.ledger.delete(export.id, now: export.time.now())
    try await turn(export, until: .stopped, of: run)
    #expect(try export.ledger.run(run)?.reason == "the export was deleted")
  }

  @Test func aRunOfAStoppedExportThatNobodyAsksForAnyMoreIsStoppedAgain() async throws {
    let export = try RealExport()
    let run = try lost(export)
    let now = export.time.now()
    // It had been begun for a person who asked for it, or before the stop: its attempt is over, and the ledger did not take that.
    try export.ledger.stop(export.id, by: .person, reason: "enough", now: now)
    #expect(try export.ledger.run(run)?.state == .running)
    try await turn(export, until: .stopped, of: run)
    #expect(try export.ledger.run(run)?.reason == "enough")
  }

  @Test func aLostRunOfALiveExportGoesOn() async throws {
    let export = try RealExport()
    let run = try lost(export)
    try await turn(export, until: .done, of: run)
  }
}
