package import ExportCore
import GRDB
package import TimeZones

/// Whether a one-time profile run may run (SPEC section 4).
package enum Admission: Hashable, Sendable {
  case admitted
  /// What keeps it waiting, in a sentence without a full stop.
  case waits(reason: String)
}

/// Verbs of the rule that a one-time profile export never runs beside a recurring one of its source. The state database
/// holds the rule itself, in triggers; these verbs say it in words first, in the same transaction.
extension Ledger {
  /// Admits a one-time profile run when nothing stands in its way, and it stays admitted until it has ended.
  /// - Parameter stopRecurring: the recurring exports of the source are stopped first; the run waits for those of their
  ///   runs that are in flight.
  /// - Parameter resume: they start again when the run has ended.
  package func admit(
    _ id: RunId, stopRecurring: Bool, resume: Bool, now: Instant
  ) throws(ExportError) -> Admission {
    try write { database in
      guard
        let row = try Row.fetchOne(
          database.cachedStatement(
            sql: """
              SELECT export.id, export.name, export.source, run.admitted_at FROM run
              JOIN export ON export.id = run.export_id WHERE run.id = ? AND run.state IN ('PENDING', 'RUNNING')
              """), arguments: [id])
      else { return .waits(reason: "the run has ended") }
      if row["admitted_at"] != nil { return .admitted }
      let source: String = row["source"]
      if stopRecurring {
        try Self.stopRecurring(
          of: source, for: row["id"], named: row["name"], resume: resume, now: now, database)
      }
      if let reason = try Self.obstacle(ofOneTime: source, database) {
        try database.cachedStatement(sql: "UPDATE run SET reason = ?1 WHERE id = ?2 AND reason IS NOT ?1")
          .execute(arguments: [reason, id])
        return .waits(reason: reason)
      }
      try database.cachedStatement(sql: "UPDATE run SET admitted_at = ?, reason = NULL WHERE id = ?").execute(
        arguments: [now, id])
      return .admitted
    }
  }

  /// Starts the recurring exports again whose one-time export has ended, however it did; what was stopped with them is
  /// owed once more.
  /// - Returns: their names.
  package func resumeRecurring(now: Instant) throws(ExportError) -> [String] {
    let condition = """
      resumes_after IS NOT NULL AND stopped_by = 'daemon' AND deleted_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM run WHERE run.export_id = resumes_after AND state IN ('PENDING', 'RUNNING'))
        AND EXISTS (SELECT 1 FROM export AS once WHERE once.id = export.resumes_after
          AND (once.planned_through IS NOT NULL OR once.stopped_by IS NOT NULL OR once.deleted_at IS NOT NULL))
        AND NOT EXISTS (SELECT 1 FROM admitted_one_time_profiles AS admitted WHERE admitted.source = export.source)
      """
    // Asked at every turn: only a look as long as there is nothing to do.
    let isAny = try read {
      try Bool.fetchOne($0.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM export WHERE \(condition))"))!
    }
    guard isAny else { return [] }
    return try write { database in
      let rows = try Row.fetchAll(
        database.cachedStatement(
          sql: """
            UPDATE export SET stopped_by = NULL, reason = NULL, resumes_after = NULL, waits = 0
            WHERE \(condition)
            RETURNING id, name
            """))
      for row in rows { try Self.reopen(row["id"], now: now, database) }
      return rows.map { $0["name"] }
    }
  }

  /// Notes that nothing of a recurring export is ahead any more.
  package func markDone(_ id: RequestId, now: Instant) throws(ExportError) {
    try write {
      try $0.cachedStatement(
        sql: """
          UPDATE export SET done_at = ? WHERE id = ? AND done_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM run WHERE export_id = export.id AND state IN ('PENDING', 'RUNNING'))
          """
      ).execute(arguments: [now, id])
    }
  }

  // MARK: Statements

