import ExportCore
import TimeZones

/// Times as a person says them, on the clock of one zone and seen from now.
struct HumaneTime {
  let zone: Zone
  let now: Instant

  init(_ zone: Zone, now: Instant) {
    self.zone = zone
    self.now = now
  }

  /// `today 06:00 IST`, `Mon 24 Nov 18:00 IST`.
  func moment(_ instant: Instant) -> String { "\(local(instant)) \(zone.abbreviation(at: instant))" }

  /// ``moment(_:)`` without the name of the zone. To the minute.
  func local(_ instant: Instant) -> String {
    let local = zone.localDateTime(at: instant)
    return "\(day(local.date)) \(Self.clock(local.secondOfDay / 60 * 60))"
  }

  /// `today`, `yesterday`, `Mon 24 Nov` in the week around, `24 Nov`, `24 Nov 2025`.
  func day(_ date: LocalDate) -> String {
    let today = zone.localDateTime(at: now).date
    switch date - today {
    case 0: return "today"
    case 1: return "tomorrow"
    case -1: return "yesterday"
    case -6...6: return "\(Self.weekdays[date.weekday]) \(Self.dayAndMonth(date))"
    default: return Self.dayAndMonth(date) + (date.year == today.year ? "" : " \(date.year)")
    }
  }

  /// `today 00:00–06:00`, `yesterday 18:00–24:00`, `Mon 24 Nov` for a whole day, `1 Nov – 10 Nov` for whole days,
  /// `24 Nov 18:00 – 25 Nov 06:00`.
  func span(from: Instant, to: Instant) -> String {
    let begin = zone.localDateTime(at: from)
    let end = zone.localDateTime(at: to)
    // Where midnight is missing, a day begins later.
    let beginsWhole = zone.startOfDay(begin.date) == from
    let endsWhole = zone.startOfDay(end.date) == to
    let lastDay = endsWhole ? end.date - 1 : end.date
    if beginsWhole, endsWhole {
      return lastDay <= begin.date ? day(begin.date) : "\(day(begin.date)) – \(day(lastDay))"
    }
    let closing = endsWhole ? "24:00" : Self.clock(end.secondOfDay)
    let opening = "\(day(begin.date)) \(Self.clock(begin.secondOfDay))"
    return lastDay == begin.date ? "\(opening)–\(closing)" : "\(opening) – \(day(lastDay)) \(closing)"
  }

  /// The window of a run; of a profile run without a beginning, everything until its end.
  func span(_ run: (from: Instant?, to: Instant)) -> String {
    run.from.map { span(from: $0, to: run.to) } ?? "until \(local(run.to))"
  }

  /// `in 2 h`, `3 min ago`, `now`.
  func distance(_ instant: Instant) -> String {
    let seconds = instant - now
    if abs(seconds) < 5 { return "now" }
    let words = Self.rough(abs(seconds))
    return seconds > 0 ? "in \(words)" : "\(words) ago"
  }

  /// `45 s`, `12 min`, `5 h`, `3 days`: one unit.
  static func rough(_ seconds: Int64) -> String {
    switch seconds {
    case ..<90: "\(seconds) s"
    case ..<(90 * 60): "\((seconds + 30) / 60) min"
    case ..<(36 * 3600): "\((seconds + 1800) / 3600) h"
    default: "\((seconds + 43200) / 86400) days"
    }
  }

  /// `0 s`, `2 min 5 s`, `1 h 10 min`: two units.
  static func duration(_ seconds: Int64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    if hours > 0 { return minutes > 0 ? "\(hours) h \(minutes) min" : "\(hours) h" }
    if minutes > 0 { return rest > 0 ? "\(minutes) min \(rest) s" : "\(minutes) min" }
    return "\(rest) s"
  }

  private static func clock(_ secondOfDay: Int) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let clock = "\(two(secondOfDay / 3600)):\(two(secondOfDay / 60 % 60))"
    return secondOfDay % 60 == 0 ? clock : "\(clock):\(two(secondOfDay % 60))"
  }

  private static func dayAndMonth(_ date: LocalDate) -> String { "\(date.day) \(months[date.month - 1])" }

  private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
