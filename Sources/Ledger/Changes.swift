package import ExportCore
import GRDB
import TimeZones

/// What has changed since somebody looked last.
package struct Changes: Sendable {
  /// An export of which something has changed, or a run of it.
  package struct Export: Sendable {
    package var id: RequestId
    /// Nil when nothing of it is left to do: it was deleted, and no committed run of it has its manifest left to deliver.
    package var record: ExportRecord?
    /// Runs that are PENDING or RUNNING, oldest window first.
    package var open: [RunRecord]
    /// As of ``Ledger/voidedWindows()``.
    package var voided: [Window]
  }

  /// The number of the last change: those after it are still to come.
  package var last: Int64
  /// In the order of their request ids.
  package var exports: [Export]
}

extension Ledger {
  /// What has changed after the change of that number, by whichever process, read in one transaction.
  /// - Parameter number: 0 for all exports.
  package func changes(after number: Int64) throws(ExportError) -> Changes {
    try read { database in
      let last = try Int64.fetchOne(
        database.cachedStatement(sql: "SELECT coalesce(max(number), 0) FROM change"))!
      guard last > number else { return Changes(last: number, exports: []) }
      let changed = "SELECT export_id FROM change WHERE number > ?"
      let ids = try RequestId.fetchAll(
        database.cachedStatement(sql: "\(changed) ORDER BY export_id"), arguments: [number])
      let records = try ExportRecord.fetchAll(
        database.cachedStatement(
          sql: """
            SELECT \(ExportRecord.columns) FROM export WHERE id IN (\(changed)) AND (deleted_at IS NULL
              OR id IN (SELECT export_id FROM run WHERE state IN ('PENDING', 'RUNNING') AND manifest IS NOT NULL))
            """), arguments: [number])
      let recordOf = Dictionary(uniqueKeysWithValues: records.map { ($0.id, $0) })
      let open = Dictionary(
        grouping: try RunRecord.fetchAll(
          database.cachedStatement(
            sql: """
              SELECT \(RunRecord.columns) FROM run WHERE state IN ('PENDING', 'RUNNING')
                AND export_id IN (\(changed)) ORDER BY export_id, window_to
              """), arguments: [number]), by: \.exportId)
      let voided = try Self.voidedWindows(database)
      return Changes(
        last: last,
        exports: ids.map {
          Changes.Export(id: $0, record: recordOf[$0], open: open[$0] ?? [], voided: voided[$0] ?? [])
        })
    }
  }
}
