package import ExportCore
import GRDB
package import TimeZones

/// Verbs for windows that were planned by a clock that was far ahead (SPEC section 2).
extension Ledger {
  /// Voids the runs of an export that end after `now`: they stay in its history, and their windows are planned again when
  /// they are over. Nothing happens while one of its runs is under way.
  /// - Parameter stop: the export also stops, because what was sent cannot be told from what was not: started again, it
  ///   sends those windows, or all profiles, once more.
  /// - Returns: how many were voided.
  package func void(_ id: RequestId, reason: String, stop: Bool, now: Instant) throws(ExportError) -> Int {
    try write { database in
      let isUnderWay = try Bool.fetchOne(
        database.cachedStatement(
          sql: """
            SELECT EXISTS (SELECT 1 FROM run WHERE export_id = ?
              AND (state = 'RUNNING' OR (state = 'PENDING' AND manifest IS NOT NULL)))
            """), arguments: [id])!
      guard !isUnderWay else { return 0 }
      try database.cachedStatement(
        sql: """
          UPDATE run SET state = 'SKIPPED', finished_at = ?, next_attempt_at = NULL, reason = ?
          WHERE export_id = ? AND voided = 0 AND window_to > ? AND state IN ('PENDING', 'FAILED', 'STOPPED')
          """
      ).execute(arguments: [now, reason, id, now])
      try database.cachedStatement(
        sql: "UPDATE run SET voided = 1, reason = ? WHERE export_id = ? AND voided = 0 AND window_to > ?"
      ).execute(arguments: [reason, id, now])
      let count = database.changesCount
      guard count > 0 else { return 0 }
      try database.cachedStatement(
        sql: """
          UPDATE export SET planned_through = coalesce(
            (SELECT min(window_from) FROM run WHERE export_id = ?1 AND voided = 1 AND window_to > ?2),
            (SELECT max(window_to) FROM run WHERE export_id = ?1 AND voided = 0))
          WHERE id = ?1
          """
      ).execute(arguments: [id, now])
      if stop {
        try database.cachedStatement(sql: "DELETE FROM profile_mark WHERE export_id = ?").execute(arguments: [
          id
        ])
        try Self.stop(id, by: .daemon, reason: reason, now: now, database)
      }
      return count
    }
  }

  /// Voided windows that are still to be planned again, ascending, by export.
  package func voidedWindows() throws(ExportError) -> [RequestId: [Window]] {
    try read(Self.voidedWindows)
  }

  static func voidedWindows(_ database: Database) throws -> [RequestId: [Window]] {
    let rows = try Row.fetchAll(
      database.cachedStatement(
        sql: """
          SELECT DISTINCT run.export_id, window_from, window_to FROM run JOIN export ON export.id = run.export_id
          WHERE voided = 1 AND window_from >= coalesce(planned_through, window_from) ORDER BY window_from
          """))
    return Dictionary(
      grouping: rows.compactMap { row in
        Window(from: row["window_from"], to: row["window_to"]).map { (row["export_id"] as RequestId, $0) }
      }, by: \.0
    ).mapValues { $0.map(\.1) }
  }
}
