import Engine
import ExportCore
import Foundation
import Ledger
import Testing
import TimeZones

/// A state database of its own with exports that are taken through their lives by the ledger's own verbs.
struct ExportViewTests {
  private let ledger: Ledger
  private let start = Instant(rfc3339: "2026-11-24T05:00:00Z")!
  private static let day: Int64 = 86400

  init() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("view-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    ledger = try Ledger(stateDirectory: directory.path)
  }

  // MARK: States

  @Test func aNewExportIsPendingAndDueAtTheEndOfItsFirstWindow() throws {
    let id = try create(
      "charged", .recurring(Recurrence(everyHours: 6, from: date("2026-11-24"), at: .midnight)))
    let view = try view(id)
    #expect(view.state == .pending)
    #expect(view.lastRun == nil && view.reason == nil && view.overdueSince == nil)
    #expect(view.nextRunAt == Instant(rfc3339: "2026-11-24T06:00:00Z")!)
  }

  @Test func itRunsAndIsPendingAgain() throws {
    let id = try create("charged", sixHourly)
    let runs = try plan(id, at: start + 2 * 3600)
    let begun = try #require(try ledger.begin(runs[0], bootId: "boot", now: start + 2 * 3600))
    #expect(try view(id).state == .running)
    #expect(try view(id).lastRun?.id == begun.run.id)
    try finish(runs[0], rows: 7, at: start + 2 * 3600 + 5)
    let view = try view(id, at: start + 3 * 3600)
    #expect(view.state == .pending)
    #expect(view.lastRun?.rows == 7)
    #expect(view.nextRunAt == Instant(rfc3339: "2026-11-24T12:00:00Z")!)
  }

  @Test func aRunBetweenAttemptsTellsItsErrorAndWhenItIsTriedAgain() throws {
    let id = try create("charged", sixHourly)
    let run = try plan(id, at: start + 3600)[0]
    _ = try ledger.begin(run, bootId: "boot", now: start + 3600)
    _ = try ledger.retry(run, error: "the disk is full", next: start + 3900, now: start)
    let view = try view(id, at: start + 3700)
    #expect(view.state == .pending)
    #expect(view.reason == "the disk is full")
    #expect(view.nextRunAt == start + 3900)
  }

