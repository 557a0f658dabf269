package import ExportCore
import Foundation
import GRDB
package import TimeZones

/// A window that is to be claimed, and when it is due.
package struct PlannedWindow: Hashable, Sendable {
  /// Nil for the first run of a recurring profile export, which has nothing before it, and for a one-time export of
  /// all profiles.
  package var from: Instant?
  package var to: Instant
  package var dueAt: Instant
  /// Whether the run covers [from, to). A recurring profile run covers what has changed between two cuts instead, and
  /// the bounds only tell when it is due.
  package var isCovered: Bool

  /// Nil for a run that has none.
  package var window: Window? { isCovered ? from.flatMap { Window(from: $0, to: to) } : nil }

  package init(window: Window, dueAt: Instant) {
    (from, to, isCovered) = (window.from, window.to, true)
    self.dueAt = dueAt
  }

  /// Of a profile run that is due at a boundary.
  package init(profilesFrom from: Instant?, to: Instant, dueAt: Instant) {
    (self.from, self.to, isCovered) = (from, to, false)
    self.dueAt = dueAt
  }
}

/// What an attempt is made for.
package enum Occasion: Hashable, Sendable {
  /// Its window is due, or a committed run is to go forward. An export that is stopped has none.
  case due
  /// A person asks for it, also while the export is stopped: as it was when they asked, last stopped at `stoppedAt`. A later
  /// stop is a later word.
  case asked(stoppedAt: Instant?)

  package var isAsked: Bool { self != .due }

  /// Whether the export `record` is as the person who asked found it.
  package func stands(with record: ExportRecord) -> Bool {
    switch self {
    case .due: record.stoppedBy == nil
    case .asked(let stoppedAt): record.stoppedAt == stoppedAt
    }
  }
}

/// Everything an attempt needs, read in the transaction that begins it.
package struct BegunRun: Sendable {
  package var run: RunRecord
  package var exportName: String
  package var runTimestamp: Int64
  /// The pinned revision, or the newest while nothing is delivered.
  package var revision: RevisionRecord
  package var cuts: [DatabaseCut]
  package var files: [FileRecord]
  package var watermarks: [WatermarkRecord]
  /// DONE windows of the export, ascending.
  package var doneWindows: [Window]
  /// Whether the same window is DONE already and voided: what lies before the watermark has been sent.
  package var isPlannedAgain: Bool
  /// What a delta of profiles begins from.
  package var profileMarks: [ProfileMark]
  /// Set when the run has committed: only the manifest is left to send.
  package var manifest: [UInt8]?
}

/// Verbs about runs: claim, begin, commit, done, and every way of ending otherwise.
extension Ledger {
  /// Claims windows: inserts their runs and moves `plannedThrough` to the end of the last, before any I/O.
  /// - Throws: ``ExportError`` when one is claimed already or overlaps one that is.
  package func claim(_ windows: [PlannedWindow], of id: RequestId, now: Instant) throws(ExportError) {
    guard !windows.isEmpty else { return }
    try write { try Self.plan(windows, of: id, now: now, $0) }
  }

  /// Runs that are PENDING or RUNNING, of all exports; oldest window first within an export.
  package func openRuns() throws(ExportError) -> [RunRecord] {
    try read {
      try RunRecord.fetchAll(
        $0.cachedStatement(
          sql: """
            SELECT \(RunRecord.columns) FROM run WHERE state IN ('PENDING', 'RUNNING')
            ORDER BY export_id, window_to
            """))
    }
  }

  /// Whether a run of any export is RUNNING.
  package func isAnyRunning() throws(ExportError) -> Bool {
    try read {
      try Bool.fetchOne(
        $0.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM run WHERE state = 'RUNNING')"))!
    }
  }

  package func run(_ id: RunId) throws(ExportError) -> RunRecord? {
    try read {
      try RunRecord.fetchOne(
        $0.cachedStatement(sql: "SELECT \(RunRecord.columns) FROM run WHERE id = ?"), arguments: [id])
    }
  }

