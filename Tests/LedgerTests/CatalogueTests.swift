import ExportCore
import GRDB
import Ledger
import Testing
import TimeZones

/// The catalogue of properties, and the rules that guard it.
@Suite struct CatalogueTests {
  let fixture: LedgerFixture
  var ledger: Ledger { fixture.ledger }
  let now = Instant(seconds: 3_000_000)
  let export: RequestId
  let runs: [RunId]

  init() throws {
    fixture = try LedgerFixture()
    (export, runs) = try fixture.export(windows: 3)
  }

  private func column(
    _ name: String, _ position: Int, _ type: PropertyType = .unknown, of eventName: String = "Charged"
  ) -> CataloguedProperty {
    CataloguedProperty(eventName: eventName, group: .eventProps, name: name, position: position, type: type)
  }

  private func columns(of run: RunId) throws -> [CataloguedProperty] {
    var columns: [CataloguedProperty] = []
    try ledger.forEachColumn(of: run) { columns.append($0) }
    return columns
  }

  private func commit(_ run: RunId, _ columns: [CataloguedProperty] = []) throws {
    try ledger.commit(
      run, manifest: [1], named: "m", rows: 1, bytes: 1, files: 1, rejected: 0,
      watermarks: [LedgerFixture.cut], columns: columns)
  }

  private func sql(_ statement: String) throws {
    try fixture.stranger().write { try $0.execute(sql: "PRAGMA foreign_keys = ON; " + statement) }
  }

  private func begin(_ run: RunId) throws { _ = try ledger.begin(run, bootId: "a", now: now) }

  /// One run that leaves `a` and `b` behind.
  private func doneRun(_ type: PropertyType = .unknown) throws {
    try begin(runs[0])
    try ledger.grow([column("a", 0, type), column("b", 1)], of: runs[0], outdating: ["Charged"])
    try commit(runs[0])
    try ledger.finish(runs[0], now: now)
    try begin(runs[1])
  }

  @Test func whatARunAddsIsItsOwnUntilItsCommit() throws {
    try begin(runs[0])
    #expect(try columns(of: runs[0]).isEmpty)
    try ledger.grow([column("a", 0), column("b", 1)], of: runs[0], outdating: [])
    #expect(try columns(of: runs[0]) == [column("a", 0), column("b", 1)])
    #expect(try columns(of: runs[1]).isEmpty)
    try commit(runs[0], [column("c", 2)])
    #expect(try columns(of: runs[1]) == [column("a", 0), column("b", 1), column("c", 2)])
  }

  @Test func namesAreKeptByteByByte() throws {
    let names = ["é", "e\u{301}", "a\0b", "a", "", "\"", "👍🏽"]
    let columns = names.enumerated().map { column($1, $0, of: "x\0y") }
    try begin(runs[0])
    try ledger.grow(columns, of: runs[0], outdating: ["x\0y"])
    #expect(try self.columns(of: runs[0]).map { Array($0.name.utf8) } == names.map { Array($0.utf8) })
    try commit(runs[0])
    #expect(try self.columns(of: runs[1]).map { Array($0.name.utf8) } == names.map { Array($0.utf8) })
    #expect(try self.columns(of: runs[1]).allSatisfy { $0.eventName == "x\0y" })
  }

  @Test func anotherAttemptGoesOnWithWhatTheFirstAdded() throws {
    try begin(runs[0])
    try ledger.grow([column("a", 0, .int53)], of: runs[0], outdating: [])
    try ledger.interrupt(runs[0], reason: "x")
    try begin(runs[0])
    #expect(try columns(of: runs[0]) == [column("a", 0, .int53)])
    try ledger.grow([column("a", 0, .double)], of: runs[0], outdating: [])
    #expect(try columns(of: runs[0]) == [column("a", 0, .double)])
  }

  @Test func aRunThatStartsOverForgetsWhatItAdded() throws {
    try begin(runs[0])
    try ledger.grow([column("a", 0)], of: runs[0], outdating: [])
    try ledger.restart(runs[0])
    #expect(try columns(of: runs[0]).isEmpty)
  }

