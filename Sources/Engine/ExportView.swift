package import ExportCore
package import Ledger
package import TimeZones

/// How one export looks to people at one moment (SPEC section 5). The one computation behind every table, every
/// `--json` and every page.
package struct ExportView: Sendable {
  package let record: ExportRecord
  /// Of the newest revision.
  package let outline: RevisionOutline
  /// The newest definition as the person wrote it, compact JSON.
  package let definition: String
  /// The export's own; UTC when it cannot be read, which ``reason`` then says.
  package let zone: Zone
  package let state: ExportState
  /// Why it stands as it does, where the state does not say it all: a sentence without a full stop.
  package let reason: String?
  /// The run that was begun last, or the one of the newest window when none was.
  package let lastRun: RunRecord?
  /// When the next run is due, in the past when it is only waiting for its turn; nil when there will be none.
  package let nextRunAt: Instant?
  /// Windows that are FAILED and owed: `exportd run` and `exportd start` take them up again.
  package let failedWindows: Int
  /// What runs that ended without completing still have at the destination.
  package let leftovers: ExportSnapshot.Leftovers
  /// Since when a window is owed that should have been taken up by now; nil when nothing is late.
  package let overdueSince: Instant?

  /// A window that is due for longer than this, in seconds, without being under way is overdue.
  package static let patience: Int64 = 600

  /// - Parameter isBusy: whether any run is under way: what only waits for a free slot is not overdue.
  package init(
    _ snapshot: ExportSnapshot, zone: (String) throws(ExportError) -> Zone, isBusy: Bool, now: Instant
  ) {
    record = snapshot.record
    self.outline = snapshot.outline
    definition = snapshot.definition
    lastRun = snapshot.last
    failedWindows = snapshot.failedWindows
    leftovers = snapshot.leftovers
    let outlook = Outlook(snapshot, zone)
    self.zone = outlook.zone
    state = Self.state(snapshot, outlook)
    reason = Self.reason(snapshot, outlook, state)
    let waiting = snapshot.open.first { $0.state == .pending }
    let isLive = record.stoppedBy == nil && record.deletedAt == nil
    nextRunAt =
      isLive ? waiting.map { $0.nextAttemptAt ?? $0.scheduledAt } ?? outlook.next?.dueAt : nil
    overdueSince = isLive ? Self.overdueSince(snapshot, outlook, isBusy: isBusy, now: now) : nil
  }

  /// What lies ahead of an export, as far as its definition tells.
  private struct Outlook {
    var zone = Zone.utc
    var next: PlannedWindow?
    /// Whether every window that it will ever have is planned.
    var isExhausted = false
    var problem: String?

    init(_ snapshot: ExportSnapshot, _ zone: (String) throws(ExportError) -> Zone) {
      do throws(ExportError) {
        self.zone = try zone(snapshot.outline.timeZone)
        let planner = try RunPlanner(
          outline: snapshot.outline, plannedThrough: snapshot.record.plannedThrough,
          hasSequence: snapshot.record.hasSequence, zone: self.zone)
        next = planner.next
        isExhausted =
          planner.schedule == nil ? snapshot.record.plannedThrough != nil : next == nil
      } catch {
        // A definition that has gone bad must not hide all the others.
        problem = error.description
      }
    }
  }

  private static func state(_ snapshot: ExportSnapshot, _ outlook: Outlook) -> ExportState {
    if snapshot.open.contains(where: { $0.state == .running }) { return .running }
    if snapshot.record.stoppedBy != nil { return snapshot.record.waits ? .pending : .stopped }
    if snapshot.ended?.state == .failed { return .failed }
    guard outlook.isExhausted, snapshot.open.isEmpty else { return .pending }
    // Nothing is ahead any more, so that what failed on the way is all there is to say.
    return snapshot.failedWindows > 0 ? .failed : .done
  }

  private static func reason(_ snapshot: ExportSnapshot, _ outlook: Outlook, _ state: ExportState) -> String?
  {
    if let reason = snapshot.record.reason ?? outlook.problem { return reason }
    switch state {
    case .failed:
      if let ended = snapshot.ended, ended.state == .failed { return ended.error }
      return snapshot.failedWindows == 1
        ? "1 window is FAILED" : "\(snapshot.failedWindows) windows are FAILED"
    case .pending: return snapshot.open.first.flatMap { $0.error ?? $0.reason }
    case .done: return snapshot.ended?.state == .skipped ? snapshot.ended?.reason : nil
    case .running, .stopped: return nil
    }
  }

  private static func overdueSince(
    _ snapshot: ExportSnapshot, _ outlook: Outlook, isBusy: Bool, now: Instant
  ) -> Instant? {
    guard !snapshot.open.contains(where: { $0.state == .running }) else { return nil }
    let first = snapshot.open.first
    guard let due = first?.scheduledAt ?? outlook.next?.dueAt else { return nil }
    let isRetrying = first?.attempt ?? 0 > 0
    if isBusy, !isRetrying { return nil }
    // Windows are taken up one after the other, and none before the export was there: what counts is since when
    // this one could have been.
    let since =
      [
        due, snapshot.record.createdAt, snapshot.ended?.finishedAt, isRetrying ? first?.firstAttemptAt : nil,
      ].compactMap { $0 }.max() ?? due
    return now - since > patience ? since : nil
  }
}

/// All exports at one moment, and the daemon that runs them.
package struct Overview: Sendable {
  /// The process that works on them; nil when none does.
  package let daemon: DaemonRecord?
  /// What the last reload did not take; nil when all was taken. It stands also while no daemon runs.
  package let reloadError: String?
  /// By name; only one where only one was asked for.
  package let exports: [ExportView]
  package let now: Instant

  /// - Parameters:
  ///   - only: one export, also a deleted one; nil for all.
  ///   - pid: who holds the state directory; nil when nobody does.
  package init(
    _ ledger: Ledger, only: RequestId? = nil, zone: @escaping (String) throws(ExportError) -> Zone,
    pid: Int32?, now: Instant
  ) throws(ExportError) {
    let record = try ledger.daemon()
    daemon = pid.flatMap { pid in
      record.map { record in
        var record = record
        record.pid = pid
        return record
      }
    }
    reloadError = record?.reloadError
    self.now = now
    let snapshots =
      if let only { try ledger.snapshot(of: only).map { [$0] } ?? [] } else { try ledger.snapshots() }
    let isBusy = try ledger.isAnyRunning()
    var zones = ZonesOfTheMoment(zone)
    exports = snapshots.map { snapshot in
      ExportView(
        snapshot, zone: { (name) throws(ExportError) in try zones.zone(name) }, isBusy: isBusy, now: now)
    }
  }

  /// What `status --check` reports: exports that are FAILED, and those with something overdue.
  package var needingAttention: [ExportView] {
    exports.filter { $0.state == .failed || $0.overdueSince != nil }
  }
}