  /// Begins an attempt: PENDING → RUNNING under this process's boot id. The first attempt gives the run its
  /// timestamp: `now`, counted up until it is unique within the export.
  /// - Returns: nil when the run may not begin: it is not PENDING any more, its export is stopped, deleted or
  ///   already running, was stopped after a person had asked for the attempt, or it is a one-time profile run that has
  ///   not been admitted.
  /// - Throws: ``ExportError`` of kind `refused` for a run of a recurring profile export while a one-time one of its
  ///   source runs.
  package func begin(
    _ id: RunId, bootId: String, for occasion: Occasion = .due, now: Instant
  ) throws(ExportError) -> BegunRun? {
    try write { (database) -> BegunRun? in
      guard let export = try Self.export(ofRun: id, database) else { return nil }
      if export.dataType == .profiles, export.isRecurring {
        try Self.requireNoAdmittedOneTime(export.name, source: export.source, database)
      }
      try database.cachedStatement(
        sql: """
          UPDATE run SET state = 'RUNNING', boot_id = :boot, attempt = attempt + 1, started_at = :now,
            first_attempt_at = coalesce(first_attempt_at, :now), next_attempt_at = NULL, error = NULL,
            run_timestamp = coalesce(run_timestamp,
              max(:now, coalesce((SELECT max(run_timestamp) + 1 FROM run AS other
                WHERE other.export_id = run.export_id), 0)))
          WHERE id = :id AND state = 'PENDING'
            AND NOT EXISTS (SELECT 1 FROM run AS other
              WHERE other.export_id = run.export_id AND other.state = 'RUNNING')
            AND (manifest IS NOT NULL OR EXISTS (SELECT 1 FROM export
              WHERE export.id = run.export_id AND deleted_at IS NULL AND (stopped_by IS NULL OR :asked)))
            AND (admitted_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM export
              WHERE export.id = run.export_id AND data_type = 'profiles' AND is_recurring = 0))
          """
      ).execute(arguments: [
        "boot": bootId, "now": now, "id": id, "asked": occasion.isAsked && occasion.stands(with: export),
      ])
      guard database.changesCount == 1 else { return nil }
      // A run that was reopened may have got ahead of this one: with a cut behind the watermark it would set that back, and
      // what lies between would be sent twice.
      if try Self.isOvertaken(id, database) || Self.hasOutdatedCatalogue(id, database) {
        try Self.startOver("SELECT id FROM run WHERE id = ? AND manifest IS NULL", [id], database)
      }
      try Self.pinCatalogue(of: id, database)
      let run = try RunRecord.fetchOne(
        database.cachedStatement(sql: "SELECT \(RunRecord.columns) FROM run WHERE id = ?"), arguments: [id])!
      return BegunRun(
        run: run,
        exportName: try String.fetchOne(
          database.cachedStatement(sql: "SELECT name FROM export WHERE id = ?"), arguments: [run.exportId])!,
        runTimestamp: run.runTimestamp!,
        revision: try Self.revision(of: run.exportId, number: run.revision, database),
        cuts: try Self.cuts(of: id, database),
        files: try Self.files(of: id, database),
        watermarks: try WatermarkRecord.fetchAll(
          database.cachedStatement(sql: "SELECT * FROM watermark WHERE export_id = ?"),
          arguments: [run.exportId]),
        doneWindows: try Self.doneWindows(of: run.exportId, database),
        isPlannedAgain: try Bool.fetchOne(
          database.cachedStatement(
            sql: """
              SELECT EXISTS (SELECT 1 FROM run WHERE export_id = ? AND voided = 1 AND state = 'DONE'
                AND window_from = ? AND window_to = ?)
              """), arguments: [run.exportId, run.windowFrom, run.windowTo])!,
        profileMarks: try ProfileMark.fetchAll(
          database.cachedStatement(sql: "SELECT * FROM profile_mark WHERE export_id = ?"),
          arguments: [run.exportId]),
        manifest: try DatabaseValue.fetchOne(
          database.cachedStatement(sql: "SELECT manifest FROM run WHERE id = ?"), arguments: [id]
        ).flatMap { Data.fromDatabaseValue($0).map { [UInt8]($0) } })
    }
  }

