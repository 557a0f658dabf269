import ExportCore
package import Ledger
package import TimeZones

/// What the scheduler knows of one export. A reference: of ten thousand there is one each, however many lists they
/// stand in.
package final class AgendaEntry: Sendable {
  package let record: ExportRecord
  package let planner: RunPlanner
  /// Runs that are PENDING or RUNNING, oldest window first.
  package let open: [RunRecord]

  package init(record: ExportRecord, planner: RunPlanner, open: [RunRecord]) {
    self.record = record
    self.planner = planner
    self.open = open
  }

  /// The next window; a stopped export has none.
  package var upcoming: PlannedWindow? { record.stoppedBy == nil ? planner.next : nil }

  /// The next window, when no run has to end before it can be planned.
  fileprivate var plannable: PlannedWindow? {
    planner.mayPlan(hasOpenRun: !open.isEmpty) ? upcoming : nil
  }

  /// Whether its last window has ended, and it is not marked so yet.
  fileprivate var isFinished: Bool {
    record.isRecurring && record.doneAt == nil && planner.isExhausted && open.isEmpty
  }
}

/// A person's wish for one attempt at every open window of an export.
package struct RunRequest: Hashable, Sendable {
  /// The ledger's number of the wish.
  package var wish: Int64
  package var export: RequestId
  package var occasion: Occasion
  /// Runs still to be attempted, oldest window first.
  package var remaining: [RunId]
  package var total: Int

  package init(wish: Int64, export: RequestId, _ opened: RunWish.Opened) {
    self.wish = wish
    self.export = export
    occasion = opened.occasion
    remaining = opened.runs
    total = remaining.count
  }
}

/// The scheduler's decisions, without its effects: what to plan, what to start, what to end, given what the ledger
/// holds and what time it is.
package struct Agenda: Sendable {
  /// Stored times of a next attempt further ahead than this come from a clock that has since been set back.
  package static let furthestRetry: Int64 = 3600

  /// By request id. What follows from them without the time of day is worked out when they change, not every second:
  /// most of ten thousand exports have nothing to do for hours.
  package var entries: [RequestId: AgendaEntry] = [:] {
    didSet {
      ordered = entries.values.sorted { $0.record.id < $1.record.id }
      open = ordered.filter { !$0.open.isEmpty }
      strangers = ordered.filter { $0.record.hasSequence == nil && $0.record.dataType == .events }
      finished = ordered.filter(\.isFinished).map(\.record.id)
      nextDue = ordered.filter { $0.upcoming != nil }
        .min { ($0.upcoming!.dueAt, $0.record.name) < ($1.upcoming!.dueAt, $1.record.name) }
      nextPlannable = ordered.lazy.compactMap { $0.plannable?.dueAt }.min()
      farAheadBefore = ordered.lazy.filter { $0.record.stoppedBy == nil }
        .compactMap(\.planner.farAheadBefore).max()
    }
  }
  /// In the order of request ids, like all lists here, so that the same state leads to the same deeds in the same order.
  private var ordered: [AgendaEntry] = []
  /// Exports with runs that are PENDING or RUNNING.
  package private(set) var open: [AgendaEntry] = []
  /// Event exports of whose source it is not known yet whether it has a sequence.
  package private(set) var strangers: [AgendaEntry] = []
  /// Recurring exports whose last window has ended and that are not marked so yet.
  package private(set) var finished: [RequestId] = []
  /// The export whose next window becomes due first; nil when nothing is planned any more.
  package private(set) var nextDue: AgendaEntry?
  /// When the next window becomes due that can be planned as things are.
  private var nextPlannable: Instant?
  /// Before it, the clock had been far ahead when the windows of some export were planned.
  private var farAheadBefore: Instant?
  package var requests: [RunRequest] = []
  package var maxConcurrentRuns: Int

  package init(maxConcurrentRuns: Int) { self.maxConcurrentRuns = maxConcurrentRuns }

  /// Lets go of the requests for exports that have been stopped or deleted since: the ledger has answered them.
  package mutating func dropOutdatedRequests() {
    requests.removeAll { request in
      guard let record = entries[request.export]?.record else { return true }
      return !request.occasion.stands(with: record)
    }
  }

  /// Stopped exports with runs that wait though nobody asks for them any more.
  package var unasked: [RequestId] {
    open.filter { entry in
      entry.record.stoppedBy != nil
        && entry.open.contains { $0.state == .pending && $0.manifestName == nil }
        && !requests.contains { $0.export == entry.record.id }
    }.map(\.record.id)
  }

  /// Exports with windows to claim at `now`. A stopped export plans nothing.
  package func due(at now: Instant) -> [(export: RequestId, windows: [PlannedWindow])] {
    guard let nextPlannable, nextPlannable <= now else { return [] }
    return ordered.compactMap { entry in
      guard entry.record.stoppedBy == nil else { return nil }
      let windows = entry.planner.due(at: now, hasOpenRun: !entry.open.isEmpty)
      return windows.isEmpty ? nil : (entry.record.id, windows)
    }
  }

  /// Exports with windows that a clock far ahead of `now` had planned. A stopped export keeps them until it is started.
  package func farAhead(of now: Instant) -> [AgendaEntry] {
    guard let farAheadBefore, now < farAheadBefore else { return [] }
    return ordered.filter { $0.record.stoppedBy == nil && $0.planner.isFarAhead(of: now) }
  }

  /// One-time profile exports whose run waits to be admitted, with that run.
  package var waiting: [(export: RequestId, run: RunId)] {
    open.filter {
      $0.record.needsAdmission && $0.record.stoppedBy == nil && $0.open[0].admittedAt == nil
    }.map { ($0.record.id, $0.open[0].id) }.sorted { $0.run < $1.run }
  }

  /// A run that should begin now.
  package struct Start: Hashable, Sendable {
    package var run: RunId
    package var export: RequestId
    /// When a person asks for it, neither its retry time nor a stopped export holds it back.
    package var occasion: Occasion

    package init(run: RunId, export: RequestId, for occasion: Occasion) {
      self.run = run
      self.export = export
      self.occasion = occasion
    }
  }

  /// The runs that should begin, at most as many as there are free slots; the longest due first.
  package func starts(running: Set<RunId>, at now: Instant) -> [Start] {
    let free = maxConcurrentRuns - running.count
    guard free > 0 else { return [] }
    var ready: [(Start, Instant)] = []
    for entry in open {
      // A committed run comes before older windows that were reopened: what is late for its window is looked for only
      // once it is DONE.
      let next = entry.open.first { $0.manifestName != nil } ?? entry.open.first
      guard let first = next, !entry.open.contains(where: { running.contains($0.id) }) else {
        continue
      }
      let request = requests.first { $0.export == entry.record.id && $0.remaining.contains(first.id) }
      // A committed run only goes forward, whatever has become of its export.
      let isAllowed = request != nil || entry.record.stoppedBy == nil || first.manifestName != nil
      let waits = first.nextAttemptAt.map { $0 > now && $0 - now <= Self.furthestRetry } ?? false
      guard isAllowed, request != nil || !waits, first.admittedAt != nil || !entry.record.needsAdmission
      else {
        continue
      }
      let start = Start(run: first.id, export: entry.record.id, for: request?.occasion ?? .due)
      ready.append((start, first.scheduledAt))
    }
    return ready.sorted { ($0.1, $0.0.export) < ($1.1, $1.0.export) }.prefix(free).map(\.0)
  }
}
