import ExportConfig
import ExportCore
import Testing
import TimeZones
import ZoneTesting

@Suite struct TimingJudgeTests {
  private static let database = ZoneDatabase()

  private func judge(
    _ frequency: Frequency, in zone: String, at now: Instant, stored: Revision? = nil
  ) throws -> JudgedTiming {
    try TimingJudge(zone: Self.database.zone(named: zone), now: now).judge(frequency, stored: stored)
  }

  /// `FROM … TO` in the zone's own time, and the notes.
  private func window(_ period: Period, in zone: String, at now: Instant) throws -> (String, [String]) {
    let judged = try judge(.once(period), in: zone, at: now)
    guard case .once(let window) = judged.timing else { throw Unexpected() }
    let zone = try Self.database.zone(named: zone)
    let local = [window.from, window.to].map { $0.rfc3339(offset: zone.offset(at: $0)) }
    return (local.joined(separator: " … "), judged.notes)
  }

  private func refusal(_ frequency: Frequency, in zone: String, at now: Instant) -> String {
    do {
      return "\(try judge(frequency, in: zone, at: now))"
    } catch {
      return "\(error)"
    }
  }

  // MARK: Once

  /// A Tuesday afternoon on either side of the date line: the same instant, two dates.
  @Test(arguments: [
    ("Pacific/Kiritimati", Period.today, "2026-11-25T00:00:00+14:00 … 2026-11-25T03:30:00+14:00"),
    ("Pacific/Pago_Pago", .today, "2026-11-24T00:00:00-11:00 … 2026-11-24T02:30:00-11:00"),
    ("Asia/Kolkata", .today, "2026-11-24T00:00:00+05:30 … 2026-11-24T19:00:00+05:30"),
    ("Asia/Kolkata", .yesterday, "2026-11-23T00:00:00+05:30 … 2026-11-24T00:00:00+05:30"),
    ("Asia/Kolkata", .currentWeek, "2026-11-23T00:00:00+05:30 … 2026-11-24T19:00:00+05:30"),
    ("Asia/Kolkata", .previousWeek, "2026-11-16T00:00:00+05:30 … 2026-11-23T00:00:00+05:30"),
    ("Asia/Kolkata", .currentMonth, "2026-11-01T00:00:00+05:30 … 2026-11-24T19:00:00+05:30"),
    ("Asia/Kolkata", .previousMonth, "2026-10-01T00:00:00+05:30 … 2026-11-01T00:00:00+05:30"),
    ("Asia/Kolkata", .lastDays(1), "2026-11-23T00:00:00+05:30 … 2026-11-24T19:00:00+05:30"),
    ("Asia/Kolkata", .lastDays(30), "2026-10-25T00:00:00+05:30 … 2026-11-24T19:00:00+05:30"),
    ("Asia/Kolkata", .lastDays(60), "2026-09-25T00:00:00+05:30 … 2026-11-24T19:00:00+05:30"),
    ("Asia/Kolkata", .day("2026-11-03"), "2026-11-03T00:00:00+05:30 … 2026-11-04T00:00:00+05:30"),
    ("Asia/Kolkata", .day("2026-11-24"), "2026-11-24T00:00:00+05:30 … 2026-11-24T19:00:00+05:30"),
    ("Asia/Kolkata", .day("2026-09-25"), "2026-09-25T00:00:00+05:30 … 2026-09-26T00:00:00+05:30"),
    (
      "Asia/Kolkata", .days(from: "2026-11-01", to: "2026-11-10"),
      "2026-11-01T00:00:00+05:30 … 2026-11-11T00:00:00+05:30"
    ),
    (
      "Asia/Kolkata", .days(from: "2026-09-25", to: "2026-11-24"),
      "2026-09-25T00:00:00+05:30 … 2026-11-24T19:00:00+05:30"
    ),
    // Clocks are set back in this period, and it is an hour longer.
    ("America/Los_Angeles", .lastDays(30), "2026-10-25T00:00:00-07:00 … 2026-11-24T05:30:00-08:00"),
  ])
  func periods(_ zone: String, _ period: Period, _ expected: String) throws {
    #expect(try window(period, in: zone, at: "2026-11-24T13:30:00Z") == (expected, []))
  }

