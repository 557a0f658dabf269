import ExportCore
import Formats
import Ledger
import Logging
import TimeZones

/// Profile runs (SPEC section 3). Each attempt starts over: profiles are read as they are at one moment, and what an
/// earlier attempt delivered is made again or deleted.
extension RunExecutor {
  /// How many profiles of each database are looked at beforehand when no columns are known yet.
  private static let rowsAhead = 10_000

  func deliverProfiles(
    _ begun: BegunRun, _ names: RunFileNames, _ source: any Source, _ delivery: Delivery
  ) async throws -> Delivered {
    let revision = begun.revision.resolved
    let (cut, previousCut) = try ledger.pinProfileCut(begun.run.id, now: time.now())
    let reads = revision.source.databaseIds.map { id in
      ProfileRun(revision: revision, databaseId: id, cut: cut, marks: begun.profileMarks)
    }
    for run in reads {
      try await source.proveProfiles(run.databaseId, needsVersions: run.read.readsVersions)
    }
    if !begun.files.isEmpty { try ledger.outdate(filesOf: begun.run.id) }
    let catalogue = try await profileCatalogue(begun, reads, source, delivery.control)
    for stem in names.stems { try await delivery.destination.removeLeftovers(stem: stem) }
    var delivered = Delivered(
      span: begun.run.window.map { Manifest.Span(from: $0.from, to: $0.to) }
        ?? Manifest.Span(from: previousCut, to: cut))
    var countsRows = true
    repeat {
      catalogue.beginPass()
      delivered.profileMarks = try await pass(
        begun, reads, names, catalogue, source, delivery, countsRows: countsRows)
      countsRows = false
      try recordGrowth(catalogue, begun.run.id)
    } while catalogue.isGrown
    delivered.columns = AnySequence(catalogue.changes)
    return delivered
  }

  /// Reads all databases and delivers what there is, until a profile does not fit in the columns: from then on it only
  /// looks at the rest.
  /// - Returns: what the next delta begins from.
  private func pass(
    _ begun: BegunRun, _ reads: [ProfileRun], _ names: RunFileNames, _ catalogue: ProfileCatalogue,
    _ source: any Source, _ delivery: Delivery, countsRows: Bool
  ) async throws -> [ProfileMark] {
    let revision = begun.revision.resolved
    var marks: [ProfileMark] = []
    for run in reads {
      let files = try ProfileFiles(
        names, databaseId: run.databaseId, revision: revision, catalogue: catalogue,
        stagingDirectory: delivery.destination.stagingDirectory ?? parts.stagingDirectory)
      let memory = ProfileMemory.name(
        export: begun.run.exportId, databaseId: run.databaseId, run: begun.run.id, attempt: begun.run.attempt)
      let delta = try run.delta(in: parts.memoryDirectory, writing: memory)
      try await delivery.deliver(files, catalogue, from: source, run.read, delta, countsRows: countsRows)
      if catalogue.isGrown { continue }
      if let mark = run.mark(memory: memory, sha256: try delta.finish()) { marks.append(mark) }
    }
    return marks
  }

  /// As for events: the columns to begin with, from the first of the profiles that are to be sent where there are none
  /// yet.
  private func profileCatalogue(
    _ begun: BegunRun, _ reads: [ProfileRun], _ source: any Source, _ control: AttemptControl
  ) async throws -> ProfileCatalogue {
    let revision = begun.revision.resolved
    var known: [CataloguedProperty] = []
    let isNeeded = ColumnNeed(revision.definition) != .nothing
    if isNeeded { try ledger.forEachColumn(of: begun.run.id) { known.append($0) } }
    let catalogue = try ProfileCatalogue(revision, known: known)
    guard isNeeded, catalogue.isEmpty else { return catalogue }
    for run in reads {
      let look = ProfileLookAhead(catalogue, revision: revision, rows: Self.rowsAhead)
      let delta = try run.delta(in: parts.memoryDirectory, writing: nil)
      do {
        try await source.readProfiles(run.read) { batch in
          var batch = batch
          try delta.filter(&batch)
          control.moved()
          if try look.append(batch) { throw SeenEnough() }
        }
      } catch is SeenEnough {}
    }
    try recordGrowth(catalogue, begun.run.id)
    return catalogue
  }

  /// Writes down what has grown before any file is written with it; what has been delivered in fewer columns is made
  /// again.
  private func recordGrowth(_ catalogue: ProfileCatalogue, _ id: RunId) throws(ExportError) {
    guard catalogue.isGrown else { return }
    try ledger.outdate(filesOf: id)
    try ledger.grow(catalogue.changes, of: id, outdating: [""])
    catalogue.setRecorded()
  }

  /// Removes memories that no run needs any more: those of an export that does not run, or of all when none does.
  func tidyMemories(of export: RequestId?) {
    do throws(ExportError) {
      ProfileMemory.removeUnused(
        in: parts.memoryDirectory, export: export, inUse: try ledger.profileMemories())
    } catch {
      logger.warning("memories of earlier runs stay for now: \(error)")
    }
  }
}
