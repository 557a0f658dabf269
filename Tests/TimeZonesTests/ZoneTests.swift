import Testing
import TimeZones
import ZoneTesting

@Suite struct ZoneTests {
  private let database = ZoneDatabase()

  /// Each line of `expected`: a UTC time and what clocks show in it, with their offset.
  private func expect(_ name: String, _ expected: [(instant: String, shown: String)]) throws {
    let zone = try database.zone(named: name)
    for (text, shown) in expected {
      let instant = try #require(Instant(rfc3339: text))
      #expect(instant.rfc3339(offset: zone.offset(at: instant)) == shown, "\(name)")
    }
  }

  private func first(_ name: String, _ local: LocalDateTime) throws -> Instant {
    try database.zone(named: name).firstInstant(of: local)
  }

  @Test func kolkataNeverChanges() throws {
    try expect("Asia/Kolkata", [("2026-11-24T00:00:00Z", "2026-11-24T05:30:00+05:30")])
    let zone = try database.zone(named: "Asia/Kolkata")
    #expect(zone.abbreviation(at: "2026-11-24T00:00:00Z") == "IST")
    #expect(zone.span(containing: "2026-11-24T00:00:00Z").until.seconds == .max)
    #expect(zone.startOfDay("2026-11-24") == "2026-11-23T18:30:00Z")
  }

  @Test func lordHoweMovesByHalfAnHour() throws {
    try expect(
      "Australia/Lord_Howe",
      [
        ("2026-04-04T14:59:59Z", "2026-04-05T01:59:59+11:00"),
        ("2026-04-04T15:00:00Z", "2026-04-05T01:30:00+10:30"),
        ("2026-10-03T15:29:59Z", "2026-10-04T01:59:59+10:30"),
        ("2026-10-03T15:30:00Z", "2026-10-04T02:30:00+11:00"),
      ])
    #expect(try first("Australia/Lord_Howe", "2026-04-05T01:45:00") == "2026-04-04T14:45:00Z")
    #expect(try first("Australia/Lord_Howe", "2026-10-04T02:15:00") == "2026-10-03T15:30:00Z")
  }

  @Test func apiaHadNoThirtiethOfDecember() throws {
    try expect(
      "Pacific/Apia",
      [
        ("2011-12-30T09:59:59Z", "2011-12-29T23:59:59-10:00"),
        ("2011-12-30T10:00:00Z", "2011-12-31T00:00:00+14:00"),
      ])
    #expect(try first("Pacific/Apia", "2011-12-30T00:00:00") == "2011-12-30T10:00:00Z")
    #expect(try first("Pacific/Apia", "2011-12-30T17:30:00") == "2011-12-30T10:00:00Z")
    #expect(try first("Pacific/Apia", "2011-12-31T00:00:00") == "2011-12-30T10:00:00Z")
    #expect(try first("Pacific/Apia", "2011-12-31T00:00:01") == "2011-12-30T10:00:01Z")
  }

  @Test func casablancaGoesBackInRamadan() throws {
    try expect(
      "Africa/Casablanca",
      [
        ("2026-02-15T01:59:59Z", "2026-02-15T02:59:59+01:00"),
        ("2026-02-15T02:00:00Z", "2026-02-15T02:00:00+00:00"),
        ("2026-03-22T01:59:59Z", "2026-03-22T01:59:59+00:00"),
        ("2026-03-22T02:00:00Z", "2026-03-22T03:00:00+01:00"),
      ])
  }

  @Test func trollLeapsTwoHours() throws {
    try expect(
      "Antarctica/Troll",
      [
        ("2050-03-27T00:59:59Z", "2050-03-27T00:59:59+00:00"),
        ("2050-03-27T01:00:00Z", "2050-03-27T03:00:00+02:00"),
        ("2050-10-30T00:59:59Z", "2050-10-30T02:59:59+02:00"),
        ("2050-10-30T01:00:00Z", "2050-10-30T01:00:00+00:00"),
      ])
    #expect(try first("Antarctica/Troll", "2050-03-27T01:00:00") == "2050-03-27T01:00:00Z")
    #expect(try first("Antarctica/Troll", "2050-10-30T01:30:00") == "2050-10-29T23:30:00Z")
  }

  /// Where clocks go forward at midnight, a day begins at 01:00, or at 00:00 that also is the day before.
  @Test func daysWithoutMidnight() throws {
    let days: [(zone: String, day: LocalDate, start: Instant)] = [
      ("America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z"),
      ("America/Havana", "2026-03-08", "2026-03-08T05:00:00Z"),
      ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"),
      ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z"),
      ("Atlantic/Azores", "2026-03-29", "2026-03-29T01:00:00Z"),
    ]
    for (name, day, start) in days {
      let zone = try database.zone(named: name)
      #expect(zone.startOfDay(day) == start, "\(name)")
      #expect(zone.localDateTime(at: start) == LocalDateTime(day, "01:00"), "\(name)")
      #expect(zone.localDateTime(at: start - 1).date == day - 1, "\(name)")
    }
  }

