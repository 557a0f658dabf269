package import ExportCore
import Formats
package import Ledger
import TimeZones

extension BegunRun {
  /// The names of this run's files: a retry makes the same ones.
  func fileNames(zone: Zone) throws(ExportError) -> RunFileNames {
    let revision = revision.resolved
    let prefix: PrefixTemplate
    do {
      prefix = try PrefixTemplate(revision.destination.prefix)
    } catch {
      throw ExportError(
        .configuration, .lasting, object: "prefix of destination \(revision.definition.destination)",
        problem: error.description)
    }
    return RunFileNames(
      account: revision.account, export: exportName, requestId: run.exportId, runTimestamp: runTimestamp,
      date: zone.localDateTime(at: Instant(seconds: runTimestamp)).date,
      dataType: revision.definition.data.dataType, format: revision.definition.format,
      codec: revision.definition.compression.codec, prefix: prefix)
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
