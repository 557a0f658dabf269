import ExportCore
import Testing
import TimeZones
import ZoneTesting

@Suite struct ScheduleTests {
  private let database = ZoneDatabase()

  private func schedule(
    _ zone: String, from: LocalDate, at: LocalTime = "00:00", every hours: Int, until: LocalDate? = nil
  ) throws -> Schedule {
    try #require(
      Schedule(from: from, at: at, everyHours: hours, until: until, zone: try database.zone(named: zone)))
  }

  /// The first boundaries from `instant` on, as local times.
  private func boundaries(_ schedule: Schedule, from instant: Instant, _ count: Int) -> [String] {
    var boundaries: [String] = []
    var next = schedule.boundary(after: instant - 1)
    while let boundary = next, boundaries.count < count {
      boundaries.append(boundary.rfc3339(offset: schedule.zone.offset(at: boundary)))
      next = schedule.boundary(after: boundary)
    }
    return boundaries
  }

  @Test func whatIsNoSchedule() throws {
    func make(_ hours: Int, until: LocalDate?) -> Schedule? {
      Schedule(from: "2026-11-24", at: "06:00", everyHours: hours, until: until, zone: .utc)
    }
    for hours in [Int.min, -4, 0, 3, 25, 48, Int.max] { #expect(make(hours, until: nil) == nil) }
    for hours in 4...24 { #expect(make(hours, until: nil) != nil) }
    #expect(make(4, until: "2026-11-23") == nil)
    #expect(make(4, until: "2026-11-24") != nil)
  }

  @Test func boundariesStandOnTheClockWhenHoursDivideTheDay() throws {
    let cairo = try schedule("Africa/Cairo", from: "2026-01-01", every: 4)
    #expect(
      boundaries(cairo, from: "2026-04-23T17:00:00Z", 5) == [
        "2026-04-23T20:00:00+02:00", "2026-04-24T01:00:00+03:00", "2026-04-24T04:00:00+03:00",
        "2026-04-24T08:00:00+03:00", "2026-04-24T12:00:00+03:00",
      ])
    let late = try schedule("Asia/Kolkata", from: "2026-11-24", at: "22:30", every: 6)
    #expect(
      boundaries(late, from: Instant(seconds: 0), 4) == [
        "2026-11-24T22:30:00+05:30", "2026-11-25T04:30:00+05:30", "2026-11-25T10:30:00+05:30",
        "2026-11-25T16:30:00+05:30",
      ])
  }

  @Test func theFirstOfTwoEqualTimesIsTheBoundary() throws {
    let berlin = try schedule("Europe/Berlin", from: "2026-10-01", at: "02:30", every: 8)
    #expect(
      boundaries(berlin, from: "2026-10-24T16:00:00Z", 3) == [
        "2026-10-24T18:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T10:30:00+01:00",
      ])
  }

  @Test func boundariesOfADayThatNeverWasCountOnce() throws {
    let apia = try schedule("Pacific/Apia", from: "2011-12-01", at: "10:00", every: 12)
    #expect(
      boundaries(apia, from: "2011-12-29T20:00:00Z", 4) == [
        "2011-12-29T10:00:00-10:00", "2011-12-29T22:00:00-10:00", "2011-12-31T00:00:00+14:00",
        "2011-12-31T10:00:00+14:00",
      ])
  }

  @Test func otherHoursCountRealTimeFromTheFirstBoundary() throws {
    let berlin = try schedule("Europe/Berlin", from: "2026-03-28", at: "20:00", every: 5)
    #expect(
      boundaries(berlin, from: Instant(seconds: 0), 4) == [
        "2026-03-28T20:00:00+01:00", "2026-03-29T01:00:00+01:00", "2026-03-29T07:00:00+02:00",
        "2026-03-29T12:00:00+02:00",
      ])
    #expect(berlin.boundary(after: "2126-03-28T00:00:00Z") != nil)
  }

  @Test func theEndIsMidnightAfterTheLastDay() throws {
    let berlin = try schedule(
      "Europe/Berlin", from: "2026-03-27", at: "05:00", every: 10, until: "2026-03-29")
    #expect(berlin.end == "2026-03-29T22:00:00Z")
    #expect(
      boundaries(berlin, from: Instant(seconds: 0), 10) == [
        "2026-03-27T05:00:00+01:00", "2026-03-27T15:00:00+01:00", "2026-03-28T01:00:00+01:00",
        "2026-03-28T11:00:00+01:00", "2026-03-28T21:00:00+01:00", "2026-03-29T08:00:00+02:00",
        "2026-03-29T18:00:00+02:00", "2026-03-30T00:00:00+02:00",
      ])
    #expect(berlin.boundary(atOrBefore: "2027-01-01T00:00:00Z") == berlin.end)
    #expect(berlin.window(after: berlin.end) == nil)
    #expect(berlin.window(after: "2027-01-01T00:00:00Z") == nil)

    let oneHour = try schedule("UTC", from: "2026-11-24", at: "23:00", every: 24, until: "2026-11-24")
    let windows = Array(oneHour.windows(after: nil, dueBy: "2027-01-01T00:00:00Z"))
    #expect(windows == [Window(from: "2026-11-24T23:00:00Z", to: "2026-11-25T00:00:00Z")])
  }

  @Test func aScheduleOfADayThatNeverWasHasNoWindow() throws {
    let apia = try schedule("Pacific/Apia", from: "2011-12-30", at: "08:00", every: 4, until: "2011-12-30")
    #expect(apia.firstBoundary == apia.end)
    #expect(apia.window(after: nil) == nil)
    #expect(apia.boundary(after: apia.firstBoundary) == nil)
    #expect(apia.boundary(after: apia.firstBoundary - 1) == apia.end)
  }

  @Test func questionsAboutBoundaries() throws {
    let utc = try schedule("UTC", from: "2026-11-24", every: 6)
    #expect(utc.boundary(after: "2020-01-01T00:00:00Z") == "2026-11-24T00:00:00Z")
    #expect(utc.boundary(after: "2026-11-24T00:00:00Z") == "2026-11-24T06:00:00Z")
    #expect(utc.boundary(atOrBefore: "2026-11-23T23:59:59Z") == nil)
    #expect(utc.boundary(atOrBefore: "2026-11-24T05:59:59Z") == "2026-11-24T00:00:00Z")
    #expect(utc.boundary(atOrBefore: "2026-11-24T06:00:00Z") == "2026-11-24T06:00:00Z")
    #expect(utc.isBoundary("2026-11-24T06:00:00Z"))
    #expect(!utc.isBoundary("2026-11-24T06:00:01Z") && !utc.isBoundary("2026-11-23T18:00:00Z"))
  }

  @Test func windowsOfAnEditedGridLeaveNothingOut() throws {
    let edited = try schedule("UTC", from: "2026-11-24", at: "09:00", every: 12)
    func window(_ from: Instant, _ to: Instant) -> Window? { Window(from: from, to: to) }
    // 06:00 was a boundary before the edit; 09:00 is too near, 21:00 is the next.
    #expect(
      edited.window(after: "2026-12-01T06:00:00Z") == window("2026-12-01T06:00:00Z", "2026-12-01T21:00:00Z"))
    #expect(
      edited.window(after: "2026-12-01T05:00:00Z") == window("2026-12-01T05:00:00Z", "2026-12-01T09:00:00Z"))
    #expect(
      edited.window(after: "2026-12-01T09:00:00Z") == window("2026-12-01T09:00:00Z", "2026-12-01T21:00:00Z"))
    // On the very first day: the new grid begins only after what has been planned under the old one.
    #expect(
      edited.window(after: "2026-11-24T04:00:00Z") == window("2026-11-24T04:00:00Z", "2026-11-24T09:00:00Z"))
    #expect(
      edited.window(after: "2026-11-24T06:00:00Z") == window("2026-11-24T06:00:00Z", "2026-11-24T21:00:00Z"))

    let ending = try schedule("UTC", from: "2026-11-24", at: "09:00", every: 12, until: "2026-12-01")
    #expect(
      ending.window(after: "2026-12-01T22:00:00Z") == window("2026-12-01T22:00:00Z", "2026-12-02T00:00:00Z"))
    #expect(
      ending.window(after: "2026-12-01T18:00:00Z") == window("2026-12-01T18:00:00Z", "2026-12-02T00:00:00Z"))
  }

  @Test func windowsAreDueAtTheirEnd() throws {
    let utc = try schedule("UTC", from: "2026-11-24", every: 24)
    #expect(Array(utc.windows(after: nil, dueBy: "2026-11-24T23:59:59Z")) == [])
    #expect(Array(utc.windows(after: nil, dueBy: "2026-11-25T00:00:00Z")).count == 1)
    let caughtUp = Array(utc.windows(after: "2026-11-26T00:00:00Z", dueBy: "2026-11-28T12:00:00Z"))
    #expect(caughtUp.map(\.to) == ["2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z"])
  }

  /// A clock that runs away and a stored instant that is nonsense end the schedule, and not the daemon.
  @Test(arguments: [4, 5, 24])
  func instantsBeyondTheCalendar(hours: Int) throws {
    let berlin = try schedule("Europe/Berlin", from: "2026-11-24", every: hours)
    for instant in [Instant(seconds: .max), Instant(seconds: .max - 7200), "9999-12-31T23:59:59Z"] {
      let next = berlin.boundary(after: instant)
      #expect(next.map { $0 > instant } ?? true)
      #expect(berlin.boundary(atOrBefore: instant).map { $0 <= instant } ?? false)
      _ = berlin.window(after: instant)
      _ = berlin.isBoundary(instant)
    }
    #expect(berlin.boundary(after: Instant(seconds: .max)) == nil)
    #expect(berlin.boundary(after: Instant(seconds: .min)) == berlin.firstBoundary)
    #expect(berlin.boundary(atOrBefore: Instant(seconds: .min)) == nil)
    #expect(berlin.window(after: Instant(seconds: .max)) == nil)
    #expect(berlin.window(after: Instant(seconds: .min))?.from.seconds == .min)
  }
}
