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
    try await delivery.destination.removeLeftovers(stem: names.stem)
    var delivered = Delivered(
      span: begun.run.window.map { Manifest.Span(from: $0.from, to: $0.to) }
        ?? Manifest.Span(from: previousCut, to: cut))
    for run in reads {
      let files = try ProfileFiles(
        names, databaseId: run.databaseId, revision: revision,
        stagingDirectory: delivery.destination.stagingDirectory ?? parts.stagingDirectory)
      let memory = ProfileMemory.name(
        export: begun.run.exportId, databaseId: run.databaseId, run: begun.run.id, attempt: begun.run.attempt)
      let delta = try delta(run, writing: memory)
      try await delivery.deliver(files, from: source, run.read, delta)
      if let mark = run.mark(memory: memory, sha256: try delta.finish()) {
        delivered.profileMarks.append(mark)
      }
    }
    return delivered
  }

  private func delta(_ run: ProfileRun, writing name: String) throws -> ProfileDelta {
    var memory: ProfileMemoryReader?
    if let previous = run.previous, let name = previous.memory, let sha256 = previous.memorySha256 {
      memory = try ProfileMemoryReader(directory: parts.memoryDirectory, name: name, sha256: sha256)
    }
    let next = run.hasMemory ? try ProfileMemoryWriter(directory: parts.memoryDirectory, name: name) : nil
    return ProfileDelta(
      mode: run.mode ?? .full, isFirst: run.previous == nil, rememberedFrom: run.since, memory: memory,
      next: next)
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

/// What a profile run reads of one database, and what it leaves to the next: a pure function of the definition, the
/// cut and the marks.
struct ProfileRun {
  let databaseId: String
  let cut: Instant
  /// Nil for a one-time export.
  let mode: ProfileMode?
  /// What this run's delta begins from; nil when it sends everything that is there.
  let previous: ProfileMark?
  let read: ProfileRead
  /// The next delta reads versions from here on.
  let since: Instant

  init(revision: Revision, databaseId: String, cut: Instant, marks: [ProfileMark]) {
    self.databaseId = databaseId
    self.cut = cut
    guard case .recurring(let recurrence) = revision.definition.frequency else {
      (mode, previous, since) = (nil, nil, cut)
      let span: ProfileRead.Span =
        if case .once(let window) = revision.timing { .updated(in: window) } else { .everything }
      read = ProfileRead(databaseId: databaseId, span: span, readsVersions: span != .everything)
      return
    }
    mode = recurrence.profiles
    // A mark of another mode remembers other things: the first run of the new mode sends all once more.
    previous = marks.first { $0.databaseId == databaseId && $0.mode == recurrence.profiles }
    let lookback = Int64(revision.source.profiles?.lookback ?? 0)
    switch recurrence.profiles {
    case .changed:
      since = max(previous?.since ?? Instant(seconds: .min), cut - lookback)
      read = ProfileRead(
        databaseId: databaseId, span: previous.map { .since($0.since) } ?? .everything, readsVersions: true)
    case .compared, .full:
      since = cut
      read = ProfileRead(databaseId: databaseId, span: .everything, readsVersions: false)
    }
  }

  var hasMemory: Bool { mode == .changed || mode == .compared }

  /// Nil for a one-time export, which leaves nothing behind.
  func mark(memory: String, sha256: String?) -> ProfileMark? {
    mode.map {
      ProfileMark(
        databaseId: databaseId, mode: $0, cutAt: cut, since: since, memory: sha256 == nil ? nil : memory,
        memorySha256: sha256)
    }
  }
}
