import Foundation
import Testing
import TimeZones
import ZoneTesting

@Suite struct TZifFileTests {
  private func zone(_ file: TZifBytes) throws -> Zone { try Zone(name: "Test/Zone", tzif: file.bytes) }

  private func problem(_ file: TZifBytes) -> ZoneError.Problem? {
    do throws(ZoneError) {
      _ = try Zone(name: "Test/Zone", tzif: file.bytes)
      return nil
    } catch { return error.problem }
  }

  private func footer(_ text: String) -> TZifBytes { TZifBytes(footer: "\n\(text)\n") }

  /// The changes of a zone that has no transitions, only a footer, in one year.
  private func changes(_ text: String, year: Int) throws -> [String] {
    let year = try #require(LocalDate(year: year, month: 1, day: 1))
    let begin = Instant(LocalDateTime(year, .midnight), utcOffset: 0)
    return try zone(footer(text)).transitions(in: begin..<begin + 365 * 86400).map {
      "\($0.at) \($0.before) \($0.after)"
    }
  }

  @Test func theLastTypeGoesOnWithoutAFooter() throws {
    let zone = try zone(
      TZifBytes(
        transitions: [(0, 1), (1000, 0)], types: [(3600, 0), (7200, 4)], designations: "ONE\0TWO\0",
        footer: "\n\n"))
    #expect(zone.offset(at: Instant(seconds: -1)) == 3600)
    #expect(zone.offset(at: Instant(seconds: 0)) == 7200)
    #expect(zone.abbreviation(at: Instant(seconds: 999)) == "TWO")
    #expect(zone.abbreviation(at: Instant(seconds: 1000)) == "ONE")
    #expect(zone.offset(at: "9000-01-01T00:00:00Z") == 3600)
    let last = zone.span(containing: "9000-01-01T00:00:00Z")
    #expect(last == zone.span(containing: Instant(seconds: 1000)))
    #expect((last.from.seconds, last.until.seconds) == (1000, .max))
    #expect(zone.span(containing: Instant(seconds: .min)).from.seconds == .min)
  }

