package import ExportCore
package import Ledger
package import TimeZones

/// `exportd run`: what one attempt at every due, FAILED or STOPPED window of an export means, in the daemon and in the
/// foreground alike.
package struct RunWish: Sendable {
  package let ledger: Ledger
  package let parts: Parts

  package init(ledger: Ledger, parts: Parts) {
    self.ledger = ledger
    self.parts = parts
  }

  /// What came of the wish.
  package struct Opened: Sendable {
    /// Oldest window first.
    package var runs: [RunId]
    /// What attempts at them are made for.
    package var occasion: Occasion

    package init(runs: [RunId], for occasion: Occasion) {
      self.runs = runs
      self.occasion = occasion
    }
  }

  /// Plans what is due, reopens what had failed or was stopped, and tells which runs are open.
  /// - Parameter restart: their delivered files go, and they start over.
  /// - Parameter rebase: the source is taken as it is now.
  package func open(
    _ id: RequestId, restart: Bool, rebase: Bool, now: Instant
  ) throws(ExportError) -> Opened {
    guard let record = try ledger.export(id), record.deletedAt == nil else {
      throw ExportError(.state, .lasting, object: "export \(id)", problem: "does not exist any more")
    }
    let revision = try ledger.revision(of: id).resolved
    let planner = try RunPlanner(
      revision: revision, plannedThrough: record.plannedThrough, hasSequence: record.hasSequence,
      voided: try ledger.voidedWindows()[id] ?? [], zone: try parts.zone(revision.timeZone))
    let hasOpenRun = try ledger.openRuns().contains { $0.exportId == id }
    try ledger.claim(planner.due(at: now, hasOpenRun: hasOpenRun), of: id, now: now)
    let occasion = Occasion.asked(stoppedAt: record.stoppedAt)
    _ = try ledger.reopen(id, for: occasion, now: now)
    if rebase { try ledger.rebase(id) }
    let open = try ledger.openRuns().filter { $0.exportId == id }
    if record.needsAdmission, let first = open.first {
      let admission = try ledger.admit(
        first.id, stopRecurring: revision.definition.stopRecurring,
        resume: revision.definition.resumeRecurring,
        now: now)
      // With the recurring ones stopped it only waits for the run that is in flight.
      if case .waits(let reason) = admission, !revision.definition.stopRecurring {
        throw ExportError(.state, .refused, object: record.name, problem: reason)
      }
    }
    if restart {
      for run in open where run.state == .pending { try ledger.restart(run.id) }
    }
    return Opened(runs: open.map(\.id), for: occasion)
  }
}
