/// The rule in the footer of a TZif file: a POSIX TZ string (POSIX.1-2024 section 8.3, with the wider hours
/// of RFC 9636 section 3.3.1).
struct PosixRule {
  let standard: LocalTimeType
  /// Nil when there is no daylight saving time.
  let daylight: Daylight?

  struct Daylight {
    let type: LocalTimeType
    /// When it begins, on the clock of standard time.
    let start: YearlyMoment
    /// When it ends, on the clock of daylight saving time.
    let end: YearlyMoment
  }

  /// Nil when the text is not wholly a TZ string. A string that names daylight saving time without saying
  /// when it begins and ends is refused: POSIX leaves that to each system.
  init?(_ text: ArraySlice<UInt8>) {
    var scanner = ASCIIScanner(text)
    guard let name = scanner.zoneAbbreviation(), let west = scanner.clock(hours: 24) else { return nil }
    standard = LocalTimeType(offset: -west, abbreviation: name)
    guard !scanner.isAtEnd else {
      daylight = nil
      return
    }
    guard let daylightName = scanner.zoneAbbreviation() else { return nil }
    var offset = standard.offset + 3600
    if scanner.next != "," {
      guard let west = scanner.clock(hours: 24) else { return nil }
      offset = -west
    }
    guard scanner.skip(","), let start = scanner.yearlyMoment(),
      scanner.skip(","), let end = scanner.yearlyMoment(), scanner.isAtEnd
    else { return nil }
    daylight = Daylight(
      type: LocalTimeType(offset: offset, abbreviation: daylightName), start: start, end: end)
  }

  /// The changes of local time type from the first of `years` to the last beginning of daylight saving time in
  /// them, in rising order. One change, or none, when the rule always gives the same time.
  ///
  /// Each year's daylight saving time reaches from its start to the first end behind it, and where two years
  /// touch or overlap there is no change between them: that is how a rule says "all year"
  /// (`XXX3EDT4,0/0,J365/23`).
  func changes(in years: ClosedRange<Int>) -> [(at: Int64, type: LocalTimeType)] {
    guard let daylight else { return [] }
    var periods: [Range<Int64>] = []
    for year in years {
      let start = daylight.start.seconds(year: year, offset: standard.offset)
      let ends = [year, year + 1].map { daylight.end.seconds(year: $0, offset: daylight.type.offset) }
      guard let end = ends.first(where: { $0 > start }) else { continue }
      if let last = periods.last, start <= last.upperBound {
        periods[periods.count - 1] = last.lowerBound..<max(last.upperBound, end)
      } else {
        periods.append(start..<end)
      }
    }
    return periods.flatMap { [($0.lowerBound, daylight.type), ($0.upperBound, standard)] }.dropLast()
  }

  /// The type that the rule gives at `seconds` since the epoch.
  func type(at seconds: Int64) -> LocalTimeType {
    let year = Instant(seconds: seconds).localDateTime(utcOffset: 0).date.year
    return changes(in: year - 2...year + 2).last { $0.at <= seconds }?.type ?? standard
  }
}

/// A day of every year and a time on it, as a POSIX TZ string says them.
struct YearlyMoment {
  enum Day: Hashable {
    /// `Jn`: 1 to 365; February 29 is never counted.
    case julian(Int)
    /// `n`: 0 to 365; February 29 is counted.
    case ordinal(Int)
    /// `Mm.w.d`: the `week`-th (5: the last) `weekday` (0: Sunday) of the month.
    case weekday(month: Int, week: Int, weekday: Int)
  }

  let day: Day
  /// Seconds from 00:00 of that day; may lie days away from it.
  let time: Int

  /// Seconds since the epoch in `year`, on a clock `offset` seconds east of UTC.
  func seconds(year: Int, offset: Int) -> Int64 {
    Int64(date(in: year).daysSinceEpoch * 86400 + time - offset)
  }

  private func date(in year: Int) -> LocalDate {
    switch day {
    case .julian(let number):
      let leapDay = LocalDate.isLeap(year: year) && number >= 60 ? 1 : 0
      return LocalDate(unchecked: year, 1, number + leapDay)
    case .ordinal(let number):
      return LocalDate(unchecked: year, 1, 1 + number)
    case .weekday(let month, let week, let weekday):
      let first = LocalDate(unchecked: year, month, 1)
      let sundayBased = (first.weekday + 1) % 7
      let day = (weekday - sundayBased + 7) % 7 + (week - 1) * 7
      return first + (day < LocalDate.length(ofMonth: month, year: year) ? day : day - 7)
    }
  }
}

extension ASCIIScanner {
  /// `EST`, or `<+0330>` when it is not of letters alone.
  fileprivate mutating func zoneAbbreviation() -> String? {
    let name: String
    if skip("<") {
      name = text { $0.isLetter || ("0"..."9").contains($0) || $0 == "+" || $0 == "-" }
      guard skip(">") else { return nil }
    } else {
      name = text(while: \.isLetter)
    }
    return name.utf8.count >= 3 ? name : nil
  }

  /// `[+-]h[:mm[:ss]]` in seconds.
  fileprivate mutating func clock(hours limit: Int) -> Int? {
    let negative = skip("-")
    if !negative { _ = skip("+") }
    guard let hours = number(upToDigits: 3), hours <= limit else { return nil }
    var seconds = hours * 3600
    for unit in [60, 1] where skip(":") {
      guard let value = digits(2), value < 60 else { return nil }
      seconds += value * unit
    }
    return negative ? -seconds : seconds
  }

  /// `M10.5.0/-1`, `J60`, `59/26:30`.
  fileprivate mutating func yearlyMoment() -> YearlyMoment? {
    guard let day = yearlyDay() else { return nil }
    guard skip("/") else { return YearlyMoment(day: day, time: 7200) }
    return clock(hours: 167).map { YearlyMoment(day: day, time: $0) }
  }

  private mutating func yearlyDay() -> YearlyMoment.Day? {
    if skip("J") {
      return number(upToDigits: 3).flatMap { (1...365).contains($0) ? .julian($0) : nil }
    }
    guard skip("M") else {
      return number(upToDigits: 3).flatMap { $0 <= 365 ? .ordinal($0) : nil }
    }
    guard let month = number(upToDigits: 2), (1...12).contains(month), skip("."),
      let week = digits(1), (1...5).contains(week), skip("."),
      let weekday = digits(1), weekday <= 6
    else { return nil }
    return .weekday(month: month, week: week, weekday: weekday)
  }
}

extension Unicode.Scalar {
  fileprivate var isLetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
}