  /// Pins the cuts of a run. A database that is pinned already keeps its cut.
  package func pin(_ cuts: [DatabaseCut], of id: RunId) throws(ExportError) {
    try write { database in
      for cut in cuts {
        try database.cachedStatement(
          sql: "INSERT INTO cut (run_id, database_id, cut) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        ).execute(arguments: [id, cut.databaseId, try Self.json(cut)])
      }
    }
  }

  /// The commit: the exact manifest bytes, the totals, the new watermarks, and what the run adds to the catalogue, in
  /// one transaction. From here the run only goes forward.
  /// - Parameter columns: those that no earlier ``grow(_:of:outdating:)`` of the run has written down.
  /// - Throws: ``ExportError`` when a file of the run is not delivered.
  package func commit(
    _ id: RunId, manifest: [UInt8], named name: String, rows: Int, bytes: Int, files: Int, rejected: Int,
    watermarks: [DatabaseCut], profileMarks: [ProfileMark] = [],
    columns: some Sequence<CataloguedProperty> = EmptyCollection<CataloguedProperty>()
  ) throws(ExportError) {
    try write { database in
      try Self.withData(of: manifest) {
        try database.cachedStatement(
          sql: """
            UPDATE run SET manifest = ?, manifest_name = ?, rows = ?, bytes = ?, files = ?, rejected = ?
            WHERE id = ? AND state = 'RUNNING' AND manifest IS NULL
            """
        ).execute(arguments: [$0, name, rows, bytes, files, rejected, id])
      }
      guard database.changesCount == 1 else {
        throw ExportError(.state, .passing, object: "run \(id)", problem: "is not running any more")
      }
      for cut in watermarks {
        guard let bound = cut.bound else { continue }
        try database.cachedStatement(
          sql: """
            INSERT INTO watermark (export_id, database_id, bound, fingerprint, run_id)
            SELECT export_id, :database, :bound, :fingerprint, id FROM run WHERE id = :id
            ON CONFLICT DO UPDATE SET bound = excluded.bound, fingerprint = excluded.fingerprint,
              run_id = excluded.run_id
            """
        ).execute(arguments: [
          "database": cut.databaseId, "bound": bound, "fingerprint": cut.fingerprint, "id": id,
        ])
      }
      for mark in profileMarks { try Self.set(mark, by: id, database) }
      try Self.commitCatalogue(of: id, adding: columns, database)
    }
  }

  /// The manifest lies at the destination: the run is complete.
  package func finish(_ id: RunId, now: Instant) throws(ExportError) {
    try write { database in
      try database.cachedStatement(
        sql: """
          UPDATE run SET state = 'DONE', boot_id = NULL, finished_at = ?, error = NULL, reason = NULL
          WHERE id = ? AND state = 'RUNNING' AND manifest IS NOT NULL
          """
      ).execute(arguments: [now, id])
      guard database.changesCount == 1 else {
        throw ExportError(.state, .lasting, object: "run \(id)", problem: "is not committed")
      }
      try database.cachedStatement(sql: "DELETE FROM file WHERE run_id = ?").execute(arguments: [id])
      try Self.noticeRecovery(by: id, now: now, database)
    }
  }

  /// The attempt failed and will be tried again at `next`, unless its export was stopped or deleted meanwhile: then the
  /// run is STOPPED with it.
  /// - Returns: whether it will be tried again.
  package func retry(_ id: RunId, error: String, next: Instant, now: Instant) throws(ExportError) -> Bool {
    try write { database in
      try database.cachedStatement(
        sql: """
          UPDATE run SET state = 'PENDING', boot_id = NULL, error = ?, next_attempt_at = ?
          WHERE id = ? AND state = 'RUNNING'
          """
      ).execute(arguments: [error, next, id])
      return try Self.stopRunsOfStopped("run.id = \(id)", now: now, database) == 0
    }
  }

  /// How far a running attempt has come, for those who watch.
  package func progress(_ id: RunId, rows: Int) throws(ExportError) {
    try write {
      try $0.cachedStatement(
        sql: "UPDATE run SET rows = ? WHERE id = ? AND state = 'RUNNING' AND manifest IS NULL"
      ).execute(arguments: [rows, id])
    }
  }

  /// The attempt was interrupted and goes on as soon as somebody runs it.
  package func interrupt(_ id: RunId, reason: String) throws(ExportError) {
    try write {
      try $0.cachedStatement(
        sql: """
          UPDATE run SET state = 'PENDING', boot_id = NULL, error = ?, next_attempt_at = NULL
          WHERE id = ? AND state = 'RUNNING'
          """
      ).execute(arguments: [reason, id])
    }
  }

  /// The run gives up: FAILED. Its delivered files are still to be deleted.
  package func fail(_ id: RunId, error: String, now: Instant) throws(ExportError) {
    try write {
      try $0.cachedStatement(
        sql: """
          UPDATE run SET state = 'FAILED', boot_id = NULL, error = ?, finished_at = ?, next_attempt_at = NULL
          WHERE id = ? AND state IN ('RUNNING', 'PENDING') AND manifest IS NULL
          """
      ).execute(arguments: [error, now, id])
      if $0.changesCount == 1 { try Self.noticeFailure(of: id, error: error, now: now, $0) }
    }
  }

  /// The run has ended because its export was stopped or deleted. A committed one goes on to its end instead.
  /// - Returns: false when it has committed and therefore only goes forward, or its export was started again.
  package func stopped(_ id: RunId, reason: String, now: Instant) throws(ExportError) -> Bool {
    try write {
      try $0.cachedStatement(
        sql: """
          UPDATE run SET state = 'STOPPED', boot_id = NULL, reason = ?, finished_at = ?, next_attempt_at = NULL
          WHERE id = ? AND state IN ('RUNNING', 'PENDING') AND manifest IS NULL
            AND EXISTS (SELECT 1 FROM export WHERE export.id = run.export_id AND stopped_by IS NOT NULL)
          """
      ).execute(arguments: [reason, now, id])
      return $0.changesCount == 1
    }
  }

  /// Waiting runs of an export that is still stopped are STOPPED again: the one attempt that a person asked for is over.
  package func stopWaiting(of id: RequestId, now: Instant) throws(ExportError) {
    try write { _ = try Self.stopRunsOfStopped("run.export_id = \(id)", now: now, $0) }
  }

  /// Runs left RUNNING by a process that is gone become PENDING again, to be gone on with at once, and every waiting
  /// run gets at least one attempt now. Those whose export was stopped meanwhile are STOPPED with it.
  /// - Returns: those that had been interrupted.
  package func adopt(bootId: String, now: Instant) throws(ExportError) -> [RunId] {
    try write { database in
      let interrupted = try RunId.fetchAll(
        database.cachedStatement(
          sql: """
            UPDATE run SET state = 'PENDING', boot_id = NULL, error = 'interrupted: the process that ran it ended',
              next_attempt_at = NULL WHERE state = 'RUNNING' AND boot_id <> ? RETURNING id
            """), arguments: [bootId])
      try database.cachedStatement(sql: "UPDATE run SET next_attempt_at = NULL WHERE state = 'PENDING'")
        .execute()
      try Self.stopRunsOfStopped("true", now: now, database)
      return interrupted
    }
  }

  /// FAILED and STOPPED event windows of an export are owed again, under the same run timestamp and names, and
  /// waiting ones are due now; of an export that was stopped after `occasion` nothing changes.
  /// - Returns: how many are due.
  package func reopen(
    _ id: RequestId, for occasion: Occasion, now: Instant
  ) throws(ExportError) -> Int {
    try write { database in
      let record = try ExportRecord.fetchOne(
        database.cachedStatement(sql: "SELECT \(ExportRecord.columns) FROM export WHERE id = ?"),
        arguments: [id])
      guard let record, record.deletedAt == nil, occasion.stands(with: record) else { return 0 }
      return try Self.reopen(id, now: now, database)
    }
  }

  /// FAILED, STOPPED and waiting windows become SKIPPED with the reason, and nothing before `through` is planned.
  package func skip(_ id: RequestId, through: Instant?, reason: String, now: Instant) throws(ExportError) {
    try write { database in
      try database.cachedStatement(
        sql: """
          UPDATE run SET state = 'SKIPPED', reason = ?, finished_at = ?, next_attempt_at = NULL
          WHERE export_id = ? AND state IN ('FAILED', 'STOPPED', 'PENDING') AND manifest IS NULL
          """
      ).execute(arguments: [reason, now, id])
      guard let through else { return }
      try database.cachedStatement(
        sql: """
          UPDATE export SET planned_through = ?1
          WHERE id = ?2 AND (planned_through IS NULL OR planned_through < ?1)
          """
      ).execute(arguments: [through, id])
    }
  }

  // MARK: Statements

  /// Lends bytes to a statement that is executed in `body`: a manifest of very many files is not held twice.
  private static func withData(of bytes: [UInt8], _ body: (Data) throws -> Void) rethrows {
    try bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return try body(Data()) }
      try body(
        Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: base), count: bytes.count, deallocator: .none))
    }
  }

  static func export(ofRun id: RunId, _ database: Database) throws -> ExportRecord? {
    try ExportRecord.fetchOne(
      database.cachedStatement(
        sql: """
          SELECT \(ExportRecord.columns) FROM export WHERE id = (SELECT export_id FROM run WHERE id = ?)
          """), arguments: [id])
  }

  static func plan(_ windows: [PlannedWindow], of id: RequestId, now: Instant, _ database: Database) throws {
    guard let last = windows.last else { return }
    for planned in windows {
      try database.cachedStatement(
        sql: """
          INSERT INTO run (export_id, window_from, window_to, state, scheduled_at)
          VALUES (?, ?, ?, 'PENDING', ?)
          """
      ).execute(arguments: [id, planned.isCovered ? planned.from : nil, planned.to, planned.dueAt])
    }
    try database.cachedStatement(sql: "UPDATE export SET planned_through = ? WHERE id = ?").execute(
      arguments: [last.to, id])
  }

  /// Ends what waits to be done for an export that is stopped or deleted.
  static func stopWork(of id: RequestId, reason: String, now: Instant, _ database: Database) throws {
    try stopWaitingRuns(of: id, reason: reason, now: now, database)
    try refuseRunWishes(of: id, reason: reason, now: now, database)
  }

  static func stopWaitingRuns(of id: RequestId, reason: String, now: Instant, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        UPDATE run SET state = 'STOPPED', reason = ?, finished_at = ?, next_attempt_at = NULL
        WHERE export_id = ? AND state = 'PENDING' AND manifest IS NULL
        """
    ).execute(arguments: [reason, now, id])
  }

  /// Whether the watermark has passed the cut of a run.
  private static func isOvertaken(_ id: RunId, _ database: Database) throws -> Bool {
    try Bool.fetchOne(
      database.cachedStatement(
        sql: """
          SELECT EXISTS (SELECT 1 FROM run JOIN cut ON cut.run_id = run.id
            JOIN watermark ON watermark.export_id = run.export_id AND watermark.database_id = cut.database_id
            WHERE run.id = ? AND bound > json_extract(cut, '$.bound'))
          """), arguments: [id])!
  }

  /// A run that waits though its export was stopped or deleted while it was under way.
  /// - Returns: how many there were.
  @discardableResult
  private static func stopRunsOfStopped(
    _ condition: String, now: Instant, _ database: Database
  ) throws -> Int {
    try database.cachedStatement(
      sql: """
        UPDATE run SET state = 'STOPPED', finished_at = ?, next_attempt_at = NULL,
          reason = coalesce((SELECT reason FROM export WHERE export.id = run.export_id), 'stopped')
        WHERE \(condition) AND state = 'PENDING' AND manifest IS NULL
          AND EXISTS (SELECT 1 FROM export WHERE export.id = run.export_id AND stopped_by IS NOT NULL)
        """
    ).execute(arguments: [now])
    return database.changesCount
  }

  @discardableResult
  static func reopen(_ id: RequestId, now: Instant, _ database: Database) throws -> Int {
    // Later windows may have moved the watermark meanwhile: an old cut would lose what came between the two, so a
    // reopened run pins a new one, and what it may still have at its destination is of an earlier attempt.
    // Of profile runs only the newest is owed: its delta holds what those before it would have.
    let owed = """
      export_id = ? AND state IN ('FAILED', 'STOPPED') AND voided = 0
        AND (window_from IS NOT NULL
          OR window_to = (SELECT max(window_to) FROM run AS other WHERE other.export_id = run.export_id))
      """
    try startOver("SELECT id FROM run WHERE \(owed)", [id], database)
    try database.cachedStatement(
      sql: """
        UPDATE run SET state = 'PENDING', reason = NULL, finished_at = NULL, next_attempt_at = NULL,
          first_attempt_at = NULL, admitted_at = NULL
        WHERE \(owed)
        """
    ).execute(arguments: [id])
    try database.cachedStatement(
      sql: "UPDATE run SET next_attempt_at = NULL WHERE export_id = ? AND state = 'PENDING'"
    ).execute(arguments: [id])
    return try Int.fetchOne(
      database.cachedStatement(sql: "SELECT count(*) FROM run WHERE export_id = ? AND state = 'PENDING'"),
      arguments: [id])!
  }

  /// A run that has delivered files lets go of them and starts over: with the newest revision and a new cut.
  package func restart(_ id: RunId) throws(ExportError) {
    try write { try Self.startOver("SELECT id FROM run WHERE id = ? AND manifest IS NULL", [id], $0) }
  }

  static func cuts(of id: RunId, _ database: Database) throws -> [DatabaseCut] {
    try String.fetchAll(
      database.cachedStatement(sql: "SELECT cut FROM cut WHERE run_id = ?"), arguments: [id]
    )
    .map { try parse(DatabaseCut.self, $0) }
  }

  static func startOver(_ runs: String, _ arguments: StatementArguments, _ database: Database) throws {
    try database.cachedStatement(sql: "DELETE FROM cut WHERE run_id IN (\(runs))").execute(
      arguments: arguments)
    try database.cachedStatement(
      sql: "UPDATE file SET state = 'stale', error = NULL WHERE run_id IN (\(runs))"
    ).execute(arguments: arguments)
    try database.cachedStatement(sql: "DELETE FROM pending_catalogue WHERE run_id IN (\(runs))").execute(
      arguments: arguments)
    try database.cachedStatement(
      sql: """
        UPDATE run SET revision = NULL, cut_at = NULL, previous_cut_at = NULL, catalogue_revision = NULL
        WHERE id IN (\(runs))
        """
    ).execute(arguments: arguments)
  }
}
