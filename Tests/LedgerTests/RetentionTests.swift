import ExportCore
import GRDB
import Ledger
import Testing
import TimeZones

/// What may go from the history, what may not, and what people are told.
@Suite struct RetentionTests {
  let fixture: LedgerFixture
  var ledger: Ledger { fixture.ledger }
  let then = Instant(seconds: 3_000_000)
  let limit = Instant(seconds: 4_000_000)

  init() throws { fixture = try LedgerFixture() }

  private func finish(_ run: RunId, at now: Instant, files: Int = 1) throws {
    _ = try #require(try ledger.begin(run, bootId: "a", now: now))
    let names = (0..<files).map { "\(run)-\($0)" }
    try ledger.announce(names.map { LedgerFixture.file($0) }, of: run)
    try ledger.delivered(names, of: run, revision: 1)
    try ledger.commit(
      run, manifest: [UInt8](repeating: 32, count: 2000), named: "m\(run)", rows: 0, bytes: 0, files: 0,
      rejected: 0, watermarks: [LedgerFixture.cut])
    try ledger.finish(run, now: now)
  }

  private func prune() throws { while try ledger.prune(before: limit) {} }

  private func count(_ table: String) throws -> Int {
    try fixture.stranger().read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)")! }
  }

  @Test func oldRunsGoAndWhichWindowsAreDoneStaysKnown() throws {
    let (id, runs) = try fixture.export(windows: 300)
    for run in runs { try finish(run, at: then) }
    let before = try ledger.doneWindows(of: id)
    let size = try pages()
    try prune()
    #expect(try ledger.runs(of: id).map(\.id) == [runs[299]])
    #expect(try ledger.export(id)?.plannedThrough == Instant(seconds: 300 * 3600))
    let after = try ledger.doneWindows(of: id)
    #expect(after.count == 2)
    #expect(after.first?.from == before.first?.from && after.last?.to == before.last?.to)
    #expect(after[0].to == after[1].from)
    #expect(try pages() < size / 2, "the file did not shrink")
    #expect(try count("file") == 0)
  }

  private func pages() throws -> Int {
    try fixture.stranger().read { try Int.fetchOne($0, sql: "PRAGMA page_count")! }
  }

  @Test func whatIsOwedOrStillToBeDeletedStays() throws {
    let (id, runs) = try fixture.export(windows: 5)
    _ = try ledger.begin(runs[0], bootId: "a", now: then)
    try ledger.fail(runs[0], error: "gone", now: then)
    _ = try ledger.begin(runs[1], bootId: "a", now: then)
    try ledger.announce([LedgerFixture.file("x")], of: runs[1])
    try ledger.delivered(["x"], of: runs[1], revision: 1)
    try ledger.fail(runs[1], error: "gone", now: then)
    for run in runs[2...] { try finish(run, at: then) }
    try prune()
    #expect(try ledger.runs(of: id).map(\.id) == [runs[4], runs[1], runs[0]])
    // Of a deleted export nothing is owed, but what it left at its destination must go first.
    try ledger.delete(id, now: then)
    try prune()
    #expect(try ledger.runs(of: id).map(\.id) == [runs[4], runs[1]])
    try ledger.forget("x", of: runs[1])
    try prune()
    #expect(try ledger.export(id) == nil)
    for table in ["run", "revision", "watermark", "export", "done_span", "notice"] {
      #expect(try count(table) == 0, "\(table)")
    }
  }

  @Test func whatIsRecentStays() throws {
    let (id, runs) = try fixture.export(windows: 3)
    for run in runs { try finish(run, at: limit) }
    try prune()
    #expect(try ledger.runs(of: id).count == 3)
  }

  @Test func aRunThatHasNotEndedCannotBeDeleted() throws {
    _ = try fixture.export(windows: 1)
    #expect(throws: DatabaseError.self) {
      try fixture.stranger().write { try $0.execute(sql: "DELETE FROM run") }
    }
  }

  @Test func peopleAreToldOfAFailureAndOfTheFirstSuccessAfterIt() throws {
    let (id, runs) = try fixture.export(windows: 4)
    try finish(runs[0], at: then)
    #expect(try ledger.noticesToTell(at: then).isEmpty)
    _ = try ledger.begin(runs[1], bootId: "a", now: then)
    try ledger.fail(runs[1], error: "no such bucket", now: then)
    let failure = try #require(try ledger.noticesToTell(at: then).first)
    #expect(failure.kind == .failed && failure.runId == runs[1] && failure.error == "no such bucket")
    try ledger.notTold(failure.id, next: then + 60)
    #expect(try ledger.noticesToTell(at: then).isEmpty)
    #expect(try ledger.noticesToTell(at: then + 60).map(\.attempt) == [1])
    try ledger.told(failure.id, now: then + 60)
    try finish(runs[2], at: then)
    try finish(runs[3], at: then)
    #expect(try ledger.noticesToTell(at: then).map(\.kind) == [.recovered])
    #expect(try ledger.noticesToTell(at: then).first?.exportId == id)
  }
}
