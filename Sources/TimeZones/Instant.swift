/// A point on the time line, in whole seconds since 1970-01-01T00:00:00Z (POSIX time: leap seconds do
/// not count). Windows, schedules and everything a person reads are made of instants; the finer time of
/// an event stays with the event.
package struct Instant: Hashable, Comparable, Sendable, Codable {
  /// Seconds since the epoch; negative before 1970.
  package var seconds: Int64

  package init(seconds: Int64) { self.seconds = seconds }

  /// The instant at which a clock `utcOffset` seconds east of UTC shows `local`; the last one there is when that
  /// lies beyond.
  package init(_ local: LocalDateTime, utcOffset: Int) {
    let (days, overflow) = local.date.daysSinceEpoch.multipliedReportingOverflow(by: 86400)
    let (sum, tooFar) = days.addingReportingOverflow(local.secondOfDay - utcOffset)
    seconds = overflow || tooFar ? (local.date.daysSinceEpoch < 0 ? .min : .max) : Int64(sum)
  }

  /// What a clock `utcOffset` seconds east of UTC shows at this instant.
  package func localDateTime(utcOffset: Int) -> LocalDateTime {
    let (days, second) = Int(seconds).dividedDown(by: 86400)
    return LocalDateTime(date: LocalDate(daysSinceEpoch: days), secondOfDay: second + utcOffset)
  }

  /// As the bare number of seconds.
  package init(from decoder: any Decoder) throws {
    seconds = try decoder.singleValueContainer().decode(Int64.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(seconds)
  }

  package static func < (a: Instant, b: Instant) -> Bool { a.seconds < b.seconds }
  package static func + (a: Instant, seconds: Int64) -> Instant { Instant(seconds: a.seconds + seconds) }
  package static func - (a: Instant, seconds: Int64) -> Instant { Instant(seconds: a.seconds - seconds) }
  /// The distance in seconds, positive when `a` is the later one.
  package static func - (a: Instant, b: Instant) -> Int64 { a.seconds - b.seconds }
}

extension Int {
  /// Quotient rounded towards minus infinity, and the remainder that is never negative: days and years
  /// before the epoch must not be counted towards it. `divisor` is positive.
  func dividedDown(by divisor: Int) -> (quotient: Int, remainder: Int) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
