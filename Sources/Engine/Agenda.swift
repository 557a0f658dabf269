package import ExportCore
package import Ledger
package import TimeZones

/// What the scheduler knows of one export.
package struct AgendaEntry: Sendable {
  package var record: ExportRecord
  package var revision: RevisionRecord
  package var planner: RunPlanner
  /// Runs that are PENDING or RUNNING, oldest window first.
  package var open: [RunRecord]

  package init(record: ExportRecord, revision: RevisionRecord, planner: RunPlanner, open: [RunRecord]) {
    self.record = record
    self.revision = revision
    self.planner = planner
    self.open = open
  }
}

/// A person's wish for one attempt at every open window of an export.
package struct RunRequest: Hashable, Sendable {
  /// The ledger's number of the wish.
  package var wish: Int64
  package var export: RequestId
  /// Runs still to be attempted, oldest window first.
  package var remaining: [RunId]
  package var total: Int

  package init(wish: Int64, export: RequestId, remaining: [RunId]) {
    self.wish = wish
    self.export = export
    self.remaining = remaining
    total = remaining.count
  }
}

/// The scheduler's decisions, without its effects: what to plan, what to start, what to end, given what the ledger
/// holds and what time it is.
package struct Agenda: Sendable {
  /// Stored times of a next attempt further ahead than this come from a clock that has since been set back.
  package static let furthestRetry: Int64 = 3600

  package var entries: [RequestId: AgendaEntry] = [:] {
    didSet {
      ordered = entries.values.sorted { $0.record.id < $1.record.id }
      nextDue = soonest
    }
  }
  /// In the order of request ids, so that the same state leads to the same deeds in the same order. Like what is
  /// next, it is worked out when entries change, not every second.
  package private(set) var ordered: [AgendaEntry] = []
  /// When the next window of any export becomes due; nil when nothing is planned any more.
  package private(set) var nextDue: (at: Instant, entry: AgendaEntry)?
  package var requests: [RunRequest] = []
  package var maxConcurrentRuns: Int

  package init(maxConcurrentRuns: Int) { self.maxConcurrentRuns = maxConcurrentRuns }

  private var soonest: (at: Instant, entry: AgendaEntry)? {
    ordered.compactMap { entry in
      entry.record.stoppedBy == nil ? entry.planner.next.map { ($0.dueAt, entry) } : nil
    }.min { ($0.0, $0.1.record.name) < ($1.0, $1.1.record.name) }
  }

  /// Exports with windows to claim at `now`. A stopped export plans nothing.
  package func due(at now: Instant) -> [(export: RequestId, windows: [PlannedWindow])] {
    guard let nextDue, nextDue.at <= now else { return [] }
    return ordered.compactMap { entry in
      guard entry.record.stoppedBy == nil else { return nil }
      let windows = entry.planner.due(at: now, hasOpenRun: !entry.open.isEmpty)
      return windows.isEmpty ? nil : (entry.record.id, windows)
    }
  }

  /// One-time profile runs that wait to be admitted, and whose export wants recurring ones stopped for them.
  package var waiting: [(run: RunId, definition: Definition)] {
    entries.values.compactMap { entry in
      guard entry.record.needsAdmission, entry.record.stoppedBy == nil, let first = entry.open.first,
        first.admittedAt == nil
      else { return nil }
      return (first.id, entry.revision.resolved.definition)
    }.sorted { $0.run < $1.run }
  }

  /// Recurring exports whose last window has ended and that are not marked so yet.
  package var finished: [RequestId] {
    entries.values.filter {
      $0.record.isRecurring && $0.record.doneAt == nil && $0.planner.isExhausted && $0.open.isEmpty
    }.map(\.record.id).sorted()
  }

  /// A run that should begin now.
  package struct Start: Hashable, Sendable {
    package var run: RunId
    package var export: RequestId
    /// Asked for by a person: neither its retry time nor a stopped export holds it back.
    package var requested: Bool

    package init(run: RunId, export: RequestId, requested: Bool) {
      self.run = run
      self.export = export
      self.requested = requested
    }
  }

  /// The runs that should begin, at most as many as there are free slots; the longest due first.
  package func starts(running: Set<RunId>, at now: Instant) -> [Start] {
    let free = maxConcurrentRuns - running.count
    guard free > 0 else { return [] }
    var ready: [(Start, Instant)] = []
    for entry in entries.values {
      // A committed run comes before older windows that were reopened: what is late for its window is looked for only
      // once it is DONE.
      let next = entry.open.first { $0.manifestName != nil } ?? entry.open.first
      guard let first = next, !entry.open.contains(where: { running.contains($0.id) }) else {
        continue
      }
      let requested = requests.contains { $0.export == entry.record.id && $0.remaining.contains(first.id) }
      // A committed run only goes forward, whatever has become of its export.
      let isAllowed = requested || entry.record.stoppedBy == nil || first.manifestName != nil
      let waits = first.nextAttemptAt.map { $0 > now && $0 - now <= Self.furthestRetry } ?? false
      guard isAllowed, requested || !waits, first.admittedAt != nil || !entry.record.needsAdmission else {
        continue
      }
      ready.append((Start(run: first.id, export: entry.record.id, requested: requested), first.scheduledAt))
    }
    return ready.sorted { ($0.1, $0.0.export) < ($1.1, $1.0.export) }.prefix(free).map(\.0)
  }
}
