/// A date and a time of day on the local clock, in whole seconds, without a zone: what a wall clock shows.
package struct LocalDateTime: Hashable, Comparable, Sendable {
  package let date: LocalDate
  /// Seconds since 00:00:00 of `date`, 0 ..< 86400.
  package let secondOfDay: Int

  /// `secondOfDay` may lie outside the day and then counts on into the days around it: 86400 is 00:00:00 of
  /// the next.
  package init(date: LocalDate, secondOfDay: Int) {
    let (days, second) = secondOfDay.dividedDown(by: 86400)
    self.date = date + days
    self.secondOfDay = second
  }

  package init(_ date: LocalDate, _ time: LocalTime) {
    self.init(date: date, secondOfDay: time.secondOfDay)
  }

  /// Moved by `seconds` of wall time, as on a clock that is never set.
  package static func + (a: LocalDateTime, seconds: Int) -> LocalDateTime {
    LocalDateTime(date: a.date, secondOfDay: a.secondOfDay + seconds)
  }

  /// The distance in seconds of wall time, positive when `a` is the later one.
  package static func - (a: LocalDateTime, b: LocalDateTime) -> Int {
    (a.date - b.date) * 86400 + a.secondOfDay - b.secondOfDay
  }

  package static func < (a: LocalDateTime, b: LocalDateTime) -> Bool {
    (a.date, a.secondOfDay) < (b.date, b.secondOfDay)
  }
}

extension LocalDateTime: CustomStringConvertible {
  /// `2026-11-24T05:30:00`.
  package var description: String {
    let (minutes, second) = (secondOfDay / 60, secondOfDay % 60)
    return "\(date)T\(padded(minutes / 60)):\(padded(minutes % 60)):\(padded(second))"
  }
}
