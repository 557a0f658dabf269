/// Instants as text, by RFC 3339.
extension Instant: CustomStringConvertible {
  /// Reads `2026-11-24T05:30:00+05:30` (RFC 3339, section 5.6): date and time to the second, and `Z` or an
  /// offset. A fraction of a second may be there and is cut off. Nil for anything else, also for a second
  /// 60, which POSIX time does not have.
  package init?(rfc3339 text: String) {
    var scanner = ASCIIScanner(text)
    guard let date = scanner.date(), scanner.skip(anyOf: "T", "t"),
      let time = scanner.hourAndMinute(), scanner.skip(":"),
      let second = scanner.digits(2), second < 60
    else { return nil }
    if scanner.skip(".") {
      guard scanner.number(upToDigits: .max) != nil else { return nil }
    }
    var offset = 0
    if !scanner.skip(anyOf: "Z", "z") {
      let west = scanner.skip("-")
      guard west || scanner.skip("+"), let east = scanner.hourAndMinute() else { return nil }
      offset = west ? -east.secondOfDay : east.secondOfDay
    }
    guard scanner.isAtEnd else { return nil }
    self.init(LocalDateTime(date: date, secondOfDay: time.secondOfDay + second), utcOffset: offset)
  }

  /// In UTC: `2026-11-24T00:00:00Z` (RFC 3339). A year outside 0 to 9999, which RFC 3339 has no room for,
  /// is written with as many digits as it needs.
  package var rfc3339: String { "\(localDateTime(utcOffset: 0))Z" }

  /// On a clock `offset` seconds east of UTC: `2026-11-24T05:30:00+05:30` (RFC 3339).
  ///
  /// RFC 3339 holds whole minutes below 24 hours. Another offset (local mean time before time zones were
  /// agreed on) is rounded to the nearest that fits, and the local time is written for the rounded one: the
  /// text always names exactly this instant.
  package func rfc3339(offset: Int) -> String {
    let minutes = min((abs(offset) + 30) / 60, 23 * 60 + 59)
    let west = offset < 0 && minutes > 0
    let local = localDateTime(utcOffset: west ? -minutes * 60 : minutes * 60)
    return "\(local)\(west ? "-" : "+")\(padded(minutes / 60)):\(padded(minutes % 60))"
  }

  package var description: String { rfc3339 }
}

/// A number that is not negative in at least `width` digits.
func padded(_ number: Int, width: Int = 2) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
