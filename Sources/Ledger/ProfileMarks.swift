package import ExportCore
import GRDB
package import TimeZones

/// Verbs about the cuts of profile runs, and what the next delta begins from.
extension Ledger {
  /// Pins the cut of a profile run: `now`, or what an earlier attempt has pinned. A clock that was set back makes no cut
  /// before the last one.
  /// - Returns: the cut, and that of the last run of the export that succeeded.
  package func pinProfileCut(_ id: RunId, now: Instant) throws(ExportError) -> (
    cut: Instant, previous: Instant?
  ) {
    try write { database in
      try database.cachedStatement(
        sql: """
          UPDATE run SET cut_at = max(?1, coalesce(previous, ?1)), previous_cut_at = previous
          FROM (SELECT max(cut_at) AS previous FROM profile_mark
            WHERE export_id = (SELECT export_id FROM run WHERE id = ?2))
          WHERE id = ?2 AND run.cut_at IS NULL
          """
      ).execute(arguments: [now, id])
      let row = try Row.fetchOne(
        database.cachedStatement(sql: "SELECT cut_at, previous_cut_at FROM run WHERE id = ?"), arguments: [id]
      )!
      return (row["cut_at"], row["previous_cut_at"])
    }
  }

  /// What the next delta of an export begins from, by database; none before its first run has succeeded.
  package func profileMarks(of id: RequestId) throws(ExportError) -> [ProfileMark] {
    try read {
      try ProfileMark.fetchAll(
        $0.cachedStatement(sql: "SELECT * FROM profile_mark WHERE export_id = ?"), arguments: [id])
    }
  }

  /// Names of the memory files that are in use.
  package func profileMemories() throws(ExportError) -> Set<String> {
    try read {
      try Set(
        String.fetchAll($0.cachedStatement(sql: "SELECT memory FROM profile_mark WHERE memory IS NOT NULL")))
    }
  }

  static func set(_ mark: ProfileMark, by id: RunId, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        INSERT INTO profile_mark (export_id, database_id, mode, cut_at, since, memory, memory_sha256, run_id)
        SELECT export_id, :database, :mode, :cut, :since, :memory, :sha256, id FROM run WHERE id = :id
        ON CONFLICT DO UPDATE SET mode = excluded.mode, cut_at = excluded.cut_at,
          since = iif(mode = excluded.mode, max(since, excluded.since), excluded.since),
          memory = excluded.memory, memory_sha256 = excluded.memory_sha256, run_id = excluded.run_id
        """
    ).execute(arguments: [
      "database": mark.databaseId, "mode": mark.mode, "cut": mark.cutAt, "since": mark.since,
      "memory": mark.memory, "sha256": mark.memorySha256, "id": id,
    ])
  }
}
