package import ExportCore
import Formats
package import Ledger
package import Logging
package import TimeZones

/// Carries out attempts: from a claimed window to delivered files, a manifest and DONE. Everything that must
/// outlive the process is in the ledger before it happens outside.
package struct RunExecutor: Sendable {
  package let ledger: Ledger
  package let parts: Parts
  package let time: any TimeSource
  package let bootId: String
  package let policy: RetryPolicy
  package let logger: Logger
  /// Gives 0 ..< 1 for each pause before a retry.
  package let jitter: @Sendable () -> Double

  package init(
    ledger: Ledger, parts: Parts, time: any TimeSource, bootId: String,
    policy: RetryPolicy = RetryPolicy(), logger: Logger,
    jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
  ) {
    self.ledger = ledger
    self.parts = parts
    self.time = time
    self.bootId = bootId
    self.policy = policy
    self.logger = logger
    self.jitter = jitter
  }

  /// How an attempt ended.
  package enum Outcome: Hashable, Sendable {
    case done
    case retry(ExportError, at: Instant)
    case failed(ExportError)
    case stopped
    /// The process is ending; the run goes on at the next start.
    case interrupted
    /// The run was not there to be begun any more.
    case notBegun
  }

  /// One attempt at a run. Cancelling the task ends it at a resumable point; `control` says why.
  /// - Throws: ``ExportError`` of stage `state` only: the ledger itself fails, and nothing can be written down.
  package func attempt(
    _ id: RunId, control: AttemptControl, for occasion: Occasion = .due
  ) async throws(ExportError) -> Outcome {
    let begun = try ledger.begin(id, bootId: bootId, for: occasion, now: time.now())
    guard let begun else { return .notBegun }
    do {
      try await carryOut(begun, control)
      tidyMemories(of: begun.run.exportId)
      return .done
    } catch {
      let failure = (error as? ExportError)?.of(export: begun.exportName) ?? error
      return try conclude(begun.run, failure, control, for: occasion)
    }
  }

  private func carryOut(_ begun: BegunRun, _ control: AttemptControl) async throws {
    let revision = begun.revision.resolved
    let destination = try parts.destination(revision.definition.destination, revision.destination)
    if let manifest = begun.manifest, let name = begun.run.manifestName {
      return try await complete(begun.run.id, manifest, name, destination)
    }
    let zone = try parts.zone(revision.timeZone)
    let source = try parts.source(revision.source)
    let names = try begun.fileNames(zone: zone)
    let delivery = Delivery(
      run: begun.run.id, revision: begun.revision.number, destination: destination, ledger: ledger,
      control: control)
    try await deleteOutdated(begun, names)
    let delivered: Delivered
    switch revision.definition.data.dataType {
    case .events: delivered = try await deliverEvents(begun, names, zone, source, delivery)
    case .profiles: delivered = try await deliverProfiles(begun, names, source, delivery)
    }
    try await deleteStale(begun)
    try Task.checkCancellation()
    try await commit(begun, names, delivered, destination)
    tellReplaced(control.replacedMembers, begun)
  }

  /// What a run has delivered, as far as its files do not say it.
  struct Delivered {
    var span: Manifest.Span
    var watermarks: [DatabaseCut] = []
    var profileMarks: [ProfileMark] = []
    /// Those that the ledger does not know yet.
    var columns = AnySequence<CataloguedProperty>(EmptyCollection())
  }

  /// Which of equal names counts, JSON leaves open: whoever wrote them should know that only one was exported.
  private func tellReplaced(_ members: Int, _ begun: BegunRun) {
    guard members > 0 else { return }
    logger.warning(
      """
      \(begun.exportName): run \(begun.run.id): in JSON objects of the source \(members) member(s) have the name of a later \
      one in the same object; only the last of a name is exported
      """)
  }

  // MARK: Steps

  /// Removes what attempts under an earlier revision left, before this one makes the same names: at another destination
  /// nobody would know of the old ones any more, and at the same place under another name it would be the new ones that go.
  private func deleteOutdated(_ begun: BegunRun, _ names: RunFileNames) async throws {
    let here = begun.revision.resolved.destination.place
    var places: Set<DestinationConfiguration.Place> = []
    for file in begun.files where file.revision != begun.revision.number && file.state != .delivered {
      let sent = try ledger.revision(of: begun.run.exportId, number: file.revision).resolved
      let isElsewhere = sent.destination.place != here
      // The definition has left that place, most likely because it does not work: what may lie there must not hold up
      // the run.
      func trying(_ what: String, _ body: () async throws -> Void) async throws {
        do {
          try await body()
        } catch let error as ExportError where error.stage == .destination && isElsewhere {
          logger.warning("could not delete \(what) of an earlier attempt: \(error)")
        }
      }
      if isElsewhere, places.insert(sent.destination.place).inserted {
        // What was under way there when the process died is no file yet.
        try await trying("what is unfinished") {
          let destination = try destination(of: file, begun.run.exportId)
          for stem in names.stems { try await destination.removeLeftovers(stem: stem) }
        }
      }
      try await trying(file.name) { try await delete(file, of: begun.run) }
      if isElsewhere { try ledger.forget(file.name, of: begun.run.id) }
    }
  }

  /// Removes what earlier attempts left at the destination and this one did not make again.
  private func deleteStale(_ begun: BegunRun) async throws {
    for stale in try ledger.undeliveredFiles(of: begun.run.id) { try await delete(stale, of: begun.run) }
  }

  private func delete(_ file: FileRecord, of run: RunRecord) async throws {
    try await destination(of: file, run.exportId).delete(file.name)
    try ledger.forget(file.name, of: run.id)
  }

  /// The destination to which a file was sent, entered as the newest revision does where it has not moved: the way in that
  /// the file took may be closed by now.
  package func destination(of file: FileRecord, _ export: RequestId) throws(ExportError) -> any Destination {
    let sent = try ledger.revision(of: export, number: file.revision).resolved
    let newest = try ledger.revision(of: export).resolved
    let revision = newest.destination.place == sent.destination.place ? newest : sent
    return try parts.destination(revision.definition.destination, revision.destination)
  }

  private func commit(
    _ begun: BegunRun, _ names: RunFileNames, _ delivered: Delivered, _ destination: any Destination
  ) async throws {
    let (totals, files) = try ledger.totals(of: begun.run.id)
    let bytes = try begun.manifest(of: totals, span: delivered.span, ledger)
    try ledger.commit(
      begun.run.id, manifest: bytes, named: names.manifest, rows: totals.rows, bytes: totals.bytes,
      files: files,
      rejected: totals.rejected, watermarks: delivered.watermarks, profileMarks: delivered.profileMarks,
      columns: delivered.columns)
    try await complete(begun.run.id, bytes, names.manifest, destination)
  }

  private func complete(
    _ id: RunId, _ manifest: [UInt8], _ name: String, _ destination: any Destination
  ) async throws {
    try await destination.put(manifest, as: name)
    try ledger.finish(id, now: time.now())
  }

  // MARK: Endings

  private func conclude(
    _ run: RunRecord, _ error: any Error, _ control: AttemptControl, for occasion: Occasion
  ) throws(ExportError) -> Outcome {
    var error = error
    switch control.ending {
    case .stop(let reason):
      if try ledger.stopped(run.id, reason: reason, now: time.now()) { return .stopped }
      // Only the manifest is left to deliver, or the export was started again before the attempt had ended.
      try ledger.interrupt(run.id, reason: "interrupted; goes on now")
      return .interrupted
    case .shutdown:
      try ledger.interrupt(run.id, reason: "interrupted: exportd was stopped; goes on at the next start")
      return .interrupted
    case .restart:
      try ledger.interrupt(run.id, reason: "interrupted to start over")
      try ledger.restart(run.id)
      return .interrupted
    case .stall(let seconds):
      error = ExportError(
        .source, .passing, object: "run \(run.runTimestamp ?? 0)",
        problem: "made no progress for \(seconds) s",
        hint: "look at the load of source and destination, or raise stallTimeout")
    case nil where error is CancellationError:
      try ledger.interrupt(run.id, reason: "interrupted; goes on at the next start")
      return .interrupted
    case nil: break
    }
    let failure =
      error as? ExportError
      ?? ExportError(.destination, .passing, object: "run \(run.runTimestamp ?? 0)", problem: "\(error)")
    return try giveUpOrRetry(run, failure, for: occasion)
  }

  private func retry(
    _ run: RunRecord, _ failure: ExportError, at next: Instant, now: Instant
  ) throws(ExportError) -> Outcome {
    try ledger.retry(run.id, error: failure.description, next: next, now: now)
      ? .retry(failure, at: next) : .stopped
  }

  private func giveUpOrRetry(
    _ run: RunRecord, _ failure: ExportError, for occasion: Occasion
  ) throws(ExportError) -> Outcome {
    let now = time.now()
    // The one attempt that was asked for is over; the export stays stopped and its window owed.
    if occasion.isAsked, try ledger.stopped(run.id, reason: failure.description, now: now) {
      return .failed(failure)
    }
    let verdict = policy.verdict(
      attempt: run.attempt, kind: failure.kind, firstAttemptAt: run.firstAttemptAt ?? now, now: now,
      jitter: jitter())
    // A run that has committed only goes forward.
    let isCommitted = try ledger.run(run.id)?.manifestName != nil
    switch verdict {
    case .giveUp where !isCommitted:
      try ledger.fail(run.id, error: failure.description, now: now)
      return .failed(failure)
    case .giveUp:
      return try retry(run, failure, at: now + policy.longestPause, now: now)
    case .again(let next): return try retry(run, failure, at: next, now: now)
    }
  }
}
