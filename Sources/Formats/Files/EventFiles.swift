package import ExportCore
package import TimeZones

/// Turns the batches of one run and database into finished files in a staging directory: rows are checked,
/// encoded, split by event name and local date, and what cannot be converted goes to the rejected file. The same
/// rows make the same files under the same names, however they are cut into batches.
///
/// It belongs to one task at a time. After an error only ``abandon()`` may be called.
package final class EventFiles {
  private let encoder: EventEncoder
  private var output: EventOutput

  /// How many bytes of records wait in memory, by default.
  package static let memory = 32 << 20

  /// - Parameters:
  ///   - revision: the definition and identifiers of the run.
  ///   - zone: the one that the revision names.
  ///   - stagingDirectory: made when only its last level is missing.
  ///   - delivered: what an earlier attempt of this run has delivered; its rows are left out, and its indices
  ///     are not given again. Rejected rows are collected anew.
  ///   - memory: how many bytes of records may wait to be written; at least 256 KiB.
  /// - Throws: ``ExportError`` for a format or codec that events cannot have, and when the staging directory
  ///   cannot be opened.
  package init(
    _ fileNames: RunFileNames, databaseId: String, revision: Revision, zone: Zone, stagingDirectory: String,
    delivered: [DeliveredEventFile] = [], memory: Int = EventFiles.memory
  ) throws(ExportError) {
    let definition = revision.definition
    encoder = try EventEncoder(definition)
    let staging = try StagingArea(directory: stagingDirectory, stem: "\(fileNames.stem)\(databaseId)-")
    let series = SeriesFiles(
      fileNames: fileNames, databaseId: databaseId, encoder: encoder,
      codec: try makeCodec(definition.compression), maxFileBytes: definition.maxFileBytes, staging: staging,
      delivered: delivered, memory: max(memory, 256 << 10))
    let rejected = RejectedFile(
      name: fileNames.rejected(databaseId: databaseId), databaseId: databaseId, staging: staging)
    let record = EventRecord(
      zone: zone, identifiers: revision.identifiers, includeObjectId: definition.includeObjectId)
    output = EventOutput(record: record, series: series, rejected: rejected, staging: staging)
  }

  /// How many rows could not be converted so far.
  package var rejectedRows: Int { output.rejected.rows }

  /// Takes up the next batch of the database.
  /// - Throws: ``ExportError`` that says what the staging directory lacks.
  package func append(_ batch: consuming EventBatch) throws {
    let batch = batch
    switch encoder {
    case .json(let json): try output.append(batch, json)
    }
  }

  /// The files that have been completed since it was last asked: no record fits in them any more. They may be
  /// delivered while further batches come.
  package func takeCompleted() -> [CompletedFile] { output.takeCompleted() }

  /// Completes what is left once all batches have been appended: at most `limit` files, so that very many are never
  /// held at once. Called until it gives none; the rejected file, if there is one, comes last.
  /// - Throws: ``ExportError`` that says what the staging directory lacks.
  package func finish(atMost limit: Int = 256) throws -> [CompletedFile] {
    try output.finish(atMost: limit)
  }

  /// Removes every file that is still in the staging directory, completed ones too: only when none of them is
  /// being delivered any more.
  package func abandon() { output.staging.removeAll() }
}

/// The state of ``EventFiles``, apart from the object so that the loop over rows looks nothing up in it.
private struct EventOutput: ~Copyable {
  var record: EventRecord
  var series: SeriesFiles
  var rejected: RejectedFile
  let staging: StagingArea
  private var encoded = OutputBytes()
  private var completed: [CompletedFile] = []

  init(
    record: consuming EventRecord, series: consuming SeriesFiles, rejected: consuming RejectedFile,
    staging: StagingArea
  ) {
    self.record = record
    self.series = series
    self.rejected = rejected
    self.staging = staging
  }

  mutating func append(_ batch: EventBatch, _ encoder: some RecordEncoder) throws {
    try batch.bytes.withUnsafeBytes { bytes in
      try batch.rows.withUnsafeBufferPointer { try append($0, of: bytes, batch.rejected, encoder) }
    }
  }

  private mutating func append(
    _ rows: UnsafeBufferPointer<EventRow>, of bytes: UnsafeRawBufferPointer, _ rejectedRows: [RejectedRow],
    _ encoder: some RecordEncoder
  ) throws(ExportError) {
    var rejectedRows = rejectedRows[...]
    for row in rows {
      // The order of the rejected file must not hang on how rows are cut into batches.
      while let first = rejectedRows.first, first.key < row.key {
        try rejected.append(rejectedRows.removeFirst())
      }
      if let rejection = record.load(row, of: bytes) {
        try rejected.append(rejection)
        continue
      }
      guard let number = series.series(record.name, record.date, row.key) else { continue }
      encoded.removeAll()
      encoder.encode(record, into: &encoded)
      try series.append(encoded.bytes, key: row.key, to: number, completed: &completed)
    }
    for row in rejectedRows { try rejected.append(row) }
  }

  mutating func takeCompleted() -> [CompletedFile] {
    defer { completed = [] }
    return completed
  }

  mutating func finish(atMost limit: Int) throws -> [CompletedFile] {
    guard completed.isEmpty else { return takeCompleted() }
    let files = try series.finish(atMost: limit)
    guard files.isEmpty else { return files }
    return try rejected.finish().map { [$0] } ?? []
  }
}
