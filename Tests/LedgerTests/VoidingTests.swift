import ExportCore
import GRDB
import Ledger
import Testing
import TimeZones

/// Windows that a clock far ahead had planned.
@Suite struct VoidingTests {
  let fixture: LedgerFixture
  var ledger: Ledger { fixture.ledger }
  let now = Instant(seconds: 2 * 3600 + 1800)

  init() throws { fixture = try LedgerFixture() }

  private func finish(_ run: RunId) throws {
    _ = try #require(try ledger.begin(run, bootId: "a", now: now))
    try ledger.commit(
      run, manifest: [1], named: "m\(run)", rows: 0, bytes: 0, files: 0, rejected: 0,
      watermarks: [LedgerFixture.cut])
    try ledger.finish(run, now: now)
  }

  @Test func theyArePlannedAgainAsTheyWere() throws {
    let (id, runs) = try fixture.export(windows: 6)
    for run in runs.prefix(4) { try finish(run) }
    // Windows 2 … 5 end after now; 2 and 3 are DONE.
    #expect(try ledger.void(id, reason: "ahead", stop: false, now: now) == 4)
    #expect(try ledger.export(id)?.plannedThrough == Instant(seconds: 2 * 3600))
    #expect(try ledger.voidedWindows()[id]?.map(\.from.seconds) == [7200, 10800, 14400, 18000])
    #expect(try ledger.doneWindows(of: id).map(\.to.seconds) == [3600, 7200])
    let states = try ledger.runs(of: id).reversed().map { ($0.state, $0.reason) }
    #expect(states.map(\.0) == [.done, .done, .done, .done, .skipped, .skipped])
    #expect(states.suffix(4).allSatisfy { $0.1 == "ahead" })

    try ledger.claim([fixture.hour(2)], of: id, now: now)
    let again = try #require(try ledger.openRuns().first)
    #expect(try ledger.begin(again.id, bootId: "a", now: now)?.isPlannedAgain == true)
    #expect(try ledger.voidedWindows()[id]?.map(\.from.seconds) == [10800, 14400, 18000])
    #expect(try ledger.void(id, reason: "ahead", stop: false, now: now) == 0)
  }

  @Test func nothingElseMovesPlannedThroughBack() throws {
    let (id, runs) = try fixture.export(windows: 3)
    for run in runs { try finish(run) }
    let stranger = try fixture.stranger()
    #expect(throws: DatabaseError.self) {
      try stranger.write { try $0.execute(sql: "UPDATE export SET planned_through = 3600") }
    }
    // Voiding the last alone gives back no more than the last.
    try stranger.write { try $0.execute(sql: "UPDATE run SET voided = 1 WHERE window_to = 10800") }
    #expect(throws: DatabaseError.self) {
      try stranger.write { try $0.execute(sql: "UPDATE export SET planned_through = 3600") }
    }
    try stranger.write { try $0.execute(sql: "UPDATE export SET planned_through = 7200") }
    #expect(throws: DatabaseError.self) {
      try stranger.write { try $0.execute(sql: "UPDATE run SET voided = 0") }
    }
    #expect(try ledger.export(id)?.plannedThrough?.seconds == 7200)
  }

  @Test func aRunUnderWayIsWaitedFor() throws {
    let (id, runs) = try fixture.export(windows: 6)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    #expect(try ledger.void(id, reason: "ahead", stop: false, now: now) == 0)
    #expect(try ledger.retry(runs[0], error: "x", next: now, now: now))
    #expect(try ledger.void(id, reason: "ahead", stop: true, now: now) == 4)
    let record = try #require(try ledger.export(id))
    #expect(record.stoppedBy == .daemon && record.reason == "ahead")
  }
}
