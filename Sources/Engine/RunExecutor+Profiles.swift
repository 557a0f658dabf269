import ExportCore
import Formats
import Ledger
import Logging
import TimeZones

/// Profile runs (SPEC section 3). Each attempt starts over: profiles are read as they are at one moment, and what an
/// earlier attempt delivered is made again or deleted.
extension RunExecutor {
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
    for stem in names.stems { try await delivery.destination.removeLeftovers(stem: stem) }
    var delivered = Delivered(
      span: begun.run.window.map { Manifest.Span(from: $0.from, to: $0.to) }
        ?? Manifest.Span(from: previousCut, to: cut))
    for run in reads {
      let files = try ProfileFiles(
        names, databaseId: run.databaseId, revision: revision,
        stagingDirectory: delivery.destination.stagingDirectory ?? parts.stagingDirectory)
      let memory = ProfileMemory.name(
        export: begun.run.exportId, databaseId: run.databaseId, run: begun.run.id, attempt: begun.run.attempt)
      let delta = try run.delta(in: parts.memoryDirectory, writing: memory)
      try await delivery.deliver(files, from: source, run.read, delta)
      if let mark = run.mark(memory: memory, sha256: try delta.finish()) {
        delivered.profileMarks.append(mark)
      }
    }
    return delivered
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
