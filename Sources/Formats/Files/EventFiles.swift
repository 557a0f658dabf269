package import ExportCore
import Glibc
package import TimeZones

/// Turns the batches of one run and database into finished files in a staging directory: rows are checked,
/// encoded, split by event name and local date, and what cannot be converted goes to the rejected file. The same
/// rows make the same files under the same names, however they are cut into batches.
///
/// It belongs to one task at a time. After an error only ``abandon()`` may be called.
package final class EventFiles {
  private let encoder: EventEncoder
  private let catalogue: EventCatalogue
  private var output: EventOutput

  /// How many bytes of records wait in memory, by default.
  package static let memory = 32 << 20

  /// - Parameters:
  ///   - revision: the definition and identifiers of the run.
  ///   - zone: the one that the revision names.
  ///   - catalogue: the columns of the run's events, in a pass that has begun; it grows with what the rows hold. Rows
  ///     of an event that has grown are not written: the next pass does that, with new files.
  ///   - stagingDirectory: made when only its last level is missing.
  ///   - delivered: what an earlier attempt of this run has delivered; its rows are left out, and its indices
  ///     are not given again. Rejected rows are collected anew.
  ///   - memory: how many bytes of records may wait to be written; at least 256 KiB.
  /// - Throws: ``ExportError`` for a format or codec that events cannot have, and when the staging directory
  ///   cannot be opened.
  package init(
    _ fileNames: RunFileNames, databaseId: String, revision: Revision, zone: Zone, catalogue: EventCatalogue,
    stagingDirectory: String, delivered: [DeliveredEventFile] = [], memory: Int = EventFiles.memory
  ) throws(ExportError) {
    let definition = revision.definition
    encoder = EventEncoder(definition)
    self.catalogue = catalogue
    let files = try DatabaseFiles(
      fileNames, databaseId: databaseId,
      series: EventSeries(
        fileNames, databaseId: databaseId, encoder: encoder, catalogue: catalogue, delivered: delivered),
      format: definition.format, compression: definition.compression, maxFileBytes: definition.maxFileBytes,
      stagingDirectory: stagingDirectory, memory: memory)
    let record = EventRecord(
      zone: zone, identifiers: revision.identifiers, includeObjectId: definition.includeObjectId)
    output = EventOutput(catalogue, databaseId: databaseId, record: record, files: files)
  }

  /// How many rows could not be converted so far.
  package var rejectedRows: Int { output.files.rejectedRows }

  /// How many members of JSON objects have been left out so far, because a later one of the same object has their name.
  package var replacedMembers: Int { output.replacedMembers }

  /// Takes up the next batch of the database.
  /// - Throws: ``ExportError`` that says what the staging directory lacks.
  package func append(_ batch: consuming EventBatch) throws {
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
  package func takeCompleted() -> [CompletedFile] { valid(output.files.takeCompleted()) }

  /// Of completed files those that are still of use. The others, of events that have grown since, are removed.
  package func valid(_ completed: [CompletedFile]) -> [CompletedFile] {
    completed.filter { file in
      guard case .events(let name, _, _) = file.file.content, catalogue.isGrown(name) else { return true }
      unlink(file.staged.path)
      return false
    }
  }

  /// Completes what is left once all batches have been appended: at most `limit` files, so that very many are never
  /// held at once. Called until it gives none; the rejected file, if there is one, comes last.
  /// - Throws: ``ExportError`` that says what the staging directory lacks.
  package func finish(atMost limit: Int = 256) throws -> [CompletedFile] {
    try output.files.finish(atMost: limit)
  }

  /// Removes every file that is still in the staging directory, completed ones too: only when none of them is
  /// being delivered any more.
  package func abandon() { output.files.removeAll() }
}

/// The state of ``EventFiles``, apart from the object so that the loop over rows looks nothing up in it.
private struct EventOutput: ~Copyable {
  private let catalogue: EventCatalogue
  /// Tells equal keys of two databases apart.
  private let databaseHash: UInt64
  private var record: EventRecord
  var replacedMembers: Int { record.replacedMembers }
  var files: DatabaseFiles<EventSeries>
  private var encoded = OutputBytes()

  init(
    _ catalogue: EventCatalogue, databaseId: String, record: consuming EventRecord,
    files: consuming DatabaseFiles<EventSeries>
  ) {
    self.catalogue = catalogue
    databaseHash = Array(databaseId.utf8).withUnsafeBytes { ByteHash.of($0, 0..<$0.count) }
    self.record = record
    self.files = files
  }

  mutating func append(_ batch: EventBatch, _ encoder: some EventRecordEncoder) throws {
    try batch.bytes.withUnsafeBytes { bytes in
      try batch.rows.withUnsafeBufferPointer { try append($0, of: bytes, batch.rejected, encoder) }
    }
  }

  private mutating func append(
    _ rows: UnsafeBufferPointer<EventRow>, of bytes: UnsafeRawBufferPointer, _ rejected: [RejectedRow],
    _ encoder: some EventRecordEncoder
  ) throws(ExportError) {
    let need = catalogue.need
    var rejected = catalogue.collectsRejected ? rejected[...] : []
    for row in rows {
      try files.reject(&rejected, before: row.key)
      if let rejection = record.load(row, of: bytes) {
        try reject(rejection)
        continue
      }
      guard let number = files.series.series.number(of: record.name, record.date, row.key) else { continue }
      let columns = files.series.series.columns(of: number)
      if need != .nothing {
        guard try place(in: columns, typed: need == .types) else { continue }
      } else if encoder.placesDevice {
        record.placeDevice()
      }
      encoded.removeAll()
      encoder.encode(record, columns.pointee, into: &encoded)
      try files.append(encoded.bytes, key: row.key, to: number)
    }
    for row in rejected { try files.reject(row) }
  }

  /// Finds the columns of the record at hand.
  /// - Returns: whether it is written in this pass.
  @inline(__always)
  private mutating func place(
    in columns: UnsafeMutablePointer<EventColumns>, typed: Bool
  ) throws(ExportError) -> Bool {
    guard columns.pointee.use != .finished else { return false }
    guard columns.pointee.place(record, typed: typed) else {
      try grow(columns)
      return false
    }
    guard columns.pointee.use == .writing else { return false }
    record.placeDevice()
    return true
  }

  @inline(never)
  private mutating func grow(_ columns: UnsafeMutablePointer<EventColumns>) throws(ExportError) {
    try catalogue.grow(columns) { event in
      for number in files.series.series.series(ofEvent: event) { files.series.drop(number) }
    }
  }

  @inline(never)
  private mutating func reject(_ row: RejectedRow) throws(ExportError) {
    var key = ByteHash.mixed(databaseHash, UInt64(bitPattern: row.key.sequence))
    key = ByteHash.mixed(key, UInt64(bitPattern: row.key.order))
    catalogue.reject(record.name, ByteHash.mixed(key, UInt64(row.key.pass)))
    if catalogue.collectsRejected { try files.reject(row) }
  }
}