  /// Files of an event that were written in other columns are outdated in the transaction that changes them.
  @Test func filesOfAnEventHaveOneSchema() throws {
    try begin(runs[0])
    try ledger.announce(
      [LedgerFixture.file("a"), LedgerFixture.file("b", of: "Search")], of: runs[0])
    try ledger.delivered(["a", "b"], of: runs[0], revision: 1)
    let error = #expect(throws: ExportError.self) {
      try ledger.grow([column("a", 0)], of: runs[0], outdating: ["Search"])
    }
    #expect(error?.problem.contains("files that were written with other columns are outdated first") == true)
    #expect(try ledger.files(of: runs[0]).allSatisfy { $0.state == .delivered })
    try ledger.grow([column("a", 0)], of: runs[0], outdating: ["Charged"])
    #expect(try ledger.files(of: runs[0]).map(\.state) == [.stale, .delivered])
    // A name that is being sent may arrive, too.
    try ledger.announce([LedgerFixture.file("a")], of: runs[0])
    #expect(throws: ExportError.self) {
      try ledger.grow([column("a", 0, .string)], of: runs[0], outdating: [])
    }
    #expect(throws: DatabaseError.self) { try sql("DELETE FROM pending_catalogue") }
  }

  @Test func filesOfProfilesHaveOneSchema() throws {
    try begin(runs[0])
    var file = LedgerFixture.file("p")
    file = FileRecord(
      name: "p", kind: .data, databaseId: "0", eventName: nil, date: nil, fileIndex: 0, rows: 1, bytes: 1,
      sha256: "", firstKey: file.firstKey, lastKey: file.lastKey, revision: 1)
    try ledger.announce([file], of: runs[0])
    #expect(throws: ExportError.self) {
      try ledger.grow([column("a", 0, of: "")], of: runs[0], outdating: [])
    }
    try ledger.grow([column("a", 0, of: "")], of: runs[0], outdating: [""])
    #expect(try ledger.files(of: runs[0]).map(\.state) == [.stale])
  }

  @Test func itChangesWithACommitAndNeverOtherwise() throws {
    try doneRun()
    for statement in [
      "INSERT INTO catalogue VALUES (\(export), 'Charged', 'eventProps', 'x', 2, 'STRING', \(runs[1]))",
      "INSERT INTO catalogue VALUES (\(export), 'Charged', 'eventProps', 'x', 2, 'STRING', \(runs[0]))",
      "UPDATE catalogue SET type = 'STRING'",
      "DELETE FROM catalogue",
      "UPDATE export SET catalogue_revision = 0",
    ] {
      #expect(throws: DatabaseError.self, "\(statement)") { try sql(statement) }
    }
    #expect(try columns(of: runs[1]) == [column("a", 0), column("b", 1)])
  }

  @Test(arguments: [
    (PropertyType.unknown, PropertyType.boolean, true), (.int53, .int64, true), (.int53, .double, true),
    (.int64, .string, true), (.double, .string, true), (.boolean, .string, true), (.double, .int53, false),
    (.int64, .double, false), (.int64, .int53, false), (.boolean, .double, false), (.string, .boolean, false),
    (.boolean, .unknown, false),
  ])
  func typesOnlyWiden(from: PropertyType, to: PropertyType, isAllowed: Bool) throws {
    try doneRun(from)
    #expect(isAllowed == (from.widened(by: to) == to))
    if isAllowed {
      try commit(runs[1], [column("a", 0, to)])
      #expect(try columns(of: runs[2]).first?.type == to)
    } else {
      let error = #expect(throws: ExportError.self) { try commit(runs[1], [column("a", 0, to)]) }
      #expect(error?.problem.contains("a column keeps its position, and its type only widens") == true)
      #expect(try ledger.run(runs[1])?.manifestName == nil)
    }
  }

  @Test func aColumnKeepsItsPosition() throws {
    try doneRun()
    #expect(throws: ExportError.self) { try commit(runs[1], [column("a", 7)]) }
    #expect(throws: ExportError.self) { try commit(runs[1], [column("x", 1)]) }
    try commit(runs[1], [column("x", 2)])
    #expect(try columns(of: runs[2]) == [column("a", 0), column("b", 1), column("x", 2)])
  }

  /// A window that was reopened commits while a later one waits for its retry, with files in the old columns.
  @Test func aRunThatWasOvertakenStartsOver() throws {
    try begin(runs[0])
    try ledger.fail(runs[0], error: "x", now: now)
    try begin(runs[1])
    try ledger.announce([LedgerFixture.file("a")], of: runs[1])
    try ledger.delivered(["a"], of: runs[1], revision: 1)
    _ = try ledger.retry(runs[1], error: "x", next: now, now: now)
    _ = try ledger.reopen(export, for: .due, now: now)
    try begin(runs[0])
    try ledger.grow([column("a", 0)], of: runs[0], outdating: [])
    try commit(runs[0])
    try ledger.finish(runs[0], now: now)
    let begun = try ledger.begin(runs[1], bootId: "a", now: now)
    #expect(begun?.files.map(\.state) == [.stale])
    #expect(try columns(of: runs[1]) == [column("a", 0)])
    #expect(throws: ExportError.self) { try commit(runs[1]) }
    try ledger.forget("a", of: runs[1])
    try commit(runs[1])
  }

  @Test func aDeletedExportTakesItsCatalogueWithIt() throws {
    try doneRun()
    try commit(runs[1])
    try ledger.finish(runs[1], now: now)
    try ledger.delete(export, now: now)
    while try ledger.prune(before: Instant(seconds: 9_000_000)) {}
    let left = try fixture.stranger().read { try Int.fetchOne($0, sql: "SELECT count(*) FROM catalogue") }
    #expect(left == 0)
  }
}
