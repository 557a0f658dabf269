package import ExportCore
package import TimeZones

/// Looks at the first rows of a run, before any is written: at the keys and types of those that can be converted. So
/// most events of an export that has no catalogue yet need only one pass over their rows.
///
/// It belongs to one task at a time.
package final class EventLookAhead {
  private let catalogue: EventCatalogue
  private var record: EventRecord
  private var left: Int

  /// - Parameters:
  ///   - revision: the definition and identifiers of the run.
  ///   - zone: the one that the revision names.
  ///   - rows: how many are looked at; it counts rows, not batches, so that a run finds the same columns with each
  ///     attempt.
  package init(_ catalogue: EventCatalogue, revision: Revision, zone: Zone, rows: Int) {
    self.catalogue = catalogue
    left = rows
    record = EventRecord(
      zone: zone, identifiers: revision.identifiers,
      includeObjectId: revision.definition.includeObjectId)
  }

  /// - Returns: whether it has seen enough.
  /// - Throws: ``ExportError`` when there are more properties than files can have columns.
  package func append(_ batch: EventBatch) throws -> Bool {
    let typed = catalogue.need == .types
    return try batch.bytes.withUnsafeBytes { bytes in
      for row in batch.rows.prefix(left) where record.load(row, of: bytes) == nil {
        let columns = catalogue.columns(of: record.name)
        if !columns.pointee.place(record, typed: typed) { try catalogue.grow(columns) { _ in } }
      }
      left -= min(left, batch.rows.count)
      return left == 0
    }
  }
}

/// As ``EventLookAhead``, for profiles.
package final class ProfileLookAhead {
  private let catalogue: ProfileCatalogue
  private var record: ProfileRecord
  private var left: Int

  /// - Parameters:
  ///   - revision: the definition and identifiers of the run.
  ///   - rows: how many are looked at.
  package init(_ catalogue: ProfileCatalogue, revision: Revision, rows: Int) {
    self.catalogue = catalogue
    left = rows
    record = ProfileRecord(
      identifiers: revision.identifiers, includeObjectId: revision.definition.includeObjectId)
  }

  /// - Returns: whether it has seen enough.
  /// - Throws: ``ExportError`` when there are more properties than files can have columns.
  package func append(_ batch: ProfileBatch) throws -> Bool {
    let typed = catalogue.need == .types
    return try batch.bytes.withUnsafeBytes { bytes in
      for row in batch.rows.prefix(left) where row.rejection < 0 && record.load(row, of: bytes) == nil {
        if !catalogue.columns.pointee.place(record, typed: typed) { try catalogue.grow() }
      }
      left -= min(left, batch.rows.count)
      return left == 0
    }
  }
}
