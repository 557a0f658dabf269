import TimeZones

/// The local time of one event after another. It keeps the stretch of unchanged offset and the day it was
/// in last, so that most events cost two comparisons.
struct LocalClock {
  private let zone: Zone
  /// Seconds since the epoch between which `offset` holds.
  private var span: Range<Int64> = 0..<0
  private var offset: Int64 = 0
  /// Local seconds between which `date` lasts.
  private var day: Range<Int64> = 0..<0
  private(set) var date = LocalDate(daysSinceEpoch: 0)
  private var yyyymmdd = 0
  private(set) var secondOfDay = 0

  init(zone: Zone) { self.zone = zone }

  /// Local seconds whose year has four digits.
  private static let usable: Range<Int64> = -62_167_219_200..<253_402_300_800

  /// False when the local year cannot be written in four digits.
  @inline(__always)
  mutating func set(milliseconds: Int64) -> Bool {
    let seconds = milliseconds >= 0 ? milliseconds / 1000 : (milliseconds + 1) / 1000 - 1
    if !span.contains(seconds) { enterSpan(seconds) }
    let local = seconds + offset
    if !day.contains(local) {
      guard LocalClock.usable.contains(local) else { return false }
      enterDay(local)
    }
    secondOfDay = Int(local - day.lowerBound)
    return true
  }

  /// `yyyyMMddHHmmss` as a number.
  @inline(__always)
  var timestamp: Int {
    yyyymmdd * 1_000_000 + secondOfDay / 3600 * 10_000 + secondOfDay / 60 % 60 * 100 + secondOfDay % 60
  }

  @inline(never)
  private mutating func enterSpan(_ seconds: Int64) {
    let span = zone.span(containing: Instant(seconds: seconds))
    self.span = span.from.seconds..<span.until.seconds
    offset = Int64(span.offset)
  }

  @inline(never)
  private mutating func enterDay(_ local: Int64) {
    let local = Instant(seconds: local).localDateTime(utcOffset: 0)
    date = local.date
    yyyymmdd = date.yyyymmdd
    let midnight = Int64(date.daysSinceEpoch) * 86400
    day = midnight..<midnight + 86400
  }
}
