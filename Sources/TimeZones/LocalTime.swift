/// A day of the proleptic Gregorian calendar, without a zone.
package struct LocalDate: Hashable, Comparable, Sendable, Codable {
  /// Days since 1970-01-01; negative before it.
  package var daysSinceEpoch: Int

  package init(daysSinceEpoch: Int) { self.daysSinceEpoch = daysSinceEpoch }

  package static func < (a: LocalDate, b: LocalDate) -> Bool { a.daysSinceEpoch < b.daysSinceEpoch }
  package static func + (a: LocalDate, days: Int) -> LocalDate {
    LocalDate(daysSinceEpoch: a.daysSinceEpoch + days)
  }
  package static func - (a: LocalDate, days: Int) -> LocalDate { a + (-days) }
  /// The distance in days, positive when `a` is the later one.
  package static func - (a: LocalDate, b: LocalDate) -> Int { a.daysSinceEpoch - b.daysSinceEpoch }
}

/// A date and a time of day on the local clock, in whole seconds, without a zone: what a wall clock shows.
package struct LocalDateTime: Hashable, Comparable, Sendable {
  package var date: LocalDate
  /// Seconds since 00:00:00 of `date`, 0 ..< 86400.
  package var secondOfDay: Int

  package init(date: LocalDate, secondOfDay: Int) {
    self.date = date + Int((Double(secondOfDay) / 86400).rounded(.down))
    self.secondOfDay = ((secondOfDay % 86400) + 86400) % 86400
  }

  package static func < (a: LocalDateTime, b: LocalDateTime) -> Bool {
    (a.date, a.secondOfDay) < (b.date, b.secondOfDay)
  }
}

/// A time of day in whole minutes, as a person writes it: `HH:mm`.
package struct LocalTime: Hashable, Sendable, Codable {
  /// 0 ... 23.
  package let hour: Int
  /// 0 ... 59.
  package let minute: Int

  /// Nil when either is out of range.
  package init?(hour: Int, minute: Int) {
    guard (0...23).contains(hour), (0...59).contains(minute) else { return nil }
    self.hour = hour
    self.minute = minute
  }
}