  @Test(arguments: [
    // In Cairo the first hour of 24 April 2026 does not exist: the day begins with its second.
    (
      "Africa/Cairo", Period.yesterday, "2026-04-25T12:00:00+03:00",
      "2026-04-24T01:00:00+03:00 … 2026-04-25T00:00:00+03:00"
    ),
    (
      "Africa/Cairo", .yesterday, "2026-04-24T12:00:00+03:00",
      "2026-04-23T00:00:00+02:00 … 2026-04-24T01:00:00+03:00"
    ),
    // In Havana the first hour of 3 November 2024 happened twice: the day began with the first.
    (
      "America/Havana", .day("2024-11-03"), "2024-11-04T12:00:00-05:00",
      "2024-11-03T00:00:00-04:00 … 2024-11-04T00:00:00-05:00"
    ),
    // In St. John's of 2010 the last hour of 6 November happened twice, and for a minute it was the 7th between.
    (
      "America/St_Johns", .yesterday, "2010-11-07T12:00:00-03:30",
      "2010-11-06T00:00:00-02:30 … 2010-11-07T00:00:00-02:30"
    ),
    (
      "America/St_Johns", .today, "2010-11-06T23:30:00-03:30",
      "2010-11-06T00:00:00-02:30 … 2010-11-07T00:00:00-02:30"
    ),
    // Half an hour is missing, and a week with it.
    (
      "Australia/Lord_Howe", .previousWeek, "2026-10-06T00:00:00+11:00",
      "2026-09-28T00:00:00+10:30 … 2026-10-05T00:00:00+11:00"
    ),
    // There was no 30 December 2011.
    (
      "Pacific/Apia", .lastDays(2), "2011-12-31T12:00:00+14:00",
      "2011-12-29T00:00:00-10:00 … 2011-12-31T12:00:00+14:00"
    ),
    // Mondays and firsts.
    ("UTC", .currentWeek, "2026-11-23T00:00:01Z", "2026-11-23T00:00:00+00:00 … 2026-11-23T00:00:01+00:00"),
    ("UTC", .currentWeek, "2026-11-22T23:59:59Z", "2026-11-16T00:00:00+00:00 … 2026-11-22T23:59:59+00:00"),
    ("UTC", .previousMonth, "2026-01-01T00:00:00Z", "2025-12-01T00:00:00+00:00 … 2026-01-01T00:00:00+00:00"),
    ("UTC", .previousMonth, "2028-03-01T05:00:00Z", "2028-02-01T00:00:00+00:00 … 2028-03-01T00:00:00+00:00"),
  ])
  func aroundChangesOfTheClock(_ zone: String, _ period: Period, _ now: Instant, _ expected: String) throws {
    let (window, notes) = try window(period, in: zone, at: now)
    #expect(window.replacing("Z", with: "+00:00") == expected)
    #expect(notes == [])
  }

