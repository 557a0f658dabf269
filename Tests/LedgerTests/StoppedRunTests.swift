import ExportCore
import Ledger
import Synchronization
import Testing
import TimeZones

/// What becomes of a run whose export is stopped or deleted while the run is under way.
@Suite struct StoppedRunTests {
  let fixture: LedgerFixture
  var ledger: Ledger { fixture.ledger }
  let now = Instant(seconds: 3_000_000)

  init() throws { fixture = try LedgerFixture() }

  @Test func aFailedAttemptIsNotTriedAgainOnceItsExportIsStoppedOrDeleted() throws {
    for ends in [Ledger.stopByAPerson, Ledger.deleteByAPerson] {
      let fixture = try LedgerFixture()
      let (id, runs) = try fixture.export(windows: 1)
      _ = try fixture.ledger.begin(runs[0], bootId: "a", now: now)
      try ends(fixture.ledger)(id, now)
      #expect(try !fixture.ledger.retry(runs[0], error: "disk", next: now + 5, now: now))
      #expect(try fixture.ledger.run(runs[0])?.state == .stopped)
      #expect(try fixture.ledger.openRuns().isEmpty)
    }
  }

  @Test func whatAProcessLeftBehindEndsWhenItsExportWasStoppedMeanwhile() throws {
    let (id, runs) = try fixture.export(windows: 1)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    try ledger.announce([LedgerFixture.file("x")], of: runs[0])
    try ledger.stop(id, by: .person, reason: "stopped by a person", now: now)
    #expect(try ledger.adopt(bootId: "b", now: now + 9) == runs)
    #expect(try ledger.run(runs[0])?.state == .stopped)
    #expect(try ledger.run(runs[0])?.reason == "stopped by a person")
    #expect(try ledger.runsToClean().map(\.id) == runs)
  }

  @Test func aRunIsNotStoppedWhenItsExportHasBeenStartedAgain() throws {
    let (id, runs) = try fixture.export(windows: 1)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    try ledger.stop(id, by: .person, reason: "stopped by a person", now: now)
    try ledger.start(id, now: now)
    #expect(try !ledger.stopped(runs[0], reason: "stopped by a person", now: now))
    #expect(try ledger.run(runs[0])?.state == .running)
  }

  @Test func aDeletedExportIsActiveUntilItsCommittedRunIsComplete() throws {
    let (id, runs) = try fixture.export(windows: 1)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    try ledger.commit(
      runs[0], manifest: [1], named: "m", rows: 0, bytes: 0, files: 0, rejected: 0, watermarks: [])
    try ledger.delete(id, now: now)
    #expect(try ledger.retry(runs[0], error: "disk", next: now + 5, now: now))
    #expect(try ledger.exports().isEmpty)
    #expect(try ledger.changes(after: 0).exports.map(\.record?.id) == [id])
    _ = try ledger.begin(runs[0], bootId: "a", now: now + 9)
    try ledger.finish(runs[0], now: now + 9)
    #expect(try ledger.changes(after: 0).exports.map(\.record?.id) == [nil])
  }

  /// The checkpoint stands in for the death of the process.
  @Test func aProcessThatDiesBetweenTwoStatementsLeavesNothingHalfDone() throws {
    let (id, runs) = try fixture.export(windows: 1)
    let statements = Mutex<[String]>([])
    let dying = try Ledger(stateDirectory: fixture.directory) { sql in
      let sql = sql()
      statements.withLock { $0.append(sql) }
      return !sql.hasPrefix("UPDATE run")
    }
    #expect(throws: ExportError.self) { try dying.stop(id, by: .person, reason: "r", now: now) }
    #expect(statements.withLock { $0 }.contains { $0.hasPrefix("UPDATE export") })
    #expect(try ledger.export(id)?.stoppedBy == nil)
    #expect(try ledger.run(runs[0])?.state == .pending)
  }
}

extension Ledger {
  fileprivate func stopByAPerson(_ id: RequestId, _ now: Instant) throws {
    try stop(id, by: .person, reason: "stopped by a person", now: now)
  }

  fileprivate func deleteByAPerson(_ id: RequestId, _ now: Instant) throws { try delete(id, now: now) }
}