  @Test func afterGivingUpItIsFailedUntilALaterWindowEndsWell() throws {
    let id = try create("charged", sixHourly)
    let runs = try plan(id, at: start + 7 * 3600)
    try #require(runs.count == 2)
    try fail(runs[0], "no permission", at: start + 7 * 3600)
    var view = try view(id, at: start + 7 * 3600)
    #expect(view.state == .failed)
    #expect(view.reason == "no permission")
    #expect(view.failedWindows == 1)
    _ = try ledger.begin(runs[1], bootId: "boot", now: start + 7 * 3600)
    try finish(runs[1], at: start + 7 * 3600)
    view = try self.view(id, at: start + 8 * 3600)
    #expect(
      view.state == .pending, "the window that ended last is the later one, also within the same second")
    #expect(view.failedWindows == 1, "the window is still owed")
  }

  @Test func aStoppedExportHasNoNextRun() throws {
    let id = try create("charged", sixHourly)
    _ = try plan(id, at: start + 3600)
    try ledger.stop(id, by: .person, reason: "stopped by a person", now: start + 3600)
    let view = try view(id, at: start + 2 * Self.day)
    #expect(view.state == .stopped)
    #expect(view.reason == "stopped by a person")
    #expect(view.nextRunAt == nil && view.overdueSince == nil)
  }

  @Test func aStoppedExportWhoseRunStillEndsIsRunning() throws {
    let id = try create("charged", sixHourly)
    let run = try plan(id, at: start + 3600)[0]
    _ = try ledger.begin(run, bootId: "boot", now: start + 3600)
    try ledger.stop(id, by: .person, reason: "stopped by a person", now: start + 3601)
    #expect(try view(id, at: start + 3601).state == .running)
    _ = try ledger.stopped(run, reason: "stopped by a person", now: start + 3602)
    #expect(try view(id, at: start + 3602).state == .stopped)
  }

  @Test func aOneTimeExportIsDoneWithItsRun() throws {
    let id = try create("november", .once(.day(date("2026-11-23"))))
    #expect(try view(id).state == .pending)
    let run = try plan(id, at: start)[0]
    #expect(try view(id).state == .pending)
    _ = try ledger.begin(run, bootId: "boot", now: start)
    try finish(run, at: start + 1)
    let view = try view(id, at: start + 30 * Self.day)
    #expect(view.state == .done)
    #expect(view.nextRunAt == nil && view.overdueSince == nil && view.reason == nil)
  }

  @Test func aOneTimeExportThatGaveUpIsFailedAndOneThatWasSkippedSaysWhy() throws {
    let failed = try create("failed", .once(.day(date("2026-11-23"))))
    try fail(try plan(failed, at: start)[0], "no such table", at: start)
    #expect(try view(failed).state == .failed)

    let skipped = try create("skipped", .once(.day(date("2026-11-23"))))
    _ = try plan(skipped, at: start)
    try ledger.skip(skipped, through: nil, reason: "left out", now: start)
    #expect(try view(skipped).state == .done)
    #expect(try view(skipped).reason == "left out")
  }

  @Test func anExportWithAnEndIsDoneWhenAllItsWindowsAre() throws {
    let recurrence = Recurrence(
      everyHours: 24, from: date("2026-11-20"), at: .midnight, until: date("2026-11-22"))
    let id = try create("three-days", .recurring(recurrence))
    let runs = try plan(id, at: start)
    try #require(runs.count == 3)
    for run in runs.dropLast() {
      _ = try ledger.begin(run, bootId: "boot", now: start)
      try finish(run, at: start)
    }
    #expect(try view(id).state == .pending)
    _ = try ledger.begin(runs[2], bootId: "boot", now: start)
    try finish(runs[2], at: start)
    #expect(try view(id).state == .done)
  }

  @Test func anExportWithAnEndThatOwesAWindowIsFailedAtItsEnd() throws {
    let recurrence = Recurrence(
      everyHours: 24, from: date("2026-11-22"), at: .midnight, until: date("2026-11-23"))
    let id = try create("two-days", .recurring(recurrence))
    let runs = try plan(id, at: start)
    try fail(runs[0], "the source was gone", at: start)
    _ = try ledger.begin(runs[1], bootId: "boot", now: start + 60)
    try finish(runs[1], at: start + 60)
    let view = try view(id, at: start + 100)
    #expect(view.state == .failed)
    #expect(view.reason == "1 window is FAILED")
  }

  @Test func aWordAboutTheDefinitionIsTheReason() throws {
    let id = try create("charged", sixHourly)
    try ledger.note(id, "its definition file is broken")
    let view = try view(id)
    #expect(view.state == .pending)
    #expect(view.reason == "its definition file is broken")
  }

  @Test func aZoneThatIsGoneHidesNothing() throws {
    let id = try create("charged", sixHourly)
    let snapshot = try #require(try ledger.snapshot(of: id))
    let view = ExportView(
      snapshot,
      zone: { (name) throws(ExportError) in
        throw ExportError(.configuration, .lasting, object: "time zone \(name)", problem: "is gone")
      }, isBusy: false, now: start)
    #expect(view.state == .pending)
    #expect(view.zone == .utc)
    #expect(view.reason == "time zone UTC: is gone")
  }

  // MARK: Overdue

  @Test func aWindowThatNobodyTakesUpIsOverdueAfterItsPatience() throws {
    let id = try create("charged", sixHourly)
    let due = Instant(rfc3339: "2026-11-24T06:00:00Z")!
    #expect(try view(id, at: due + ExportView.patience).overdueSince == nil)
    #expect(try view(id, at: due + ExportView.patience + 1).overdueSince == due)
  }

  @Test func windowsBeforeTheExportWasMadeAreNotLate() throws {
    let id = try create(
      "backfill", .recurring(Recurrence(everyHours: 6, from: date("2026-11-01"), at: .midnight)))
    #expect(try view(id, at: start + 60).overdueSince == nil)
    #expect(try view(id, at: start + 2 * ExportView.patience).overdueSince == start)
  }

  @Test func catchingUpIsNotLateWhileRunsEnd() throws {
    let id = try create(
      "backfill", .recurring(Recurrence(everyHours: 24, from: date("2026-11-20"), at: .midnight)))
    let runs = try plan(id, at: start)
    let later = start + 2 * ExportView.patience
    _ = try ledger.begin(runs[0], bootId: "boot", now: later)
    #expect(try view(id, at: later).overdueSince == nil)
    try finish(runs[0], at: later)
    #expect(try view(id, at: later + 10).overdueSince == nil)
    #expect(try view(id, at: later + 2 * ExportView.patience).overdueSince == later)
  }

  @Test func whatWaitsForAFreeSlotIsNotLateButWhatIsTriedInVainIs() throws {
    let waiting = try create("waiting", sixHourly)
    _ = try plan(waiting, at: start + 3600)
    let retrying = try create("retrying", sixHourly)
    let run = try plan(retrying, at: start + 3600)[0]
    _ = try ledger.begin(run, bootId: "boot", now: start + 3600)
    _ = try ledger.retry(run, error: "the disk is full", next: start + 9000, now: start)
    let later = start + 3600 + 2 * ExportView.patience
    #expect(try view(waiting, isBusy: true, at: later).overdueSince == nil)
    #expect(try view(waiting, isBusy: false, at: later).overdueSince != nil)
    #expect(try view(retrying, isBusy: true, at: later).overdueSince == start + 3600)
  }

  // MARK: All of them

  @Test func theOverviewHoldsEveryLiveExportByName() throws {
    let first = try create("b", sixHourly)
    _ = try create("a", sixHourly)
    let deleted = try create("c", sixHourly)
    try ledger.delete(deleted, now: start)
    try fail(try plan(first, at: start + 3600)[0], "broken", at: start + 3600)
    let overview = try Overview(ledger, zone: utc, pid: nil, now: start + 3600)
    #expect(overview.exports.map(\.record.name) == ["a", "b"])
    #expect(overview.exports.map(\.state) == [.pending, .failed])
    #expect(overview.needingAttention.map(\.record.name) == ["b"])
    #expect(overview.daemon == nil)
    #expect(try ledger.snapshot(of: deleted)?.record.name == "c", "history stays")
  }

  @Test func onlyTheProcessThatHoldsTheStateDirectoryIsTheDaemon() throws {
    try ledger.register(bootId: "boot", pid: 41, version: "1.2.3", now: start)
    #expect(try Overview(ledger, zone: utc, pid: nil, now: start).daemon == nil)
    let daemon = try #require(try Overview(ledger, zone: utc, pid: 42, now: start).daemon)
    #expect(daemon.pid == 42 && daemon.version == "1.2.3" && daemon.startedAt == start)
    try ledger.reloaded(error: "exports.d/a.json is broken", now: start)
    #expect(try Overview(ledger, zone: utc, pid: nil, now: start).reloadError == "exports.d/a.json is broken")
  }

  // MARK: Material

  private var sixHourly: Frequency {
    .recurring(Recurrence(everyHours: 6, from: date("2026-11-24"), at: .midnight))
  }

  private let utc: (String) throws(ExportError) -> Zone = { (_) throws(ExportError) in .utc }

  private func date(_ text: String) -> LocalDate { LocalDate(iso: text)! }

  private func create(_ name: String, _ frequency: Frequency) throws -> RequestId {
    let definition = Definition(
      source: "main", destination: "local", data: .allEvents, frequency: frequency, format: .json)
    let timing: Revision.Timing =
      switch frequency {
      case .recurring(let recurrence): .recurring(from: try #require(recurrence.from))
      case .once(.day(let day)): .once(try #require(Window(from: midnight(day), to: midnight(day + 1))))
      case .once: .onceNow(Instant(seconds: 0))
      }
    let revision = Revision(
      account: "1", definition: definition,
      source: .sqlite(
        SQLiteSourceConfiguration(
          databases: [.init(id: "0", path: "/x.db")], events: EventMapping(from: "events"), profiles: nil)),
      destination: .directory(DirectoryConfiguration(path: "/out")), timeZone: "UTC",
      identifiers: [.identity], timing: timing)
    return try ledger.create(
      name: name, origin: .command, definition: "{}", resolved: revision, now: start)
  }

  private func midnight(_ date: LocalDate) -> Instant { Zone.utc.startOfDay(date) }

  private func view(_ id: RequestId, isBusy: Bool = false, at now: Instant? = nil) throws -> ExportView {
    ExportView(try #require(try ledger.snapshot(of: id)), zone: utc, isBusy: isBusy, now: now ?? start)
  }

  /// Claims what is due at `now` and returns the open runs, oldest window first.
  private func plan(_ id: RequestId, at now: Instant) throws -> [RunId] {
    let record = try #require(try ledger.export(id))
    let planner = try RunPlanner(
      revision: try ledger.revision(of: id).resolved, plannedThrough: record.plannedThrough, hasSequence: nil,
      zone: .utc)
    try ledger.claim(planner.due(at: now, hasOpenRun: false), of: id, now: now)
    return try ledger.openRuns().filter { $0.exportId == id }.map(\.id)
  }

  private func finish(_ run: RunId, rows: Int = 0, at now: Instant) throws {
    try ledger.commit(
      run, manifest: [0x7B, 0x7D], named: "manifest.json", rows: rows, bytes: 0, files: 0, rejected: 0,
      watermarks: [])
    try ledger.finish(run, now: now)
  }

  private func fail(_ run: RunId, _ error: String, at now: Instant) throws {
    _ = try ledger.begin(run, bootId: "boot", now: now)
    try ledger.fail(run, error: error, now: now)
  }
}