  @Test func footersOfEveryForm() throws {
    #expect(try changes("<+03>-3", year: 2026) == [])
    #expect(try zone(footer("<+03>-3")).abbreviation(at: Instant(seconds: 0)) == "+03")
    #expect(try zone(footer("<-0330>+3:30:15")).offset(at: Instant(seconds: 0)) == -12615)
    #expect(
      try changes("EST5EDT,M3.2.0,M11.1.0", year: 2026) == [
        "2026-03-08T07:00:00Z -18000 -14400", "2026-11-01T06:00:00Z -14400 -18000",
      ])
    // Nuuk: the last Sunday's change happens on the Saturday before. Gaza: hours beyond the day.
    #expect(
      try changes("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", year: 2026) == [
        "2026-03-29T01:00:00Z -7200 -3600", "2026-10-25T01:00:00Z -3600 -7200",
      ])
    #expect(
      try changes("EET-2EEST,M3.4.4/50,M10.4.4/50", year: 2026) == [
        "2026-03-28T00:00:00Z 7200 10800", "2026-10-23T23:00:00Z 10800 7200",
      ])
    // Troll leaps two hours; Dublin's "daylight saving time" is winter.
    #expect(
      try changes("<+00>0<+02>-2,M3.5.0/1,M10.5.0/3", year: 2026) == [
        "2026-03-29T01:00:00Z 0 7200", "2026-10-25T01:00:00Z 7200 0",
      ])
    #expect(
      try changes("IST-1GMT0,M10.5.0,M3.5.0/1", year: 2026) == [
        "2026-03-29T01:00:00Z 0 3600", "2026-10-25T01:00:00Z 3600 0",
      ])
  }

  @Test func daysOfTheYearWithAndWithoutTheLeapDay() throws {
    #expect(
      try changes("AAA0BBB,J59/0,J60/1", year: 2024) == [
        "2024-02-28T00:00:00Z 0 3600", "2024-03-01T00:00:00Z 3600 0",
      ])
    #expect(
      try changes("AAA0BBB,58/0,59/1", year: 2024) == [
        "2024-02-28T00:00:00Z 0 3600", "2024-02-29T00:00:00Z 3600 0",
      ])
  }

  @Test(arguments: [
    "XXX3EDT4,0/0,J365/23", "EST5EDT,0/0,J365/25", "EST5EDT,0/0,J365/30", "EST5EDT,M3.1.0,M3.1.0/3",
  ])
  func daylightSavingTimeAllYear(text: String) throws {
    let zone = try zone(footer(text))
    #expect(zone.offset(at: "2026-01-01T12:00:00Z") == -14400)
    let span = zone.span(containing: "2026-07-01T00:00:00Z")
    #expect(span.contains("1000-01-01T00:00:00Z") && span.contains("9999-01-01T00:00:00Z"))
  }

  /// The rule is laid out for 400 years: what lies farther away must follow it all the same.
  @Test func aRuleHoldsForEver() throws {
    let paris = try zone(footer("CET-1CEST,M3.5.0,M10.5.0/3"))
    for year in [-5000, -1, 1500, 1969, 1970, 1972, 2371, 2372, 2373, 5000, 250_000] {
      let likeYear = 2000 + ((year % 400) + 400) % 400
      let march =
        try #require(LocalDate(year: likeYear, month: 3, day: 31)) + (year - likeYear) / 400 * 146_097
      let lastSunday = march - (march.weekday + 1) % 7
      let change = Instant(LocalDateTime(lastSunday, .midnight), utcOffset: -3600)
      let before = paris.span(containing: change - 1)
      let after = paris.span(containing: change)
      #expect((before.offset, before.until) == (3600, change), "\(change)")
      #expect((after.offset, after.from) == (7200, change), "\(change)")
      #expect(before.until - before.from + (after.until - after.from) > 363 * 86400)
    }
    for seconds in [Int64.min, .min + 1, .max - 1, .max] {
      let instant = Instant(seconds: seconds)
      #expect([3600, 7200].contains(paris.offset(at: instant)))
      _ = paris.span(containing: instant)
      _ = paris.firstInstant(of: paris.localDateTime(at: instant))
    }
  }

  /// A zone that follows a rule only since some day follows it, and nothing older, 400 years later.
  @Test func theYearOfTheLastTransitionDoesNotComeBack() throws {
    let joined: Instant = "2026-12-01T00:00:00Z"
    let zone = try zone(
      TZifBytes(
        transitions: [(joined.seconds, 1)], types: [(-18000, 0), (3600, 4)], designations: "OLD\0CET\0",
        footer: "\nCET-1CEST,M3.5.0,M10.5.0/3\n"))
    #expect(zone.offset(at: joined - 1) == -18000)
    #expect(zone.span(containing: joined).until == "2027-03-28T01:00:00Z")
    var span = zone.span(containing: "2027-04-01T00:00:00Z")
    while span.until < "2850-01-01T00:00:00Z" {
      let next = zone.span(containing: span.until)
      try #require(next.from == span.until && zone.span(containing: next.from - 1) == span)
      try #require(Set([span.offset, next.offset]) == [3600, 7200], "\(span)")
      try #require((140 * 86400...230 * 86400).contains(next.until - next.from), "\(next)")
      span = next
    }
  }

  @Test(arguments: [
    "EST", "E5", "<+03-3", "<+3", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0",
    "EST5EDT,M3.6.0,M11.1.0",
    "EST5EDT,M3.2.7,M11.1.0", "EST5EDT,J0,J365", "EST5EDT,J366,J1", "EST5EDT,366,1", "EST25", "EST5:60",
    "EST5:5",
    "EST5EDT,M3.2.0/168,M11.1.0", "EST5EDT,M3.2.0,M11.1.0 ", ":Europe/Paris", "EST5\0", "EST--5",
  ])
  func whatIsNoFooter(text: String) {
    guard case .damaged = problem(footer(text)) else {
      Issue.record("\(text) was taken")
      return
    }
  }

  @Test func contradictionsAreRefused() {
    let damaged: [TZifBytes] = [
      TZifBytes(types: []), TZifBytes(designations: ""), TZifBytes(designations: "UTC"),
      TZifBytes(types: [(0, 4)]), TZifBytes(types: [(0, 3)]), TZifBytes(types: [(93600, 0)]),
      TZifBytes(types: [(-90000, 0)]), TZifBytes(types: [(.min, 0)]), TZifBytes(designations: "U\u{1}C\0"),
      TZifBytes(transitions: [(5, 1)]), TZifBytes(transitions: [(5, 0), (5, 0)]),
      TZifBytes(transitions: [(5, 0), (4, 0)]), TZifBytes(transitions: [(.max, 0)]),
      TZifBytes(transitions: [(.min, 0)]), TZifBytes(transitions: [(5, 0)], footer: "\nEST5\n"),
      TZifBytes(footer: ""), TZifBytes(footer: "\nUTC0"), TZifBytes(footer: "UTC0\n"),
    ]
    for file in damaged {
      guard case .damaged = problem(file) else {
        Issue.record("\(file) was taken")
        continue
      }
    }
  }

  @Test func versionsAndLeapSeconds() throws {
    guard case .unsupported(let old) = problem(TZifBytes(version: 0)),
      case .unsupported(let leap) = problem(TZifBytes(leapSeconds: 1))
    else {
      Issue.record("version 1 or leap seconds were taken")
      return
    }
    #expect(old.contains("version 1") && leap.contains("leap seconds"))
    #expect(try zone(TZifBytes(version: UInt8(ascii: "4"))).offset(at: Instant(seconds: 0)) == 0)
  }

  @Test(arguments: ["Europe/Berlin", "America/Nuuk", "Africa/Casablanca", "Etc/GMT-14"])
  func everyTruncationIsAnError(name: String) throws {
    let bytes = try content(of: name)
    _ = try Zone(name: name, tzif: bytes)
    for length in 0..<bytes.count {
      #expect(throws: ZoneError.self) { try Zone(name: name, tzif: Array(bytes.prefix(length))) }
    }
  }

  /// Whatever a file says, it is refused or it is a zone whose answers agree with each other.
  @Test func damageNeverCrashes() throws {
    var random = SeededRandom(seed: 9636)
    let originals = try ["Europe/Berlin", "America/Nuuk", "Asia/Kolkata", "Antarctica/Troll", "Africa/Cairo"]
      .map(content)
    var refused = 0
    for _ in 0..<20_000 {
      var bytes = originals.randomElement(using: &random)!
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        // Half of the damage goes to the headers and the footer, where a byte weighs most.
        let spots = [0..<bytes.count, 0..<60, bytes.count - 40..<bytes.count, 0..<bytes.count]
        bytes[Int.random(in: spots.randomElement(using: &random)!, using: &random)] = random.next()
      }
      guard let zone = try? Zone(name: "Test/Damaged", tzif: bytes) else {
        refused += 1
        continue
      }
      for _ in 0..<10 {
        let instant = Instant(seconds: .random(in: -10_000_000_000...20_000_000_000, using: &random))
        let span = zone.span(containing: instant)
        let local = zone.localDateTime(at: instant)
        let first = zone.firstInstant(of: local)
        guard span.contains(instant), span.offset == zone.offset(at: instant), first <= instant,
          zone.localDateTime(at: first) >= local
        else {
          Issue.record("\(instant) contradicts itself in \(bytes)")
          return
        }
      }
    }
    #expect((1000..<20_000).contains(refused))
  }

  private func content(of name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/\(name)")))
  }
}
