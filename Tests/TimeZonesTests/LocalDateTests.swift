import Testing
import TimeZones
import ZoneTesting

@Suite struct LocalDateTests {
  @Test func everyDayOfTenThousandYearsFollowsTheOneBefore() throws {
    var date: LocalDate = "0000-01-01"
    var expected = (year: 0, month: 1, day: 1)
    var weekday = 5  // 0000-01-01 is a Saturday
    while expected.year <= 9999 {
      let found = date.yearMonthDay
      guard found == expected, date.weekday == weekday,
        LocalDate(year: found.year, month: found.month, day: found.day) == date
      else {
        Issue.record("\(date) should be \(expected)")
        return
      }
      date = date + 1
      weekday = (weekday + 1) % 7
      let leap = (expected.year % 4 == 0 && expected.year % 100 != 0) || expected.year % 400 == 0
      let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      expected.day += 1
      if expected.day > lengths[expected.month - 1] {
        (expected.month, expected.day) = (expected.month + 1, 1)
      }
      if expected.month > 12 { (expected.year, expected.month) = (expected.year + 1, 1) }
    }
    #expect(date - ("1970-01-01" as LocalDate) == 2_932_897)
  }

  @Test func knownDays() {
    #expect(("1970-01-01" as LocalDate).daysSinceEpoch == 0)
    #expect(("2000-02-29" as LocalDate).daysSinceEpoch == 11016)
    #expect(("2026-11-24" as LocalDate).weekday == 1)
    #expect(("2026-11-23" as LocalDate).weekday == 0)
    #expect(("2026-11-22" as LocalDate).weekday == 6)
    #expect(("2026-11-24" as LocalDate).yyyymmdd == 20_261_124)
    #expect(LocalDate(daysSinceEpoch: -719_529).description == "-0001-12-31")
    #expect(LocalDate(daysSinceEpoch: 2_932_897).description == "10000-01-01")
  }

  @Test(arguments: [
    "2026-11-24 ", " 2026-11-24", "2026-1-24", "2026-11-4", "26-11-24", "20261124", "2026-02-29",
    "2100-02-29",
    "2026-13-01", "2026-00-01", "2026-01-00", "2026-04-31", "2026/11/24", "+026-11-24", "-026-11-24",
    "2026-11-24Z",
    "٢٠٢٦-11-24", "2026-11-２４", "", "2026-11-", "2026−11−24", "12026-11-24",
  ])
  func whatIsNoDate(text: String) {
    #expect(LocalDate(iso: text) == nil)
  }

  @Test func datesAsText() {
    for text in ["0000-01-01", "1999-12-31", "2000-02-29", "2024-02-29", "9999-12-31"] {
      #expect(LocalDate(iso: text)?.description == text)
    }
    #expect(LocalDate(year: 10000, month: 1, day: 1) == nil)
    #expect(LocalDate(year: -1, month: 1, day: 1) == nil)
  }

  @Test func timesOfDay() {
    for text in ["00:00", "06:30", "23:59"] { #expect(LocalTime(iso: text)?.description == text) }
    for text in ["24:00", "6:30", "06:60", "0630", "06:30:00", "06:3", " 06:30", "-6:30", "", "06：30"] {
      #expect(LocalTime(iso: text) == nil, "\(text)")
    }
    #expect(LocalTime.midnight == ("00:00" as LocalTime))
  }

  @Test func localTimesCountOnIntoTheDaysAroundThem() {
    let noon: LocalDateTime = "2026-02-28T12:00:00"
    #expect(noon + 86400 == ("2026-03-01T12:00:00" as LocalDateTime))
    #expect(noon + -43201 == ("2026-02-27T23:59:59" as LocalDateTime))
    #expect(LocalDateTime(date: "2026-12-31", secondOfDay: 86400).description == "2027-01-01T00:00:00")
    #expect(LocalDateTime(date: "2026-01-01", secondOfDay: -86401).description == "2025-12-30T23:59:59")
    #expect((noon + 100_000) - noon == 100_000)
  }
}