  @Test func aNamedPeriodIsCutAndSaysSo() throws {
    let (window, notes) = try window(.previousMonth, in: "Asia/Kolkata", at: "2026-08-31T12:00:00+05:30")
    #expect(window == "2026-07-02T00:00:00+05:30 … 2026-08-01T00:00:00+05:30")
    #expect(
      notes == [
        "\"previousMonth\" begins on 2026-07-01, more than 60 days ago; this export begins on 2026-07-02"
      ])
    // A day earlier all of it is within reach.
    let before = try self.window(.previousMonth, in: "Asia/Kolkata", at: "2026-08-30T12:00:00+05:30")
    #expect(before == ("2026-07-01T00:00:00+05:30 … 2026-08-01T00:00:00+05:30", []))
  }

  @Test func profilesAsTheyAre() throws {
    #expect(
      try judge(.once(.now), in: "UTC", at: "2026-11-24T00:00:00Z")
        == JudgedTiming(.onceNow(try #require(Instant(rfc3339: "2026-11-24T00:00:00Z")))))
  }

  @Test(arguments: [
    (
      Period.today, "2026-11-24T00:00:00+05:30",
      "$.frequency.once: the period begins now, at 2026-11-24T00:00:00 Asia/Kolkata, and holds nothing yet; try again later"
    ),
    (
      .day("2026-11-24"), "2026-11-24T00:00:00+05:30",
      "$.frequency.once: the period begins now, at 2026-11-24T00:00:00 Asia/Kolkata, and holds nothing yet; try again later"
    ),
    (
      .currentMonth, "2026-11-01T00:00:00+05:30",
      "$.frequency.once: the period begins now, at 2026-11-01T00:00:00 Asia/Kolkata, and holds nothing yet; try again later"
    ),
    (
      .day("2026-09-24"), "2026-11-24T12:00:00+05:30",
      "$.frequency.once.day: 2026-09-24 is more than 60 days ago; the earliest date that would do is 2026-09-25"
    ),
    (
      .days(from: "2000-01-01", to: "2026-11-10"), "2026-11-24T12:00:00+05:30",
      "$.frequency.once.from: 2000-01-01 is more than 60 days ago; the earliest date that would do is 2026-09-25"
    ),
    (
      .day("2026-11-25"), "2026-11-24T23:59:59+05:30",
      "$.frequency.once.day: 2026-11-25 lies in the future; the latest date that would do is 2026-11-24"
    ),
    (
      .days(from: "2026-11-20", to: "2026-11-25"), "2026-11-24T12:00:00+05:30",
      "$.frequency.once.to: 2026-11-25 lies in the future; the latest date that would do is 2026-11-24"
    ),
    (
      .days(from: "2027-01-01", to: "2027-01-02"), "2026-11-24T12:00:00+05:30",
      "$.frequency.once.from: 2027-01-01 lies in the future; the latest date that would do is 2026-11-24"
    ),
  ])
  func refusesPeriods(_ period: Period, _ now: Instant, _ message: String) {
    #expect(refusal(.once(period), in: "Asia/Kolkata", at: now) == message)
  }

  @Test func aDayThatDidNotExist() {
    let now: Instant = "2012-01-05T12:00:00+14:00"
    #expect(
      refusal(.once(.day("2011-12-30")), in: "Pacific/Apia", at: now)
        == "$.frequency.once: there was no 2011-12-30 in Pacific/Apia; the day before it would do, 2011-12-29"
    )
  }

  /// In every zone, around every kind of change: a period never begins further back than the limit, never ends
  /// after now, is never empty, and consists of whole local days.
  @Test func periodsHoldInEveryZone() throws {
    let named: [Period] = [
      .yesterday, .currentWeek, .previousWeek, .currentMonth, .previousMonth, .lastDays(1), .lastDays(60),
    ]
    var random = SeededRandom(seed: 0xDA7E)
    var checked = 0
    for zone in try distinctZones() {
      let changes = zone.transitionsUpTo2100.suffix(200).map(\.at)
      let moments = (0..<8).map { index in
        index.isMultiple(of: 2) && !changes.isEmpty
          ? changes.randomElement(using: &random)! + Int64.random(in: -90_000...90_000, using: &random)
          : Instant(seconds: Int64.random(in: 0...4_000_000_000, using: &random))
      }
      for now in moments {
        let judge = TimingJudge(zone: zone, now: now)
        let today = zone.localDateTime(at: now).date
        for period in named {
          // A day that the zone left out is no period.
          if period == .yesterday, zone.startOfDay(today - 1) == zone.startOfDay(today) {
            #expect(refusalMessage(judge, .once(period))?.hasPrefix("there was no \(today - 1)") == true)
            continue
          }
          guard case .once(let window) = try judge.judge(.once(period)).timing else { throw Unexpected() }
          #expect(window.to <= now, "\(zone.name) \(now) \(period)")
          #expect(window.from >= zone.startOfDay(today - 60), "\(zone.name) \(now) \(period)")
          let first = zone.localDateTime(at: window.from).date
          #expect(zone.startOfDay(first) == window.from, "\(zone.name) \(now) \(period)")
          let last = zone.localDateTime(at: window.to).date
          #expect(window.to == now || zone.startOfDay(last) == window.to, "\(zone.name) \(now) \(period)")
          checked += 1
        }
        // Whatever the limits say would do, does; one day further does not.
        for (date, would) in [(today, true), (today + 1, false), (today - 60, true), (today - 61, false)] {
          let refusal = refusalMessage(judge, .once(.day(date)))
          let isEmpty =
            refusal?.contains("holds nothing yet") == true || refusal?.contains("there was no") == true
          #expect(((refusal == nil) || isEmpty) == would, "\(zone.name) \(now) \(date): \(refusal ?? "")")
        }
      }
    }
    #expect(checked > 10_000)
  }

  private func refusalMessage(_ judge: TimingJudge, _ frequency: Frequency) -> String? {
    do throws(TimingRefusal) {
      _ = try judge.judge(frequency)
      return nil
    } catch {
      return error.message
    }
  }

  /// The first instants of periods, against Python's reading of the same zones.
  @Test func agreesWithPython() throws {
    var random = SeededRandom(seed: 0x9A7704)
    let zones = try distinctZones()
    var questions: [String] = []
    var ours: [Int64] = []
    for _ in 0..<600 {
      let zone = zones.randomElement(using: &random)!
      let now = Instant(seconds: Int64.random(in: 0...4_000_000_000, using: &random))
      let days = Int.random(in: 1...60, using: &random)
      guard
        case .once(let window) = try TimingJudge(zone: zone, now: now).judge(.once(.lastDays(days))).timing
      else { throw Unexpected() }
      questions.append("local \(zone.name) \(zone.localDateTime(at: now).date - days)T00:00:00")
      ours.append(window.from.seconds)
    }
    #expect(try PythonZoneinfo.ask(questions) == ours.map(String.init))
  }

  // MARK: Recurring

  private func recurring(_ from: LocalDate?, until: LocalDate? = nil, at: LocalTime = "00:00") -> Frequency {
    .recurring(Recurrence(everyHours: 6, from: from, at: at, until: until))
  }

  @Test(arguments: [
    ("Asia/Kolkata", nil, "2026-11-24"), ("Pacific/Kiritimati", nil, "2026-11-25"),
    ("Asia/Kolkata", "2026-09-25", "2026-09-25"), ("Pacific/Kiritimati", "2026-09-26", "2026-09-26"),
    ("Asia/Kolkata", "2031-01-01", "2031-01-01"),
  ])
  func firstDays(_ zone: String, _ from: String?, _ first: LocalDate) throws {
    let judged = try judge(
      recurring(from.map { LocalDate(iso: $0)! }), in: zone, at: "2026-11-24T13:30:00Z")
    #expect(judged == JudgedTiming(.recurring(from: first)))
  }

  @Test func refusesRecurrences() throws {
    let now: Instant = "2026-11-24T13:30:00Z"
    #expect(
      refusal(recurring("2026-09-24"), in: "Asia/Kolkata", at: now)
        == "$.frequency.from: 2026-09-24 is more than 60 days ago; the earliest date that would do is 2026-09-25"
    )
    #expect(
      refusal(recurring("2026-09-25"), in: "Pacific/Kiritimati", at: now)
        == "$.frequency.from: 2026-09-25 is more than 60 days ago; the earliest date that would do is 2026-09-26"
    )
    #expect(
      refusal(recurring(nil, until: "2026-11-23"), in: "Asia/Kolkata", at: now)
        == "$.frequency.until: the export begins on 2026-11-24: \"until\" must not lie before that day")
    _ = try judge(recurring(nil, until: "2026-11-24", at: "23:59"), in: "Asia/Kolkata", at: now)
    // A schedule on the day that did not exist has no window.
    #expect(
      refusal(
        recurring("2011-12-30", until: "2011-12-30"), in: "Pacific/Apia", at: "2011-12-29T12:00:00-10:00")
        == "$.frequency.until: the export would end on the instant on which it begins, 2011-12-31T00:00:00 Pacific/Apia"
    )
  }

  /// What was judged when it was first stored stays as it was, however long ago.
  @Test func anEditKeepsItsFirstDay() throws {
    let configuration = try #require(try ConfigurationFolder().load().configuration)
    func stored(_ frequency: Frequency, _ first: LocalDate) throws -> Revision {
      let definition = Definition(
        source: "main", destination: "local", data: .allEvents, frequency: frequency, format: .json)
      return try configuration.revision(of: definition, timing: .recurring(from: first))
    }
    let now: Instant = "2026-11-24T13:30:00Z"
    for from: LocalDate? in [nil, "2026-01-01"] {
      let old = try stored(recurring(from), "2026-01-01")
      let judged = try judge(
        recurring(from, until: "2027-01-01", at: "06:00"), in: "UTC", at: now, stored: old)
      #expect(judged == JudgedTiming(.recurring(from: "2026-01-01")))
    }
    let old = try stored(recurring("2026-01-01"), "2026-01-01")
    #expect(throws: TimingRefusal.self) {
      try judge(recurring("2026-01-02"), in: "UTC", at: now, stored: old)
    }
    #expect(
      try judge(recurring("2026-11-01"), in: "UTC", at: now, stored: old)
        == JudgedTiming(.recurring(from: "2026-11-01")))
  }

  @Test func aRefusalStandsAtItsPlaceInTheFile() throws {
    let folder = try ConfigurationFolder(definitions: [
      "x.json": """
      {
        "source": "main", "destination": "local", "data": {"events": "all"},
        "frequency": {"once": {"from": "2026-09-01", "to": "2026-11-10"}},
        "format": "json"
      }
      """
    ])
    let loaded = try #require(folder.load().definitions.first)
    let judge = TimingJudge(zone: .utc, now: "2026-11-24T13:30:00Z")
    do throws(TimingRefusal) {
      _ = try judge.judge(loaded.definition.frequency)
      Issue.record("not refused")
    } catch {
      #expect(
        loaded.diagnostic(error).description
          == "\(loaded.file):3:34: error: $.frequency.once.from: 2026-09-01 is more than 60 days ago; "
          + "the earliest date that would do is 2026-09-25")
    }
  }
}

private struct Unexpected: Error {}
