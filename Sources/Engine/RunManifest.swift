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

  /// The manifest of what was delivered, in the order of databases, names, dates and indices. It is written file by file:
  /// of very many, only its bytes are ever held.
  func manifest(
    of totals: Manifest.Totals, span: Manifest.Span, _ ledger: Ledger
  ) throws(ExportError) -> [UInt8] {
    let revision = revision.resolved
    var writer = ManifestWriter(
      Manifest.Header(
        requestId: run.exportId, export: exportName, account: revision.account, runTimestamp: runTimestamp,
        dataType: revision.definition.data.dataType, format: revision.definition.format, window: span,
        timeZone: revision.timeZone, definitionRevision: self.revision.number, totals: totals))
    for databaseId in revision.source.databaseIds {
      try ledger.forEachFile(of: run.id, from: databaseId) { writer.append($0.manifestFile) }
    }
    return writer.finish()
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
