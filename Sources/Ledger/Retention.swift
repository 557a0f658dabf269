package import ExportCore
import GRDB
package import TimeZones

/// Verbs that keep the state database from growing without end. What later runs are computed from is never touched:
/// plannedThrough, watermarks, marks, windows that are owed, and which windows are DONE.
extension Ledger {
  /// How many runs one transaction removes, so that nobody waits for long.
  private static let portion = 100

  /// Removes a portion of what ended before `limit`, and gives its pages back to the file system.
  /// - Returns: whether there is more to remove.
  package func prune(before limit: Instant) throws(ExportError) -> Bool {
    let isMore = try write { database in
      let runs = try Row.fetchAll(
        database.cachedStatement(
          sql: """
            SELECT id, export_id, window_from, window_to, state, voided FROM run
            WHERE finished_at < ?1 AND \(Self.isHistory) LIMIT ?2
            """), arguments: [limit, Self.portion])
      for run in runs {
        if run["state"] == "DONE", run["voided"] == 0, let from: Int64 = run["window_from"] {
          try Self.remember(doneFrom: from, to: run["window_to"], of: run["export_id"], database)
        }
        try database.cachedStatement(sql: "DELETE FROM run WHERE id = ?").execute(arguments: [
          run["id"] as RunId
        ])
      }
      try database.cachedStatement(sql: "DELETE FROM wish WHERE answered_at < ? OR created_at < ?").execute(
        arguments: [limit, limit])
      // The last one tells whether an export has recovered.
      try database.cachedStatement(
        sql: """
          DELETE FROM notice WHERE told_at < ? AND id < (SELECT max(id) FROM notice AS last
            WHERE last.export_id = notice.export_id)
          """
      ).execute(arguments: [limit])
      try Self.pruneRevisions(before: limit, database)
      try Self.pruneExports(before: limit, database)
      return runs.count == Self.portion
    }
    try reclaim()
    return isMore
  }

  /// Ended, not the newest of its export, owed by nobody, and without names left at its destination.
  private static let isHistory = """
    state IN ('DONE', 'FAILED', 'STOPPED', 'SKIPPED')
      AND id <> (SELECT max(id) FROM run AS newest WHERE newest.export_id = run.export_id)
      AND (state IN ('DONE', 'SKIPPED') OR window_from IS NULL
        OR (SELECT deleted_at FROM export WHERE id = run.export_id) IS NOT NULL)
      AND (state = 'DONE' OR NOT EXISTS (SELECT 1 FROM file WHERE run_id = run.id))
    """

  private static func remember(
    doneFrom from: Int64, to: Int64, of id: RequestId, _ database: Database
  ) throws {
    // Joined with those it touches.
    let joined = try Row.fetchOne(
      database.cachedStatement(
        sql: """
          SELECT min(span_from) AS span_from, max(span_to) AS span_to FROM done_span
          WHERE export_id = ? AND span_from <= ? AND span_to >= ?
          """), arguments: [id, to, from])
    let begin = min(joined?["span_from"] ?? from, from)
    let end = max(joined?["span_to"] ?? to, to)
    try database.cachedStatement(
      sql: "DELETE FROM done_span WHERE export_id = ? AND span_from <= ? AND span_to >= ?"
    ).execute(arguments: [id, to, from])
    try database.cachedStatement(
      sql: "INSERT INTO done_span (export_id, span_from, span_to) VALUES (?, ?, ?)"
    ).execute(arguments: [id, begin, end])
  }

  private static func pruneRevisions(before limit: Instant, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        DELETE FROM revision WHERE created_at < ?
          AND number <> (SELECT revision FROM export WHERE id = export_id)
          AND NOT EXISTS (SELECT 1 FROM run WHERE run.export_id = revision.export_id
            AND (run.revision = revision.number OR run.state <> 'DONE'))
        """
    ).execute(arguments: [limit])
  }

  /// Deleted exports of which nothing but their newest run is left.
  private static func pruneExports(before limit: Instant, _ database: Database) throws {
    let gone = try RequestId.fetchAll(
      database.cachedStatement(
        sql: """
          SELECT id FROM export WHERE deleted_at < ?1
            AND NOT EXISTS (SELECT 1 FROM run WHERE export_id = export.id
              AND (finished_at IS NULL OR finished_at >= ?1
                OR id <> (SELECT max(id) FROM run AS newest WHERE newest.export_id = export.id)))
            AND NOT EXISTS (SELECT 1 FROM run JOIN file ON file.run_id = run.id
              WHERE run.export_id = export.id AND run.state <> 'DONE')
            AND NOT EXISTS (SELECT 1 FROM export AS waiting WHERE waiting.resumes_after = export.id)
          """), arguments: [limit])
    for id in gone {
      for table in ["run", "watermark", "profile_mark", "catalogue", "done_span", "notice", "revision"] {
        try database.cachedStatement(sql: "DELETE FROM \(table) WHERE export_id = ?").execute(arguments: [id])
      }
      try database.cachedStatement(sql: "DELETE FROM export WHERE id = ?").execute(arguments: [id])
    }
  }

  /// Gives free pages back, some at a time.
  private func reclaim() throws(ExportError) {
    do {
      try database.writeWithoutTransaction {
        try $0.cachedStatement(sql: "PRAGMA incremental_vacuum(2000)").execute()
      }
    } catch {
      throw ExportError(ledger: error, path: path)
    }
  }
}
