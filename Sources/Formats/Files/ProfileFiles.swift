package import ExportCore

/// As ``EventFiles``, for profiles: turns the batches of one run and database into finished files in a staging
/// directory, one series of them. The same rows make the same files under the same names, however they are cut into
/// batches.
///
/// It belongs to one task at a time. After an error only ``abandon()`` may be called.
package final class ProfileFiles {
  private let encoder: ProfileEncoder
  private let catalogue: ProfileCatalogue
  private var output: ProfileOutput

  /// How many bytes of records wait in memory, by default: enough for chunks of the size that compresses best.
  package static let memory = 4 << 20

  /// - Parameters:
  ///   - revision: the definition and identifiers of the run.
  ///   - catalogue: the columns of the run, in a pass that has begun; it grows with what the rows hold. When it has
  ///     grown, nothing that the pass has written is of use: the next one does that, with new files.
  ///   - stagingDirectory: made when only its last level is missing.
  ///   - memory: how many bytes of records may wait to be written; at least 256 KiB.
  /// - Throws: ``ExportError`` for a format or level of compression that profiles cannot have, and when the staging
  ///   directory cannot be opened.
  package init(
    _ fileNames: RunFileNames, databaseId: String, revision: Revision, catalogue: ProfileCatalogue,
    stagingDirectory: String, memory: Int = ProfileFiles.memory
  ) throws(ExportError) {
    let definition = revision.definition
    encoder = ProfileEncoder(definition)
    self.catalogue = catalogue
    let files = try DatabaseFiles(
      fileNames, databaseId: databaseId,
      series: ProfileSeries(
        fileNames, databaseId: databaseId, encoder: encoder, catalogue: catalogue),
      // But for Parquet they are gzip, as their names say, whatever the definition does.
      format: definition.format,
      compression: definition.format == .parquet
        ? definition.compression : Compression(codec: .gzip, level: definition.compression.level),
      maxFileBytes: definition.maxFileBytes, stagingDirectory: stagingDirectory, memory: memory)
    let record = ProfileRecord(
      identifiers: revision.identifiers, includeObjectId: definition.includeObjectId)
    output = ProfileOutput(catalogue, record: record, files: files)
  }

  /// How many rows could not be converted so far.
  package var rejectedRows: Int { output.files.rejectedRows }

  /// How many members of JSON objects have been left out so far, because a later one of the same object has their name.
  package var replacedMembers: Int { output.replacedMembers }

  /// Takes up the next batch of the database.
  /// - Throws: ``ExportError`` that says what the staging directory lacks.
  package func append(_ batch: consuming ProfileBatch) throws {
    let batch = batch
    switch encoder {
    case .json(let json): try output.append(batch, json)
    case .csv(let csv): try output.append(batch, csv)
    case .xml(let xml): try output.append(batch, xml)
    case .parquet(let parquet): try output.append(batch, parquet)
    }
  }

  /// The files that have been completed since it was last asked: no record fits in them any more. They may be
  /// delivered while further batches come.
  package func takeCompleted() -> [CompletedFile] { output.files.takeCompleted() }

  /// Completes what is left once all batches have been appended: at most `limit` files. Called until it gives none;
  /// the rejected file, if there is one, comes last.
  /// - Throws: ``ExportError`` that says what the staging directory lacks.
  package func finish(atMost limit: Int = 256) throws -> [CompletedFile] {
    try output.files.finish(atMost: limit)
  }

  /// Removes every file that is still in the staging directory, completed ones too: only when none of them is
  /// being delivered any more.
  package func abandon() { output.files.removeAll() }
}

/// The state of ``ProfileFiles``, apart from the object so that the loop over rows looks nothing up in it.
private struct ProfileOutput: ~Copyable {
  private let catalogue: ProfileCatalogue
  private var record: ProfileRecord
  var replacedMembers: Int { record.replacedMembers }
  var files: DatabaseFiles<ProfileSeries>
  private var encoded = OutputBytes()

  init(
    _ catalogue: ProfileCatalogue, record: consuming ProfileRecord,
    files: consuming DatabaseFiles<ProfileSeries>
  ) {
    self.catalogue = catalogue
    self.record = record
    self.files = files
  }

  mutating func append(_ batch: ProfileBatch, _ encoder: some ProfileRecordEncoder) throws {
    try batch.bytes.withUnsafeBytes { bytes in
      try batch.rows.withUnsafeBufferPointer { try append($0, of: bytes, batch.rejected, encoder) }
    }
  }

  private mutating func append(
    _ rows: UnsafeBufferPointer<ProfileRow>, of bytes: UnsafeRawBufferPointer, _ rejected: [RejectedRow],
    _ encoder: some ProfileRecordEncoder
  ) throws(ExportError) {
    let need = catalogue.need
    let columns = catalogue.columns
    // In the order of their keys, also where a source gives them in another.
    var rejected = rejected.sorted { $0.key < $1.key }[...]
    for row in rows {
      try files.reject(&rejected, before: row.key)
      guard row.rejection < 0 else { continue }
      if let rejection = record.load(row, of: bytes) {
        try files.reject(rejection)
        continue
      }
      if need != .nothing {
        if !columns.pointee.place(record, typed: need == .types) { try catalogue.grow() }
        guard !catalogue.isGrown else { continue }
      }
      encoded.removeAll()
      encoder.encode(record, columns.pointee, into: &encoded)
      try files.append(encoded.bytes, key: row.key, to: ProfileSeries.number)
    }
    for row in rejected { try files.reject(row) }
  }
}
