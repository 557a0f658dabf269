package import ExportCore
package import TimeZones

/// Why the dates of a definition cannot be had.
package struct TimingRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where in the definition it stands.
  package var path: JSONPath
  /// A sentence that names the date that would do, without a full stop.
  package var message: String

  /// `$.frequency.from: MESSAGE`.
  package var description: String { "\(path): \(message)" }
}

/// Frequencies with their dates judged.
package struct JudgedTiming: Hashable, Sendable {
  package var timing: Revision.Timing
  /// What the person who creates the export should hear, in sentences without a full stop.
  package var notes: [String] = []

  package init(_ timing: Revision.Timing, notes: [String] = []) {
    self.timing = timing
    self.notes = notes
  }
}

/// Decides, once, when a definition is first stored, what its dates mean: `today`, the default of `from`, and how
/// far back is too far.
package struct TimingJudge: Sendable {
  /// How many local days before the current one an export may begin.
  package static let daysBack = 60

  private let zone: Zone
  private let now: Instant
  private let today: LocalDate

  /// - Parameters:
  ///   - zone: the export's own.
  ///   - now: the instant of creation.
  package init(zone: Zone, now: Instant) {
    self.zone = zone
    self.now = now
    today = zone.localDateTime(at: now).date
  }

  /// - Parameter stored: the newest revision of the export when its definition was edited. A recurring
  ///   frequency whose `from` is as it was keeps its first day, however long ago that is.
  /// - Throws: ``TimingRefusal``.
  package func judge(_ frequency: Frequency, stored: Revision? = nil) throws(TimingRefusal) -> JudgedTiming {
    switch frequency {
    case .recurring(let recurrence):
      if let stored, case .recurring(let before) = stored.definition.frequency,
        before.from == recurrence.from,
        case .recurring(let from) = stored.timing
      {
        return try judge(recurrence, from: from)
      }
      if let from = recurrence.from { try requireNotTooFarBack(from, "from") }
      return try judge(recurrence, from: recurrence.from ?? today)
    case .once(let period): return try judge(period)
    }
  }

  private func judge(_ recurrence: Recurrence, from: LocalDate) throws(TimingRefusal) -> JudgedTiming {
    guard
      let schedule = Schedule(
        from: from, at: recurrence.at, everyHours: recurrence.everyHours, until: recurrence.until, zone: zone)
    else {
      throw refusal("the export begins on \(from): \"until\" must not lie before that day", "until")
    }
    guard schedule.end.map({ schedule.firstBoundary < $0 }) ?? true else {
      throw refusal(
        "the export would end on the instant on which it begins, \(local(schedule.firstBoundary))", "until")
    }
    return JudgedTiming(.recurring(from: from))
  }

  // MARK: One time

  private func judge(_ period: Period) throws(TimingRefusal) -> JudgedTiming {
    let monday = today - today.weekday
    let first = today - (today.day - 1)
    return switch period {
    case .now: JudgedTiming(.onceNow(now))
    case .today: try named("today", today, today)
    case .yesterday: try named("yesterday", today - 1, today - 1)
    case .currentWeek: try named("currentWeek", monday, today)
    case .previousWeek: try named("previousWeek", monday - 7, monday - 1)
    case .currentMonth: try named("currentMonth", first, today)
    case .previousMonth: try named("previousMonth", (first - 1) - ((first - 1).day - 1), first - 1)
    case .lastDays(let days): try named("lastDays", today - min(days, Self.daysBack), today)
    case .day(let day): try explicit(day, day, "day", "day")
    case .days(let from, let to): try explicit(from, to, "from", "to")
    }
  }

  /// A period that reaches too far back is cut; lastDays never does.
  private func named(_ name: String, _ from: LocalDate, _ to: LocalDate) throws(TimingRefusal) -> JudgedTiming
  {
    guard from < earliest else { return JudgedTiming(try window(from, to)) }
    return JudgedTiming(
      try window(earliest, to),
      notes: [
        "\"\(name)\" begins on \(from), more than \(Self.daysBack) days ago; this export begins on \(earliest)"
      ])
  }

  private func explicit(
    _ from: LocalDate, _ to: LocalDate, _ fromKey: String, _ toKey: String
  ) throws(TimingRefusal) -> JudgedTiming {
    try requireNotTooFarBack(from, "once", fromKey)
    for (date, key) in [(from, fromKey), (to, toKey)] where date > today {
      throw refusal("\(date) lies in the future; the latest date that would do is \(today)", "once", key)
    }
    return JudgedTiming(try window(from, to))
  }

  /// From the first instant of `from` to 24:00 of `to` or now, whichever is first.
  private func window(_ from: LocalDate, _ to: LocalDate) throws(TimingRefusal) -> Revision.Timing {
    let begin = zone.startOfDay(from)
    let end = zone.startOfDay(to + 1)
    if let window = Window(from: begin, to: min(end, now)) { return .once(window) }
    if begin < end {
      throw refusal(
        "the period begins now, at \(local(begin)), and holds nothing yet; try again later", "once")
    }
    throw refusal("there was no \(from) in \(zone.name); the day before it would do, \(from - 1)", "once")
  }

  // MARK: Limits

  private var earliest: LocalDate { today - Self.daysBack }

  private func requireNotTooFarBack(_ date: LocalDate, _ keys: String...) throws(TimingRefusal) {
    guard date < earliest else { return }
    throw TimingRefusal(
      path: path(keys),
      message:
        "\(date) is more than \(Self.daysBack) days ago; the earliest date that would do is \(earliest)")
  }

  private func refusal(_ message: String, _ keys: String...) -> TimingRefusal {
    TimingRefusal(path: path(keys), message: message)
  }

  private func path(_ keys: [String]) -> JSONPath {
    keys.reduce(JSONPath("frequency")) { $0.appending($1) }
  }

  private func local(_ instant: Instant) -> String {
    "\(zone.localDateTime(at: instant)) \(zone.name)"
  }
}