  /// Where clocks go back over midnight, the day before is entered again; the day has begun at its first 00:00.
  @Test func midnightTwice() throws {
    try expect(
      "America/Havana",
      [
        ("2024-11-03T04:00:00Z", "2024-11-03T00:00:00-04:00"),
        ("2024-11-03T05:00:00Z", "2024-11-03T00:00:00-05:00"),
      ])
    #expect(try first("America/Havana", "2024-11-03T00:00:00") == "2024-11-03T04:00:00Z")
    #expect(try first("America/Havana", "2024-11-03T00:59:59") == "2024-11-03T04:59:59Z")
    #expect(try first("Atlantic/Azores", "2026-10-25T00:00:00") == "2026-10-25T00:00:00Z")
    #expect(try first("America/Santiago", "2026-04-05T00:00:00") == "2026-04-05T04:00:00Z")
    // Newfoundland went back at 00:01, so that 00:00 of the new day came before 23:30 of the old one again.
    #expect(try first("America/St_Johns", "2010-11-07T00:00:00") == "2010-11-07T02:30:00Z")
    #expect(try first("America/St_Johns", "2010-11-07T00:00:59") == "2010-11-07T02:30:59Z")
    #expect(try first("America/St_Johns", "2010-11-07T00:01:00") == "2010-11-07T03:31:00Z")
  }

  @Test func localMeanTimeHasSeconds() throws {
    let amsterdam = try database.zone(named: "Europe/Paris")
    #expect(amsterdam.offset(at: "1880-01-01T00:00:00Z") == 561)
    #expect(amsterdam.abbreviation(at: "1880-01-01T00:00:00Z") == "LMT")
  }

  /// In every zone, around every change of the offset: from instants to local times and back.
  @Test func roundTripsAroundEveryTransition() throws {
    var transitions = 0
    for zone in try distinctZones() {
      for transition in zone.transitionsUpTo2100 {
        transitions += 1
        let gap = transition.after - transition.before
        for distance in [-90000, -3601, -1, 0, 1, 1799, 3600, 86401] {
          let instant = transition.at + Int64(distance)
          let local = zone.localDateTime(at: instant)
          let first = zone.firstInstant(of: local)
          let span = zone.span(containing: instant)
          let isRepeated = gap < 0 && (0..<(-gap)).contains(distance)
          guard span.contains(instant), span.offset == zone.offset(at: instant),
            zone.localDateTime(at: first) == local,
            isRepeated ? first == instant + Int64(gap) : first <= instant
          else {
            Issue.record("\(zone.name) at \(instant): \(local) leads to \(first)")
            return
          }
        }
        if gap > 0 {
          for missing in [0, gap / 2, gap - 1] {
            let local = transition.at.localDateTime(utcOffset: transition.before) + missing
            guard zone.firstInstant(of: local) == transition.at else {
              Issue.record(
                "\(zone.name): \(local) leads to \(zone.firstInstant(of: local)), not \(transition.at)")
              return
            }
          }
        }
      }
    }
    #expect(transitions > 20_000)
  }

  /// Consecutive spans touch, and hold the offset that `offset(at:)` gives.
  @Test func spansTileTime() throws {
    for zone in try distinctZones() {
      var span = zone.span(containing: Instant(seconds: .min))
      var spans = 1
      while span.until < "2600-01-01T00:00:00Z" {
        let next = zone.span(containing: span.until)
        guard next.from == span.until, zone.span(containing: next.from - 1) == span else {
          Issue.record("\(zone.name): \(span) and then \(next)")
          return
        }
        span = next
        spans += 1
      }
      #expect(spans < 3000)
    }
  }

  @Test func twentyThousandCasesAgreeWithPython() throws {
    var random = SeededRandom(seed: 20_000)
    let zones = try distinctZones().map { (zone: $0, transitions: $0.transitionsUpTo2100) }
    var questions: [String] = []
    var answers: [String] = []
    for number in 0..<20_000 {
      let (zone, transitions) = zones[number % zones.count]
      // Half of them within hours or days of a change, the others anywhere, and some in centuries to come.
      let near = transitions.randomElement(using: &random)?.at.seconds ?? 0
      let seconds: Int64 =
        switch Int.random(in: 0..<4, using: &random) {
        case 0: near + .random(in: -10_800...10_800, using: &random)
        case 1: near + .random(in: -259_200...259_200, using: &random)
        case 2: .random(in: -5_000_000_000...5_000_000_000, using: &random)
        default: .random(in: 4_000_000_000...250_000_000_000, using: &random)
        }
      let instant = Instant(seconds: seconds)
      let offset = zone.offset(at: instant)
      if Bool.random(using: &random) {
        questions.append("instant \(zone.name) \(seconds)")
        answers.append("\(offset) \(zone.abbreviation(at: instant)) \(zone.localDateTime(at: instant))")
      } else {
        // Off by up to three hours, so that times that do not exist are met too.
        let local = instant.localDateTime(utcOffset: offset) + .random(in: -10_800...10_800, using: &random)
        questions.append("local \(zone.name) \(local)")
        answers.append("\(zone.firstInstant(of: local).seconds)")
      }
    }
    let expected = try PythonZoneinfo.ask(questions)
    try #require(expected.count == questions.count)
    let wrong = questions.indices.filter { answers[$0] != expected[$0] }
    #expect(
      wrong.isEmpty, "\(wrong.prefix(5).map { "\(questions[$0]): \(answers[$0]), not \(expected[$0])" })")
  }
}