  /// What keeps one-time profile exports of a source from running; nil when nothing does.
  static func obstacle(ofOneTime source: String, _ database: Database) throws -> String? {
    if let name = try String.fetchOne(
      database.cachedStatement(
        sql: "SELECT name FROM active_recurring_profiles WHERE source = ? ORDER BY name"), arguments: [source]
    ) {
      return "waits while the recurring profile export \(name) of source \(source) is active; "
        + "`exportd stop \(name)` lets it run"
    }
    if let name = try String.fetchOne(
      database.cachedStatement(
        sql: "SELECT name FROM recurring_profiles_in_flight WHERE source = ? ORDER BY name"),
      arguments: [source])
    {
      return "waits until the run of \(name) that is under way has ended"
    }
    return nil
  }

  /// Refuses a one-time profile export that would have to wait for a recurring one.
  static func requireNoActiveRecurring(_ name: String, source: String, _ database: Database) throws {
    let active = try String.fetchAll(
      database.cachedStatement(
        sql: "SELECT name FROM active_recurring_profiles WHERE source = ? ORDER BY name"), arguments: [source]
    )
    guard let first = active.first else { return }
    throw ExportError(
      .state, .refused, object: name,
      problem:
        "the recurring profile export \(active.joined(separator: ", ")) of source \(source) is active, "
        + "and a one-time profile export must not run beside it",
      hint: "`exportd stop \(first)` first, or create it with --stop-recurring")
  }

  /// Refuses what would make a recurring profile export active while a one-time one runs.
  static func requireNoAdmittedOneTime(_ name: String, source: String, _ database: Database) throws {
    guard let running = try admittedOneTime(of: source, database)?.name else { return }
    throw ExportError(
      .state, .refused, object: name,
      problem: "the one-time profile export \(running) of source \(source) is running, "
        + "and a recurring one must not run beside it",
      hint: "wait until it has ended (`exportd status \(running)`), or `exportd stop \(running)` first")
  }

  /// The one-time profile export of a source that is admitted; nil when none is.
  static func admittedOneTime(
    of source: String, _ database: Database
  ) throws -> (id: RequestId, name: String)? {
    try Row.fetchOne(
      database.cachedStatement(
        sql: "SELECT id, name FROM admitted_one_time_profiles WHERE source = ? ORDER BY name"),
      arguments: [source]
    ).map { ($0["id"], $0["name"]) }
  }

  /// Has a recurring profile export wait for the end of a one-time one, as files do.
  static func wait(
    _ id: RequestId, for running: (id: RequestId, name: String), now: Instant, _ database: Database
  ) throws {
    try database.cachedStatement(
      sql: """
        UPDATE export SET stopped_by = 'daemon', waits = 1, reason = ?, resumes_after = ?,
          stopped_at = max(?, coalesce(stopped_at + 1, 0)) WHERE id = ?
        """
    ).execute(arguments: [waitsForEnd(of: running.name), running.id, now, id])
    try stopWork(of: id, reason: waitsForEnd(of: running.name), now: now, database)
  }

  /// Why a recurring profile export that a file defines does not begin yet.
  static func waitsForEnd(of name: String) -> String {
    "waits while the one-time export \(name) runs, starts by itself when that has ended"
  }

  private static func stopRecurring(
    of source: String, for id: RequestId, named name: String, resume: Bool, now: Instant, _ database: Database
  ) throws {
    let active = try RequestId.fetchAll(
      database.cachedStatement(sql: "SELECT id FROM active_recurring_profiles WHERE source = ?"),
      arguments: [source])
    for recurring in active {
      let reason =
        resume
        ? "stopped for the one-time export \(name), starts again when that has ended"
        : "stopped for the one-time export \(name)"
      try database.cachedStatement(
        sql: """
          UPDATE export SET stopped_by = 'daemon', reason = ?, resumes_after = ?,
            stopped_at = max(?, coalesce(stopped_at + 1, 0)) WHERE id = ?
          """
      ).execute(arguments: [reason, resume ? id : nil, now, recurring])
      try stopWork(of: recurring, reason: reason, now: now, database)
    }
  }
}
