package import ExportCore
import Foundation
import GRDB

/// What `status` asks: nothing here changes anything.
extension Ledger {
  /// Runs of an export, newest first.
  package func runs(
    of id: RequestId, limit: Int? = nil, state: RunState? = nil
  ) throws(ExportError) -> [RunRecord] {
    try read {
      try RunRecord.fetchAll(
        $0.cachedStatement(
          sql: """
            SELECT \(RunRecord.columns) FROM run WHERE export_id = ?1 AND (?2 IS NULL OR state = ?2)
            ORDER BY window_to DESC, id DESC LIMIT ?3
            """), arguments: [id, state, limit ?? -1])
    }
  }

  /// Live one-time exports whose run is DONE: nothing of them will ever run again.
  package func finishedOneTimeExports() throws(ExportError) -> Set<RequestId> {
    try read { database in
      try Set(
        RequestId.fetchAll(
          database.cachedStatement(
            sql: """
              SELECT export.id FROM export
              JOIN revision ON revision.export_id = export.id AND revision.number = export.revision
              WHERE deleted_at IS NULL AND json_extract(resolved, '$.definition.frequency.once') IS NOT NULL
                AND EXISTS (SELECT 1 FROM run WHERE run.export_id = export.id AND state = 'DONE')
              """)))
    }
  }

  /// Watermarks of an export, with the bounds at its creation.
  package func watermarks(of id: RequestId) throws(ExportError) -> [WatermarkRecord] {
    try read {
      try WatermarkRecord.fetchAll(
        $0.cachedStatement(sql: "SELECT * FROM watermark WHERE export_id = ? ORDER BY database_id"),
        arguments: [id])
    }
  }

  /// Windows of an export that are DONE, ascending.
  package func doneWindows(of id: RequestId) throws(ExportError) -> [Window] {
    try read { try Self.doneWindows(of: id, $0) }
  }

  /// The exact bytes of the manifest of a run; nil when it has not committed.
  package func manifest(of id: RunId) throws(ExportError) -> [UInt8]? {
    try read {
      try DatabaseValue.fetchOne(
        $0.cachedStatement(sql: "SELECT manifest FROM run WHERE id = ?"), arguments: [id]
      )
      .flatMap { Data.fromDatabaseValue($0).map { [UInt8]($0) } }
    }
  }

  /// The cuts that a run has pinned.
  package func cuts(of id: RunId) throws(ExportError) -> [DatabaseCut] {
    try read { try Self.cuts(of: id, $0) }
  }

  /// Remembers the bound of a database when an export is first seen; the first word stands.
  package func recordCreationBound(
    _ id: RequestId, databaseId: String, bound: Int64
  ) throws(ExportError) {
    try write {
      try $0.cachedStatement(
        sql: """
          INSERT INTO watermark (export_id, database_id, created_bound) VALUES (?, ?, ?)
          ON CONFLICT DO UPDATE SET created_bound = coalesce(created_bound, excluded.created_bound)
          """
      ).execute(arguments: [id, databaseId, bound])
    }
  }

  /// Takes the source as it is now: the watermarks are forgotten, and the next run sets them anew. Of profiles, the next
  /// run sends all.
  package func rebase(_ id: RequestId) throws(ExportError) {
    try write {
      try $0.cachedStatement(
        sql:
          "UPDATE watermark SET bound = NULL, fingerprint = NULL, created_bound = NULL WHERE export_id = ?"
      ).execute(arguments: [id])
      try $0.cachedStatement(sql: "DELETE FROM profile_mark WHERE export_id = ?").execute(arguments: [id])
      try Self.startOver(
        "SELECT id FROM run WHERE export_id = ? AND state = 'PENDING' AND manifest IS NULL", [id], $0)
    }
  }

  static func doneWindows(of id: RequestId, _ database: Database) throws -> [Window] {
    try Row.fetchAll(
      database.cachedStatement(
        sql: """
          SELECT window_from, window_to FROM run WHERE export_id = ?1 AND state = 'DONE' AND voided = 0
            AND window_from IS NOT NULL
          UNION ALL SELECT span_from, span_to FROM done_span WHERE export_id = ?1 ORDER BY 1
          """), arguments: [id]
    ).compactMap { Window(from: $0["window_from"], to: $0["window_to"]) }
  }
}
