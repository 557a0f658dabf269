package import ExportCore
import GRDB
import TimeZones

/// What people are shown of one export, read in one transaction and without reading its whole history.
package struct ExportSnapshot: Sendable {
  package var record: ExportRecord
  /// Of the newest revision.
  package var outline: RevisionOutline
  /// The newest definition as the person wrote it, compact JSON.
  package var definition: String
  /// Runs that are PENDING or RUNNING, oldest window first.
  package var open: [RunRecord]
  /// The run that was begun last, or the one of the newest window when none was.
  package var last: RunRecord?
  /// The run that ended last, however it did.
  package var ended: RunRecord?
  /// How many windows are FAILED: owed until a person asks for them.
  package var failedWindows: Int
  package var leftovers: Leftovers

  /// Names that ended runs still have at their destination.
  package struct Leftovers: Hashable, Sendable {
    /// To be deleted.
    package var deleting = 0
    /// The destination refuses: only a person can delete them.
    package var undeletable = 0

    package init() {}
  }

  package init(
    record: ExportRecord, outline: RevisionOutline, definition: String, open: [RunRecord] = [],
    last: RunRecord? = nil, ended: RunRecord? = nil, failedWindows: Int = 0,
    leftovers: Leftovers = Leftovers()
  ) {
    self.record = record
    self.outline = outline
    self.definition = definition
    self.open = open
    self.last = last
    self.ended = ended
    self.failedWindows = failedWindows
    self.leftovers = leftovers
  }
}

extension Ledger {
  /// All live exports by name. A handful of statements however many there are.
  package func snapshots() throws(ExportError) -> [ExportSnapshot] {
    try read { try Self.snapshots(of: nil, $0) }
  }

  /// One export, also a deleted one; nil when there never was one of that id.
  package func snapshot(of id: RequestId) throws(ExportError) -> ExportSnapshot? {
    try read { try Self.snapshots(of: id, $0).first }
  }

  private static func snapshots(of id: RequestId?, _ database: Database) throws -> [ExportSnapshot] {
    let chosen = "SELECT id FROM export WHERE iif(?1 IS NULL, deleted_at IS NULL, id = ?1)"
    func runs(_ condition: String) throws -> [RunRecord] {
      try RunRecord.fetchAll(
        database.cachedStatement(sql: "SELECT \(RunRecord.columns) FROM run WHERE \(condition)"),
        arguments: [id])
    }
    func latest(_ time: String) throws -> [RequestId: RunRecord] {
      let found = try runs(
        """
        id IN (SELECT (SELECT id FROM run WHERE export_id = live.id
          ORDER BY \(time) DESC, window_to DESC LIMIT 1) FROM (\(chosen)) AS live)
        """)
      return Dictionary(found.map { ($0.exportId, $0) }, uniquingKeysWith: { first, _ in first })
    }
    let records = try ExportRecord.fetchAll(
      database.cachedStatement(
        sql: """
          SELECT \(ExportRecord.columns) FROM export WHERE id IN (\(chosen)) ORDER BY name
          """),
      arguments: [id])
    let outlines = try newestOutlines(chosen, [id], database)
    let open = Dictionary(
      grouping: try runs("state IN ('PENDING', 'RUNNING') AND export_id IN (\(chosen)) ORDER BY window_to"),
      by: \.exportId)
    let begun = try latest("started_at")
    let ended = try latest("finished_at")
    // Of a running export few runs have ended in vain, and of those few have left anything behind.
    let inVain = "run.state IN ('STOPPED', 'FAILED', 'SKIPPED') AND run.export_id IN (\(chosen))"
    let failed = try Row.fetchAll(
      database.cachedStatement(
        sql: "SELECT export_id, sum(state = 'FAILED') AS failed FROM run WHERE \(inVain) GROUP BY export_id"),
      arguments: [id])
    let failedWindows = Dictionary(
      failed.map { ($0["export_id"] as RequestId, $0["failed"] as Int) }, uniquingKeysWith: { $1 })
    let left = try Row.fetchAll(
      database.cachedStatement(
        sql: """
          SELECT run.export_id, sum(file.state <> 'undeletable') AS deleting,
            sum(file.state = 'undeletable') AS undeletable
          FROM run JOIN file ON file.run_id = run.id WHERE \(inVain) GROUP BY run.export_id
          """), arguments: [id])
    let leftovers = Dictionary(
      left.map { row in
        var leftovers = ExportSnapshot.Leftovers()
        leftovers.deleting = row["deleting"]
        leftovers.undeletable = row["undeletable"]
        return (row["export_id"] as RequestId, leftovers)
      }, uniquingKeysWith: { $1 })
    return try records.map { record in
      guard let newest = outlines[record.id] else {
        throw ExportError(
          .state, .lasting, object: "export \(record.id)", problem: "has no revision \(record.revision)")
      }
      return ExportSnapshot(
        record: record, outline: newest.outline, definition: newest.definition, open: open[record.id] ?? [],
        last: begun[record.id],
        ended: ended[record.id].flatMap { $0.finishedAt == nil ? nil : $0 },
        failedWindows: failedWindows[record.id] ?? 0, leftovers: leftovers[record.id] ?? .init())
    }
  }
}
