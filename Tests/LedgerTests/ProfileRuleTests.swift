import ExportCore
import GRDB
import Ledger
import Testing
import TimeZones

/// A one-time profile export never runs beside a recurring one of its source: tried through the verbs, and past them by a
/// second connection that knows nothing of the code.
@Suite struct ProfileRuleTests {
  let fixture: LedgerFixture
  var ledger: Ledger { fixture.ledger }
  let now = Instant(seconds: 3_000_000)

  init() throws { fixture = try LedgerFixture() }

  private func recurring(_ name: String = "daily", source: String = "main") throws -> RequestId {
    try create(name, .recurring(Recurrence(everyHours: 24, at: .midnight)), source: source)
  }

  private func once(
    _ name: String = "snapshot", source: String = "main", origin: Origin = .file, stops: Bool = false
  ) throws -> (id: RequestId, run: RunId) {
    let id = try create(name, .once(.now), source: source, origin: origin, stops: stops)
    try ledger.claim([PlannedWindow(profilesFrom: nil, to: now, dueAt: now)], of: id, now: now)
    return (id, try run(of: id))
  }

  private func create(
    _ name: String, _ frequency: Frequency, source: String, origin: Origin = .command, stops: Bool = false
  ) throws -> RequestId {
    var revision = LedgerFixture.revision()
    revision.definition.data = .profiles
    revision.definition.source = source
    revision.definition.frequency = frequency
    revision.definition.stopRecurring = stops
    revision.timing = frequency.isRecurring ? .recurring(from: LocalDate(daysSinceEpoch: 0)) : .onceNow(now)
    return try ledger.create(
      name: name, origin: origin, definition: "{}", resolved: revision, now: now)
  }

  private func run(of id: RequestId) throws -> RunId {
    try #require(try ledger.openRuns().first { $0.exportId == id }).id
  }

  private func admit(_ run: RunId, stops: Bool = false, resumes: Bool = false) throws -> Admission {
    try ledger.admit(run, stopRecurring: stops, resume: resumes, now: now)
  }

  private func byAStranger(_ sql: String, _ arguments: StatementArguments = []) throws {
    try fixture.stranger().write { try $0.execute(sql: sql, arguments: arguments) }
  }

  private func complete(_ run: RunId) throws {
    _ = try #require(try ledger.begin(run, bootId: "a", now: now))
    try ledger.commit(
      run, manifest: Array("{}".utf8), named: "m\(run)", rows: 0, bytes: 0, files: 0, rejected: 0,
      watermarks: [])
    try ledger.finish(run, now: now)
  }

  @Test func itIsRefusedWhereAPersonCreatesIt() throws {
    _ = try recurring()
    let error = #expect(throws: ExportError.self) { try once(origin: .command) }
    #expect(error?.kind == .refused)
    #expect(error?.description.contains("daily") == true)
    #expect(error?.hint?.contains("exportd stop daily") == true)
    // Of another source it is free.
    _ = try once("other", source: "second", origin: .command)
  }

  @Test func aFileWaitsWithTheReasonUntilTheRecurringOneIsStopped() throws {
    let recurring = try recurring()
    let (_, run) = try once()
    guard case .waits(let reason) = try admit(run) else {
      Issue.record("it was admitted")
      return
    }
    #expect(reason.contains("exportd stop daily"))
    #expect(try ledger.run(run)?.reason == reason)
    #expect(try ledger.begin(run, bootId: "a", now: now) == nil)
    try ledger.stop(recurring, by: .person, reason: "enough", now: now)
    #expect(try admit(run) == .admitted)
    #expect(try ledger.begin(run, bootId: "a", now: now) != nil)
  }

