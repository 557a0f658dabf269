package import ExportCore
import Formats
package import Ledger
package import TimeZones

extension BegunRun {
  /// The names of this run's files: a retry makes the same ones.
  func fileNames(zone: Zone) throws(ExportError) -> RunFileNames {
    try RunFileNames(
      export: exportName, run.exportId, revision.resolved, runTimestamp: runTimestamp, zone: zone)
  }

  /// The manifest of delivered files, in the order of databases, names, dates and indices.
  func manifest(of files: [FileRecord], names: RunFileNames, span: Manifest.Span) -> Manifest {
    let order = Dictionary(
      revision.resolved.source.databaseIds.enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
    let sorted = files.sorted { a, b in
      func key(_ file: FileRecord) -> (Int, Int, String, String, Int) {
        (
          order[file.databaseId] ?? .max, file.kind == .data ? 0 : 1, file.eventName ?? "", file.date ?? "",
          file.fileIndex ?? 0
        )
      }
      return key(a) < key(b)
    }
    let entries = sorted.map(\.manifestFile)
    let header = Manifest.Header(
      requestId: run.exportId, export: exportName, account: revision.resolved.account,
      runTimestamp: runTimestamp, dataType: revision.resolved.definition.data.dataType,
      format: revision.resolved.definition.format,
      window: span, timeZone: revision.resolved.timeZone,
      definitionRevision: revision.number, totals: Manifest.Totals(entries))
    return Manifest(header: header, files: entries)
  }
}

extension RunFileNames {
  /// Of a run under one revision of its export.
  /// - Parameter runTimestamp: nil before the first attempt.
  /// - Throws: ``ExportError`` for a prefix that the reader of configurations had refused.
  package init(
    export: String, _ id: RequestId, _ revision: Revision, runTimestamp: Int64?, zone: Zone
  ) throws(ExportError) {
    let prefix: PrefixTemplate
    do {
      prefix = try PrefixTemplate(revision.destination.prefix)
    } catch {
      throw ExportError(
        .configuration, .lasting, object: "prefix of destination \(revision.definition.destination)",
        problem: error.description)
    }
    self.init(
      account: revision.account, export: export, requestId: id, runTimestamp: runTimestamp,
      date: runTimestamp.map { zone.localDateTime(at: Instant(seconds: $0)).date },
      dataType: revision.definition.data.dataType, format: revision.definition.format,
      codec: revision.definition.compression.codec, prefix: prefix)
  }
}

extension FileRecord {
  /// As the manifest lists it.
  package var manifestFile: Manifest.File {
    let content: Manifest.File.Content =
      switch (kind, date.flatMap(LocalDate.init(iso:))) {
      case (.rejected, _): .rejected
      case (.data, let date?): .events(name: eventName ?? "", date: date, index: fileIndex ?? 0)
      case (.data, nil): .profiles(index: fileIndex ?? 0)
      }
    return Manifest.File(
      name: name, content: content, databaseId: databaseId, rows: rows, bytes: bytes, sha256: sha256)
  }
}
