/// A day of the proleptic Gregorian calendar, without a zone.
package struct LocalDate: Hashable, Comparable, Sendable {
  /// Days since 1970-01-01; negative before it.
  package var daysSinceEpoch: Int

  package init(daysSinceEpoch: Int) { self.daysSinceEpoch = daysSinceEpoch }

  /// Nil for a day that the calendar does not have, and for a year outside 0 to 9999, which ISO 8601 cannot
  /// write in four digits.
  package init?(year: Int, month: Int, day: Int) {
    guard (0...9999).contains(year), (1...12).contains(month), day >= 1,
      day <= LocalDate.length(ofMonth: month, year: year)
    else { return nil }
    self.init(unchecked: year, month, day)
  }

  /// Reads `2026-11-24` and nothing looser (ISO 8601 calendar date, the full-date of RFC 3339).
  package init?(iso text: String) {
    var scanner = ASCIIScanner(text)
    guard let date = scanner.date(), scanner.isAtEnd else { return nil }
    self = date
  }

  /// Counts years from March, so that the leap day is the last of its year and months before it all have the
  /// same lengths in every year. `day` may lie outside of its month and then counts on.
  init(unchecked year: Int, _ month: Int, _ day: Int) {
    let marchYear = month > 2 ? year : year - 1
    let (era, yearOfEra) = marchYear.dividedDown(by: 400)
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    daysSinceEpoch = era * LocalDate.daysPer400Years + dayOfEra - LocalDate.epochFromMarch0000
  }

  /// Year, month (1 to 12) and day of the month (1 to 31) in one calculation.
  package var yearMonthDay: (year: Int, month: Int, day: Int) {
    let (era, dayOfEra) = (daysSinceEpoch + LocalDate.epochFromMarch0000)
      .dividedDown(by: LocalDate.daysPer400Years)
    // Taking the leap days out leaves years of 365 days.
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
    let dayOfYear = dayOfEra - (yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
  }

  package var year: Int { yearMonthDay.year }
  /// 1 to 12.
  package var month: Int { yearMonthDay.month }
  /// Day of the month, 1 to 31.
  package var day: Int { yearMonthDay.day }

  /// Days since the Monday of the same week: 0 on Monday, 6 on Sunday. `date - date.weekday` is that Monday.
  package var weekday: Int { (daysSinceEpoch + 3).dividedDown(by: 7).remainder }

  /// The date as a number of eight digits, 20261124, for years 0 to 9999.
  package var yyyymmdd: Int {
    let (year, month, day) = yearMonthDay
    return year * 10000 + month * 100 + day
  }

  package static func < (a: LocalDate, b: LocalDate) -> Bool { a.daysSinceEpoch < b.daysSinceEpoch }
  package static func + (a: LocalDate, days: Int) -> LocalDate {
    LocalDate(daysSinceEpoch: a.daysSinceEpoch + days)
  }
  package static func - (a: LocalDate, days: Int) -> LocalDate { a + (-days) }
  /// The distance in days, positive when `a` is the later one.
  package static func - (a: LocalDate, b: LocalDate) -> Int { a.daysSinceEpoch - b.daysSinceEpoch }

  static func isLeap(year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  static func length(ofMonth month: Int, year: Int) -> Int {
    switch month {
    case 2: isLeap(year: year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// The calendar repeats after this many days, weekdays included.
  static let daysPer400Years = 146_097
  /// Days from 0000-03-01 to 1970-01-01.
  private static let epochFromMarch0000 = 719_468
}

extension LocalDate: CustomStringConvertible, Codable {
  /// `yyyy-MM-dd`; a year outside 0 to 9999 with as many digits as it needs.
  package var description: String {
    let (year, month, day) = yearMonthDay
    return "\(year < 0 ? "-" : "")\(padded(abs(year), width: 4))-\(padded(month))-\(padded(day))"
  }

  /// As text, `yyyy-MM-dd`. Throws for any other.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let date = LocalDate(iso: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a date yyyy-MM-dd")
    }
    self = date
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
