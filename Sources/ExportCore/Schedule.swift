package import TimeZones

/// When a recurring export runs: the boundaries between its windows, as a pure function of its definition.
///
/// The boundaries begin at `from` + `at`, local time. When `everyHours` divides 24 they stand on the local clock, every
/// so many hours of wall time from `at`, counted from `from` and never from the boundary before; a local
/// time that does not exist moves to the first instant after the gap, one that happens twice means the
/// first, and boundaries that fall on one instant count once. Otherwise they follow the first at equal
/// distances of real time. With `until`, 24:00 local of that day is the last boundary, whatever the grid says.
///
/// Every question is answered from the instant asked about, without counting up to it.
package struct Schedule: Hashable, Sendable {
  /// Local date of the first boundary.
  package let from: LocalDate
  /// Local time of the first boundary.
  package let at: LocalTime
  /// 4 to 24.
  package let everyHours: Int
  /// The last day, inclusive; nil when there is no end.
  package let until: LocalDate?
  package let zone: Zone

  package let firstBoundary: Instant
  /// 24:00 local of `until`: the last boundary, where the last window ends. Never before `firstBoundary`, and
  /// equal to it only where the zone leaves out the whole time between them: then there is no window.
  package let end: Instant?

  /// The values of `everyHours` that can be scheduled.
  package static let hours = 4...24
  /// The shortest window, in seconds, that an edit of the grid may leave between old and new boundaries.
  package static let shortestStepAfterEdit: Int64 = 4 * 3600

  /// Nil when `everyHours` is not in `hours`, or `until` lies before `from`.
  package init?(from: LocalDate, at: LocalTime, everyHours: Int, until: LocalDate? = nil, zone: Zone) {
    guard Schedule.hours.contains(everyHours), from <= until ?? from else { return nil }
    self.from = from
    self.at = at
    self.everyHours = everyHours
    self.until = until
    self.zone = zone
    firstBoundary = zone.firstInstant(of: LocalDateTime(from, at))
    end = until.map { zone.startOfDay($0 + 1) }
  }

  /// The first boundary strictly after `instant`; nil at and past the end, and past the year 9999.
  package func boundary(after instant: Instant) -> Instant? {
    guard instant < Schedule.horizon, instant < end ?? .init(seconds: .max) else { return nil }
    let next = grid(slots(through: instant))
    return end.map { min($0, next) } ?? next
  }

  /// The last boundary at or before `instant`; nil before the first.
  package func boundary(atOrBefore instant: Instant) -> Instant? {
    if let end, instant >= end { return end }
    let passed = slots(through: min(instant, Schedule.horizon))
    return passed == 0 ? nil : grid(passed - 1)
  }

  package func isBoundary(_ instant: Instant) -> Bool { boundary(atOrBefore: instant) == instant }

  /// The window to plan when everything before `plannedThrough` has been planned; nil when there is none any more.
  ///
  /// It begins exactly at `plannedThrough`, or at the first boundary when nothing has been planned yet (nil). It
  /// ends at the next boundary. When `plannedThrough` is no boundary of this schedule, because zone, `everyHours` or
  /// `at` have been edited since, it ends at the first boundary at least 4 hours later, or at the end when that
  /// comes sooner: nothing is left out, even when the edit has moved the first boundary behind `plannedThrough`.
  package func window(after plannedThrough: Instant?) -> Window? {
    let begin = plannedThrough ?? firstBoundary
    guard begin < Schedule.horizon else { return nil }
    let isOnGrid = plannedThrough == nil || isBoundary(begin)
    let earliest = isOnGrid ? begin : begin + (Schedule.shortestStepAfterEdit - 1)
    guard let finish = boundary(after: earliest) ?? end else { return nil }
    return Window(from: begin, to: finish)
  }

  /// The windows from `plannedThrough` on (see `window(after:)`) that end at or before `deadline`, oldest first, each
  /// made when it is asked for.
  package func windows(after plannedThrough: Instant?, dueBy deadline: Instant) -> Windows {
    Windows(schedule: self, plannedThrough: plannedThrough, deadline: deadline)
  }

  package struct Windows: Sequence, IteratorProtocol {
    let schedule: Schedule
    var plannedThrough: Instant?
    let deadline: Instant

    package mutating func next() -> Window? {
      guard let window = schedule.window(after: plannedThrough), window.to <= deadline else { return nil }
      plannedThrough = window.to
      return window
    }
  }
}

extension Schedule {
  /// 10000-01-01: clocks and stored instants beyond are wrong, and local dates there cannot be written.
  private static let horizon = Instant(seconds: 253_402_300_800)

  private var step: Int { everyHours * 3600 }
  private var standsOnClock: Bool { 24 % everyHours == 0 }

  /// Boundary number `slot` of the endless grid, from 0. Slots that a gap has swallowed share one instant; the
  /// instants never fall as slots rise.
  private func grid(_ slot: Int) -> Instant {
    standsOnClock
      ? zone.firstInstant(of: LocalDateTime(from, at) + slot * step)
      : firstBoundary + Int64(slot * step)
  }

  /// How many slots of the grid lie at or before `instant`.
  private func slots(through instant: Instant) -> Int {
    guard instant >= firstBoundary else { return 0 }
    guard standsOnClock else { return Int(instant - firstBoundary) / step + 1 }
    // Every slot up to what the clock shows has passed. A clock that has just been set back has shown some
    // later ones already.
    let shown = zone.localDateTime(at: instant) - LocalDateTime(from, at)
    var passed = max(1, shown / step + 1)
    while grid(passed) <= instant { passed += 1 }
    return passed
  }
}
