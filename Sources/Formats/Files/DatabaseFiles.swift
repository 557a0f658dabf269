import ExportCore

/// All files of one run and database, in one staging area: those of its series, and the rejected file, which comes last.
struct DatabaseFiles<Series: FileSeries & ~Copyable>: ~Copyable {
  var series: SeriesFiles<Series>
  private var rejected: RejectedFile
  private let staging: StagingArea

  /// What waits to be written takes at least this much memory, in bytes.
  private static var leastMemory: Int { 256 << 10 }

  /// - Parameters:
  ///   - stagingDirectory: made when only its last level is missing.
  ///   - memory: how many bytes of records may wait to be written.
  /// - Throws: ``ExportError`` for a codec that these files cannot have, and when the staging directory cannot be
  ///   opened.
  init(
    _ fileNames: RunFileNames, databaseId: String, series: consuming Series, format: Format,
    compression: Compression,
    maxFileBytes: Int, stagingDirectory: String, memory: Int
  ) throws(ExportError) {
    let codecs = try makeCodecs(format, compression)
    let staging = try StagingArea(
      directory: stagingDirectory, stem: "\(fileNames.stem)\(databaseId)-")
    self.staging = staging
    self.series = SeriesFiles(
      series, databaseId: databaseId, codecs: codecs, maxFileBytes: maxFileBytes, staging: staging,
      memory: max(memory, DatabaseFiles.leastMemory))
    rejected = RejectedFile(
      name: fileNames.rejected(databaseId: databaseId), databaseId: databaseId, staging: staging)
  }

  /// How many rows have been rejected so far.
  var rejectedRows: Int { rejected.rows }

  /// Adds an encoded record to a series.
  @inline(__always)
  mutating func append(
    _ record: UnsafeRawBufferPointer, key: ReadKey, to number: Int
  ) throws(ExportError) {
    try series.append(record, key: key, to: number)
  }

  mutating func reject(_ row: RejectedRow) throws(ExportError) { try rejected.append(row) }

  /// Takes over what a source rejected among the rows before the one at hand: the order of the rejected file must
  /// not hang on how rows are cut into batches.
  @inline(__always)
  mutating func reject(_ rows: inout ArraySlice<RejectedRow>, before key: ReadKey) throws(ExportError) {
    while let first = rows.first, first.key < key { try rejected.append(rows.removeFirst()) }
  }

  mutating func takeCompleted() -> [CompletedFile] { series.takeCompleted() }

  /// Ends up to `limit` files; none when all have been ended.
  mutating func finish(atMost limit: Int) throws(ExportError) -> [CompletedFile] {
    let files = try series.finish(atMost: limit)
    guard files.isEmpty else { return files }
    return try rejected.finish().map { [$0] } ?? []
  }

  func removeAll() {
    series.stop()
    staging.removeAll()
  }
}
