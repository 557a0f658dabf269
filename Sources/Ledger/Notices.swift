package import ExportCore
package import GRDB
package import TimeZones

/// Something that people are to be told of, once.
package struct Notice: Hashable, Sendable, FetchableRecord {
  package enum Kind: String, Hashable, Sendable, Codable, DatabaseValueConvertible {
    /// A run gave up.
    case failed
    /// The first run after that is DONE.
    case recovered
  }
  package var id: Int64
  package var kind: Kind
  package var exportId: RequestId
  package var runId: RunId
  package var error: String?
  package var createdAt: Instant
  /// How often it was tried in vain.
  package var attempt: Int

  package init(row: Row) {
    id = row["id"]
    kind = row["kind"]
    exportId = row["export_id"]
    runId = row["run_id"]
    error = row["error"]
    createdAt = row["created_at"]
    attempt = row["attempt"]
  }
}

/// Verbs about notices. They are written in the transaction of what they tell of, so that a crash loses none.
extension Ledger {
  /// Those to be told now, oldest first.
  package func noticesToTell(at now: Instant) throws(ExportError) -> [Notice] {
    try read {
      try Notice.fetchAll(
        $0.cachedStatement(
          sql: """
            SELECT id, kind, export_id, run_id, error, created_at, attempt FROM notice
            WHERE told_at IS NULL AND (next_attempt_at IS NULL OR next_attempt_at <= ?) ORDER BY id LIMIT 20
            """), arguments: [now])
    }
  }

  /// Somebody was told, or nobody is to be.
  package func told(_ id: Int64, now: Instant) throws(ExportError) {
    try write {
      try $0.cachedStatement(sql: "UPDATE notice SET told_at = ? WHERE id = ?").execute(arguments: [now, id])
    }
  }

  /// Nobody could be told: tried again at `next`.
  package func notTold(_ id: Int64, next: Instant) throws(ExportError) {
    try write {
      try $0.cachedStatement(sql: "UPDATE notice SET attempt = attempt + 1, next_attempt_at = ? WHERE id = ?")
        .execute(arguments: [next, id])
    }
  }

  static func noticeFailure(of run: RunId, error: String, now: Instant, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        INSERT INTO notice (kind, export_id, run_id, error, created_at)
        SELECT 'failed', export_id, id, ?, ? FROM run WHERE id = ?
        """
    ).execute(arguments: [error, now, run])
  }

  /// When the last thing told of the export was a failure.
  static func noticeRecovery(by run: RunId, now: Instant, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        INSERT INTO notice (kind, export_id, run_id, created_at)
        SELECT 'recovered', export_id, id, ? FROM run WHERE id = ? AND 'failed' =
          (SELECT kind FROM notice WHERE notice.export_id = run.export_id ORDER BY id DESC LIMIT 1)
        """
    ).execute(arguments: [now, run])
  }
}
