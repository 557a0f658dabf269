package import ExportCore
package import Ledger
package import TimeZones

/// Which windows an export has: a pure function of its definition, what is planned already, and now.
package struct RunPlanner: Sendable {
  package let revision: Revision
  package let plannedThrough: Instant?
  /// In seconds.
  package let delay: Int64
  /// Nil for a one-time export.
  package let schedule: Schedule?

  /// - Parameter hasSequence: whether the source sends late rows; without them a window waits five minutes for its
  ///   stragglers unless the definition says otherwise. Nil when that is not known yet.
  /// - Throws: ``ExportError`` when the definition does not make a schedule, which its reader had refused.
  package init(
    revision: Revision, plannedThrough: Instant?, hasSequence: Bool?, zone: Zone
  ) throws(ExportError) {
    self.revision = revision
    self.plannedThrough = plannedThrough
    switch (revision.definition.frequency, revision.timing) {
    case (.recurring(let recurrence), .recurring(let from)):
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
      delay = Int64(recurrence.delayMinutes ?? (hasSequence == false ? 5 : 0)) * 60
    default:
      schedule = nil
      delay = 0
    }
  }

  /// The windows from `plannedThrough` on, oldest first, each with the instant at which it is due.
  package var windows: some Sequence<PlannedWindow> {
    var planned = plannedThrough
    let only: Window? =
      if case .once(let window) = revision.timing, plannedThrough == nil { window } else { nil }
    var isOnlyGiven = false
    return AnyIterator {
      if let schedule {
        guard let window = schedule.window(after: planned) else { return nil }
        planned = window.to
        return PlannedWindow(window: window, dueAt: window.to + delay)
      }
      guard let only, !isOnlyGiven else { return nil }
      isOnlyGiven = true
      return PlannedWindow(window: only, dueAt: only.to)
    }
  }

  /// What is due at `now`, oldest first. Events: every missed window, each a run of its own.
  package func due(at now: Instant) -> [PlannedWindow] { Array(windows.prefix { $0.dueAt <= now }) }

  /// The next window that is not planned yet.
  package var next: PlannedWindow? { windows.first { _ in true } }

  /// Whether a recurring export has nothing left to plan.
  package var isExhausted: Bool { next == nil }
}
