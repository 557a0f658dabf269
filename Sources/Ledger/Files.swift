package import ExportCore
import GRDB

/// Verbs about the names that a run has at its destination.
extension Ledger {
  /// Everything that is written down of a run, in the order of names.
  package func files(of id: RunId) throws(ExportError) -> [FileRecord] {
    try read { try Self.files(of: id, $0) }
  }

  /// What is written down of a run and not delivered: left by earlier attempts and not made again.
  package func undeliveredFiles(of id: RunId) throws(ExportError) -> [FileRecord] {
    try read {
      try FileRecord.fetchAll(
        $0.cachedStatement(sql: "SELECT * FROM file WHERE run_id = ? AND state <> 'delivered' ORDER BY name"),
        arguments: [id])
    }
  }

  /// Calls `body` with every file that a run has from one database, one at a time because there may be very many: data
  /// before rejected rows, by event, date and index.
  package func forEachFile(
    of id: RunId, from databaseId: String, _ body: (FileRecord) -> Void
  ) throws(ExportError) {
    try read { database in
      let files = try FileRecord.fetchCursor(
        database.cachedStatement(
          sql: """
            SELECT * FROM file WHERE run_id = ? AND database_id = ?
            ORDER BY kind, event_name, date, file_index
            """), arguments: [id, databaseId])
      while let file = try files.next() { body(file) }
    }
  }

  /// Sums over the files of a run, and how many of them hold data.
  package func totals(of id: RunId) throws(ExportError) -> (Manifest.Totals, files: Int) {
    try read { database in
      let row = try Row.fetchOne(
        database.cachedStatement(
          sql: """
            SELECT coalesce(sum(rows) FILTER (WHERE kind = 'data'), 0) AS rows,
              coalesce(sum(bytes) FILTER (WHERE kind = 'data'), 0) AS bytes,
              coalesce(sum(rows) FILTER (WHERE kind = 'rejected'), 0) AS rejected,
              count(*) FILTER (WHERE kind = 'data') AS files
            FROM file WHERE run_id = ?
            """), arguments: [id])!
      var totals = Manifest.Totals()
      (totals.rows, totals.bytes, totals.rejected) = (row["rows"], row["bytes"], row["rejected"])
      return (totals, row["files"])
    }
  }

  /// Writes names down before they are sent. A name of an earlier attempt is taken over.
  package func announce(_ files: [FileRecord], of id: RunId) throws(ExportError) {
    try write { database in
      for file in files { try Self.upsert(file, of: id, database) }
    }
  }

  /// The names lie at the destination now. With its first delivered file a run keeps its revision.
  package func delivered(_ names: [String], of id: RunId, revision: Int) throws(ExportError) {
    try write { database in
      for name in names {
        try database.cachedStatement(
          sql: "UPDATE file SET state = 'delivered', error = NULL WHERE run_id = ? AND name = ?"
        ).execute(arguments: [id, name])
      }
      try database.cachedStatement(sql: "UPDATE run SET revision = ? WHERE id = ? AND revision IS NULL")
        .execute(arguments: [revision, id])
    }
  }

  /// Marks all of a run's names as of an earlier attempt: those that the new one does not make will go.
  package func outdate(filesOf id: RunId) throws(ExportError) {
    try write {
      try $0.cachedStatement(sql: "UPDATE file SET state = 'stale' WHERE run_id = ?").execute(arguments: [id])
    }
  }

  /// The name is gone from the destination.
  package func forget(_ name: String, of id: RunId) throws(ExportError) {
    try write {
      try $0.cachedStatement(sql: "DELETE FROM file WHERE run_id = ? AND name = ?").execute(arguments: [
        id, name,
      ])
    }
  }

  /// The destination refuses to delete the name.
  package func refused(_ name: String, of id: RunId, error: String) throws(ExportError) {
    try write {
      try $0.cachedStatement(
        sql: "UPDATE file SET state = 'undeletable', error = ? WHERE run_id = ? AND name = ?"
      ).execute(arguments: [error, id, name])
    }
  }

  /// Runs that have ended without completing and still have names at their destination.
  package func runsToClean() throws(ExportError) -> [RunRecord] {
    try read {
      try RunRecord.fetchAll(
        $0.cachedStatement(
          sql: """
            SELECT \(RunRecord.columns) FROM run
            WHERE state IN ('STOPPED', 'FAILED', 'SKIPPED')
              AND EXISTS (SELECT 1 FROM file WHERE run_id = run.id AND file.state <> 'undeletable')
            """))
    }
  }

  /// Runs that had begun and ended without completing, and whose unfinished files may not be removed yet. One may have been
  /// reopened since.
  package func runsToTidy() throws(ExportError) -> [RunRecord] {
    try read {
      try RunRecord.fetchAll(
        $0.cachedStatement(
          sql: """
            SELECT \(RunRecord.columns) FROM run WHERE id IN (SELECT run_id FROM run_to_tidy) ORDER BY id
            """))
    }
  }

  /// Nothing unfinished of the run is left.
  package func tidied(_ id: RunId) throws(ExportError) {
    try write {
      try $0.cachedStatement(sql: "DELETE FROM run_to_tidy WHERE run_id = ?").execute(arguments: [id])
    }
  }

  /// How many names ended runs of an export still have to delete, and those that may not be deleted.
  package func leftovers(of id: RequestId) throws(ExportError) -> (deleting: Int, undeletable: [String]) {
    try read { database in
      let rows = try Row.fetchAll(
        database.cachedStatement(
          sql: """
            SELECT file.name, file.state FROM file JOIN run ON run.id = file.run_id
            WHERE run.export_id = ? AND run.state IN ('STOPPED', 'FAILED', 'SKIPPED') ORDER BY file.name
            """), arguments: [id])
      let undeletable = rows.filter { $0["state"] == "undeletable" }.map { $0["name"] as String }
      return (rows.count - undeletable.count, undeletable)
    }
  }

  // MARK: Statements

  static func files(of id: RunId, _ database: Database) throws -> [FileRecord] {
    try FileRecord.fetchAll(
      database.cachedStatement(sql: "SELECT * FROM file WHERE run_id = ? ORDER BY name"), arguments: [id])
  }

  private static func upsert(_ file: FileRecord, of id: RunId, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        INSERT INTO file (run_id, name, kind, database_id, event_name, date, file_index, rows, bytes, sha256,
          first_key, last_key, revision, state)
        VALUES (?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?, 'sending')
        ON CONFLICT DO UPDATE SET kind = excluded.kind, database_id = excluded.database_id,
          event_name = excluded.event_name, date = excluded.date, file_index = excluded.file_index,
          rows = excluded.rows, bytes = excluded.bytes, sha256 = excluded.sha256,
          first_key = excluded.first_key, last_key = excluded.last_key, revision = excluded.revision, state = 'sending', error = NULL
        """
    ).execute(arguments: [
      id, file.name, file.kind, file.databaseId, file.eventName.map(WholeText.init), file.date,
      file.fileIndex, file.rows,
      file.bytes, file.sha256, file.firstKey, file.lastKey, file.revision,
    ])
  }
}