  @Test func theDatabaseItselfHoldsTheRule() throws {
    let recurring = try recurring()
    let (_, run) = try once()
    let beginning = "UPDATE run SET state = 'RUNNING', boot_id = 'x', attempt = 1, run_timestamp = 1"
    #expect(throws: DatabaseError.self) {
      try byAStranger("\(beginning) WHERE id = ?", [run])
    }
    #expect(throws: DatabaseError.self) {
      try byAStranger("UPDATE run SET admitted_at = 1 WHERE id = ?", [run])
    }
    try ledger.stop(recurring, by: .person, reason: "enough", now: now)
    _ = try admit(run)
    #expect(throws: DatabaseError.self) {
      try byAStranger("UPDATE export SET stopped_by = NULL WHERE id = ?", [recurring])
    }
    #expect(throws: DatabaseError.self) {
      try byAStranger(
        """
        INSERT INTO export (id, name, origin, data_type, revision, created_at, source, is_recurring)
        VALUES (1, 'sly', 'command', 'profiles', 1, 1, 'main', 1)
        """)
    }
    #expect(throws: DatabaseError.self) {
      try byAStranger(
        "INSERT INTO run (export_id, window_to, state, scheduled_at, boot_id, attempt) VALUES (?, 9, 'RUNNING', 9, 'x', 0)",
        [recurring])
    }
  }

  @Test func whileItRunsNoRecurringOneStarts() throws {
    let recurring = try recurring()
    try ledger.stop(recurring, by: .person, reason: "enough", now: now)
    let (_, run) = try once()
    // One that only waits blocks nothing.
    try ledger.start(recurring, now: now)
    try ledger.stop(recurring, by: .person, reason: "enough", now: now)
    #expect(try admit(run) == .admitted)
    for refused in [{ try ledger.start(recurring, now: now) }, { _ = try self.recurring("second") }] {
      let error = #expect(throws: ExportError.self) { try refused() }
      #expect(error?.kind == .refused)
      #expect(error?.description.contains("snapshot") == true)
    }
    try complete(run)
    try ledger.start(recurring, now: now)
  }

  @Test func stopRecurringWaitsForTheRunInFlight() throws {
    let recurring = try recurring()
    try ledger.claim([PlannedWindow(profilesFrom: nil, to: now, dueAt: now)], of: recurring, now: now)
    let flying = try run(of: recurring)
    _ = try ledger.begin(flying, bootId: "a", now: now)
    let (_, run) = try once(stops: true)
    guard case .waits = try admit(run, stops: true, resumes: true) else {
      Issue.record("it was admitted beside a run in flight")
      return
    }
    #expect(try ledger.export(recurring)?.stoppedBy == .daemon)
    _ = try ledger.stopped(flying, reason: "stopped", now: now)
    #expect(try admit(run, stops: true, resumes: true) == .admitted)
    #expect(try ledger.resumeRecurring(now: now).isEmpty)
    try complete(run)
    #expect(try ledger.resumeRecurring(now: now) == ["daily"])
    #expect(try ledger.export(recurring)?.stoppedBy == nil)
    #expect(try ledger.run(flying)?.state == .pending, "what was stopped with it is owed once more")
  }

  @Test func onlyThoseItStoppedStartAgainUnlessAPersonStoppedThem() throws {
    let first = try recurring("first")
    let second = try recurring("second")
    let third = try recurring("third")
    try ledger.stop(third, by: .person, reason: "enough", now: now)
    let (id, run) = try once(stops: true)
    #expect(try admit(run, stops: true, resumes: true) == .admitted)
    try ledger.stop(second, by: .person, reason: "meanwhile", now: now)
    // However it ends: here it is deleted while it waits.
    try ledger.delete(id, now: now)
    #expect(try ledger.resumeRecurring(now: now) == ["first"])
    #expect(try ledger.export(first)?.stoppedBy == nil)
    #expect(try ledger.export(second)?.stoppedBy == .person)
    #expect(try ledger.export(third)?.stoppedBy == .person)
  }

  @Test func aRecurringOneOfAFileWaitsForTheEndAndStartsByItself() throws {
    let (_, run) = try once()
    #expect(try admit(run) == .admitted)
    let recurring = try create(
      "daily", .recurring(Recurrence(everyHours: 24, at: .midnight)), source: "main", origin: .file)
    let record = try #require(try ledger.export(recurring))
    #expect(record.waits && record.stoppedBy == .daemon && record.reason?.contains("snapshot") == true)
    #expect(try ledger.resumeRecurring(now: now).isEmpty)
    // Its file is taken away, and put back.
    try ledger.stop(recurring, by: .file, reason: "its definition file was removed", now: now)
    try ledger.start(recurring, mayWait: true, now: now)
    #expect(try ledger.export(recurring)?.stoppedBy == .daemon)
    try complete(run)
    #expect(try ledger.resumeRecurring(now: now) == ["daily"])
    #expect(try ledger.export(recurring)?.stoppedBy == nil)
  }

  @Test func withoutResumeTheyStayStopped() throws {
    let recurring = try recurring()
    let (_, run) = try once(stops: true)
    #expect(try admit(run, stops: true) == .admitted)
    try complete(run)
    #expect(try ledger.resumeRecurring(now: now).isEmpty)
    #expect(try ledger.export(recurring)?.stoppedBy == .daemon)
  }

  @Test func anEditCannotMoveARecurringExportToTheSourceOfARunningOne() throws {
    let recurring = try recurring(source: "second")
    let (_, run) = try once()
    #expect(try admit(run) == .admitted)
    var revision = try ledger.revision(of: recurring).resolved
    revision.definition.source = "main"
    #expect(throws: ExportError.self) {
      try ledger.revise(recurring, definition: "{}", resolved: revision, due: [], now: now)
    }
  }

  @Test func anEditedFileWaitsAtTheSourceOfARunningOne() throws {
    let recurring = try create(
      "daily", .recurring(Recurrence(everyHours: 24, at: .midnight)), source: "second", origin: .file)
    try ledger.claim([PlannedWindow(profilesFrom: nil, to: now, dueAt: now)], of: recurring, now: now)
    let flying = try run(of: recurring)
    _ = try ledger.begin(flying, bootId: "a", now: now)
    let (_, run) = try once()
    #expect(try admit(run) == .admitted)
    var revision = try ledger.revision(of: recurring).resolved
    revision.definition.source = "main"
    try ledger.revise(recurring, definition: "{}", resolved: revision, due: [], now: now)
    let record = try #require(try ledger.export(recurring))
    #expect(record.waits && record.stoppedBy == .daemon && record.stoppedAt != nil)
    // Its run under way is ended by whoever runs it, and owed again.
    #expect(try ledger.stopped(flying, reason: "waits", now: now))
    try complete(run)
    #expect(try ledger.resumeRecurring(now: now) == ["daily"])
    #expect(try ledger.export(recurring)?.waits == false)
    #expect(try ledger.run(flying)?.state == .pending)
  }

  @Test func whatIsDoneBlocksNothing() throws {
    let recurring = try recurring()
    try ledger.markDone(recurring, now: now)
    let (_, run) = try once(origin: .command)
    #expect(try admit(run) == .admitted)
  }

  @Test func missedProfileRunsAreOne() throws {
    let recurring = try recurring()
    try ledger.claim([PlannedWindow(profilesFrom: nil, to: now, dueAt: now)], of: recurring, now: now)
    #expect(throws: ExportError.self) {
      try ledger.claim([PlannedWindow(profilesFrom: now, to: now + 9, dueAt: now)], of: recurring, now: now)
    }
    let first = try run(of: recurring)
    try ledger.fail(first, error: "gone", now: now)
    try ledger.claim([PlannedWindow(profilesFrom: now, to: now + 9, dueAt: now)], of: recurring, now: now)
    let second = try run(of: recurring)
    try ledger.fail(second, error: "gone", now: now)
    // Only the newest is owed: its delta holds what the first would have.
    #expect(try ledger.reopen(recurring, for: .due, now: now) == 1)
    #expect(try run(of: recurring) == second)
  }

  @Test func aCutNeverMovesBack() throws {
    let recurring = try recurring()
    try ledger.claim([PlannedWindow(profilesFrom: nil, to: now, dueAt: now)], of: recurring, now: now)
    let run = try run(of: recurring)
    _ = try ledger.begin(run, bootId: "a", now: now)
    let pinned = try ledger.pinProfileCut(run, now: now)
    #expect(pinned.cut == now && pinned.previous == nil)
    #expect(try ledger.pinProfileCut(run, now: now + 500).cut == now)
    let mark = ProfileMark(
      databaseId: "0", mode: .changed, cutAt: now, since: now - 3600, memory: "m", memorySha256: "00")
    try ledger.commit(
      run, manifest: [1], named: "m", rows: 0, bytes: 0, files: 0, rejected: 0, watermarks: [],
      profileMarks: [mark])
    try ledger.finish(run, now: now)
    #expect(try ledger.profileMemories() == ["m"])
    try ledger.claim([PlannedWindow(profilesFrom: now, to: now + 9, dueAt: now)], of: recurring, now: now)
    let next = try self.run(of: recurring)
    let begun = try #require(try ledger.begin(next, bootId: "a", now: now))
    #expect(begun.profileMarks == [mark])
    // The clock was set back.
    let again = try ledger.pinProfileCut(next, now: now - 7200)
    #expect(again.cut == now && again.previous == now)
    #expect(throws: DatabaseError.self) { try byAStranger("UPDATE profile_mark SET since = 5") }
  }
}
