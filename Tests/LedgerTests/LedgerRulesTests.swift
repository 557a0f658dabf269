import ExportCore
import GRDB
import Ledger
import Testing
import TimeZones

/// The rules that guard data, tried from outside: by a second connection that knows nothing of the code.
@Suite struct LedgerRulesTests {
  let fixture: LedgerFixture
  var ledger: Ledger { fixture.ledger }
  let now = Instant(seconds: 3_000_000)

  init() throws { fixture = try LedgerFixture() }

  @Test func everyCommitReachesTheDisk() throws {
    #expect(try ledger.synchronous() == 2)
    let mode = try fixture.stranger().read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
    #expect(mode == "wal")
  }

  @Test func aNewerDatabaseIsRefused() throws {
    try fixture.stranger().write {
      try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('9999')")
    }
    let error = #expect(throws: ExportError.self) { try Ledger(stateDirectory: fixture.directory) }
    #expect(error?.problem == "was written by a newer version of exportd")
  }

  @Test func oneRunAWindow() throws {
    let (id, _) = try fixture.export(windows: 2)
    #expect(throws: ExportError.self) { try ledger.claim([fixture.hour(1)], of: id, now: now) }
    let overlapping = PlannedWindow(
      window: Window(from: Instant(seconds: 5000), to: Instant(seconds: 9000))!, dueAt: now)
    #expect(throws: ExportError.self) { try ledger.claim([overlapping], of: id, now: now) }
    #expect(try ledger.openRuns().count == 2)
    #expect(try ledger.export(id)?.plannedThrough == Instant(seconds: 7200))
  }

  @Test func plannedThroughNeverMovesBack() throws {
    let (id, _) = try fixture.export(windows: 2)
    #expect(throws: DatabaseError.self) {
      try fixture.stranger().write {
        try $0.execute(sql: "UPDATE export SET planned_through = 3600 WHERE id = ?", arguments: [id])
      }
    }
  }

  @Test func anExportNeverRunsBesideItself() throws {
    let (_, runs) = try fixture.export(windows: 2)
    #expect(try ledger.begin(runs[0], bootId: "a", now: now) != nil)
    #expect(try ledger.begin(runs[1], bootId: "a", now: now) == nil)
    #expect(throws: DatabaseError.self) {
      try fixture.stranger().write {
        try $0.execute(
          sql: "UPDATE run SET state = 'RUNNING', boot_id = 'b', run_timestamp = 1 WHERE id = ?",
          arguments: [runs[1]])
      }
    }
  }

  @Test func aRunCommitsWhenAllItsFilesAreDelivered() throws {
    let (_, runs) = try fixture.export(windows: 1)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    try ledger.announce([LedgerFixture.file("a"), LedgerFixture.file("b")], of: runs[0])
    try ledger.delivered(["a"], of: runs[0], revision: 1)
    #expect(throws: ExportError.self) { try commit(runs[0]) }
    #expect(try ledger.watermarks(of: 1_000_000).isEmpty)
    try ledger.delivered(["b"], of: runs[0], revision: 1)
    try commit(runs[0])
    #expect(try ledger.watermarks(of: 1_000_000).map(\.bound) == [42])
  }

  @Test func aCommittedRunOnlyGoesForward() throws {
    let (id, runs) = try fixture.export(windows: 1)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    try ledger.announce([LedgerFixture.file("a")], of: runs[0])
    try ledger.delivered(["a"], of: runs[0], revision: 1)
    try commit(runs[0])
    #expect(try ledger.stopped(runs[0], reason: "no", now: now) == false)
    #expect(throws: ExportError.self) { try ledger.forget("a", of: runs[0]) }
    #expect(throws: ExportError.self) { try ledger.announce([LedgerFixture.file("c")], of: runs[0]) }
    try ledger.stop(id, by: .person, reason: "stop", now: now)
    try ledger.interrupt(runs[0], reason: "x")
    // Its export is stopped, but the manifest is owed.
    let again = try ledger.begin(runs[0], bootId: "b", now: now)
    #expect(again?.manifest == Array("{}".utf8))
    try ledger.finish(runs[0], now: now)
    #expect(try ledger.run(runs[0])?.state == .done)
    #expect(throws: DatabaseError.self) {
      try fixture.stranger().write {
        try $0.execute(sql: "UPDATE run SET rows = 7 WHERE id = ?", arguments: [runs[0]])
      }
    }
  }

  @Test func doneNeedsACommit() throws {
    let (_, runs) = try fixture.export(windows: 1)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    #expect(throws: ExportError.self) { try ledger.finish(runs[0], now: now) }
    #expect(throws: DatabaseError.self) {
      try fixture.stranger().write {
        try $0.execute(
          sql: "UPDATE run SET state = 'DONE', boot_id = NULL WHERE id = ?", arguments: [runs[0]])
      }
    }
  }

  @Test func aNameBelongsToOneLiveExport() throws {
    let first = try fixture.export("orders")
    let error = #expect(throws: ExportError.self) { try fixture.export("orders") }
    #expect(error?.hint == "choose another name, or `exportd delete orders` first")
    try ledger.delete(first, now: now)
    let second = try fixture.export("orders")
    #expect(second == first + 1)
    let third = try ledger.replace(
      second, name: "orders", origin: .command, definition: "{}", resolved: LedgerFixture.revision(), now: now
    )
    #expect(try ledger.exports().map(\.id) == [third])
  }

  @Test func theDataTypeIsFinal() throws {
    let id = try fixture.export()
    #expect(throws: DatabaseError.self) {
      try fixture.stranger().write {
        try $0.execute(sql: "UPDATE export SET data_type = 'profiles' WHERE id = ?", arguments: [id])
      }
    }
  }

  private func commit(_ id: RunId) throws {
    try ledger.commit(
      id, manifest: Array("{}".utf8), named: "m", rows: 9, bytes: 90, files: 1, rejected: 0,
      watermarks: [LedgerFixture.cut])
  }
}
