package import ExportCore
package import Ledger
package import TimeZones

/// Which windows an export has: a pure function of its definition, what is planned already, and now.
package struct RunPlanner: Sendable {
  package let dataType: DataType
  /// The export's own.
  package let zone: Zone
  package let plannedThrough: Instant?
  /// In seconds.
  package let delay: Int64
  /// Nil for a one-time export.
  package let schedule: Schedule?
  /// Windows that a clock far ahead had planned, from `plannedThrough` on: they are planned again as they were.
  package let voided: [Window]
  private let timing: Revision.Timing
  /// The next window that is not planned yet. Worked out once: the scheduler asks every second.
  package private(set) var next: PlannedWindow?

  /// - Parameter hasSequence: whether the source sends late rows; without them a window waits five minutes for its
  ///   stragglers unless the definition says otherwise. Nil when that is not known yet.
  /// - Throws: ``ExportError`` when the definition does not make a schedule, which its reader had refused.
  package init(
    revision: Revision, plannedThrough: Instant?, hasSequence: Bool?, voided: [Window] = [], zone: Zone
  ) throws(ExportError) {
    try self.init(
      outline: RevisionOutline(revision), plannedThrough: plannedThrough, hasSequence: hasSequence,
      voided: voided, zone: zone)
  }

  /// As ``init(revision:plannedThrough:hasSequence:voided:zone:)``.
  package init(
    outline: RevisionOutline, plannedThrough: Instant?, hasSequence: Bool?, voided: [Window] = [], zone: Zone
  ) throws(ExportError) {
    self.voided = voided
    self.zone = zone
    self.plannedThrough = plannedThrough
    dataType = outline.data.dataType
    timing = outline.timing
    switch (outline.recurrence, outline.timing) {
    case (let recurrence?, .recurring(let from)):
      guard
        let schedule = Schedule(
          from: from, at: recurrence.at, everyHours: recurrence.everyHours, until: recurrence.until,
          zone: zone)
      else {
        throw ExportError(
          .configuration, .lasting, object: "frequency", problem: "until lies before from",
          hint: "give a later `until`")
      }
      self.schedule = schedule
      let waitsForStragglers = hasSequence == false && dataType == .events
      delay = Int64(recurrence.delayMinutes ?? (waitsForStragglers ? 5 : 0)) * 60
    default:
      schedule = nil
      delay = 0
    }
    next = windows.first { _ in true }
  }

  /// The windows from `plannedThrough` on, oldest first, each with the instant at which it is due. The first profile
  /// run is due at the first boundary itself: all profiles lie before it.
  package var windows: some Sequence<PlannedWindow> {
    var planned = plannedThrough
    let only = plannedThrough == nil ? onlyWindow : nil
    var isOnlyGiven = false
    var again = voided[...]
    return AnyIterator {
      while let window = again.popFirst() {
        guard window.from >= planned ?? window.from else { continue }
        planned = window.to
        return PlannedWindow(window: window, dueAt: window.to + delay)
      }
      if let schedule {
        if isProfiles, planned == nil {
          planned = schedule.firstBoundary
          return PlannedWindow(
            profilesFrom: nil, to: schedule.firstBoundary, dueAt: schedule.firstBoundary + delay)
        }
        guard let window = schedule.window(after: planned) else { return nil }
        planned = window.to
        return isProfiles
          ? PlannedWindow(profilesFrom: window.from, to: window.to, dueAt: window.to + delay)
          : PlannedWindow(window: window, dueAt: window.to + delay)
      }
      guard let only, !isOnlyGiven else { return nil }
      isOnlyGiven = true
      return only
    }
  }

  private var isProfiles: Bool { dataType == .profiles }

  private var onlyWindow: PlannedWindow? {
    switch timing {
    case .recurring: nil
    case .once(let window): PlannedWindow(window: window, dueAt: window.to)
    case .onceNow(let created): PlannedWindow(profilesFrom: nil, to: created, dueAt: created)
    }
  }

  /// What is due at `now`, oldest first. Events: every missed window, each a run of its own. Profiles: the missed
  /// windows of a recurring export as one, and none while a run is still open, which they merge with.
  /// - Parameter hasOpenRun: whether a run of the export is PENDING or RUNNING.
  package func due(at now: Instant, hasOpenRun: Bool) -> [PlannedWindow] {
    guard let next, next.dueAt <= now, mayPlan(hasOpenRun: hasOpenRun) else { return [] }
    return merged(windows.prefix { $0.dueAt <= now })
  }

  /// Whether a window can be planned at all: those of recurring profiles merge with a run that is still open.
  package func mayPlan(hasOpenRun: Bool) -> Bool { !isProfiles || schedule == nil || !hasOpenRun }

  /// What is over at `now`, due or not: what a person leaves out who starts an export without it.
  package func missed(at now: Instant) -> [PlannedWindow] { merged(windows.prefix { $0.to <= now }) }

  private func merged(_ windows: some Sequence<PlannedWindow>) -> [PlannedWindow] {
    guard isProfiles, schedule != nil else { return Array(windows) }
    return windows.reduce(nil as PlannedWindow?) { merged, next in
      PlannedWindow(profilesFrom: merged.map(\.from) ?? next.from, to: next.to, dueAt: next.dueAt)
    }.map { [$0] } ?? []
  }

  /// Whether the clock had been far ahead: more than one window is planned that lies after `now`.
  package func isFarAhead(of now: Instant) -> Bool { farAheadBefore.map { now < $0 } ?? false }

  /// The instant before which ``isFarAhead(of:)`` holds; nil when nothing is planned yet.
  package var farAheadBefore: Instant? {
    guard let schedule, let plannedThrough else { return nil }
    return plannedThrough - Int64(schedule.everyHours) * 3600
  }

  /// Whether a recurring export has nothing left to plan.
  package var isExhausted: Bool { next == nil }
}
