import Testing
import TimeZones
import ZoneTesting

@Suite struct InstantTextTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0), ("2026-11-24T05:30:00+05:30", 1_795_478_400),
    ("2026-11-24T00:00:00Z", 1_795_478_400), ("2026-11-23t19:00:00-05:00", 1_795_478_400),
    ("2026-11-24T00:00:00.999999999999999999999999z", 1_795_478_400),
    ("2026-11-24T00:00:00.5-00:00", 1_795_478_400),
    ("0000-01-01T00:00:00Z", -62_167_219_200), ("9999-12-31T23:59:59Z", 253_402_300_799),
    ("1969-12-31T23:59:59Z", -1),
  ])
  func reads(text: String, seconds: Int64) {
    #expect(Instant(rfc3339: text)?.seconds == seconds)
  }

  @Test(arguments: [
    "", "2026-11-24", "2026-11-24T00:00:00", "2026-11-24 00:00:00Z", "2026-11-24T00:00Z",
    "2026-11-24T24:00:00Z",
    "2026-11-24T00:00:60Z", "2026-11-24T00:60:00Z", "2026-11-24T00:00:00.Z", "2026-11-24T00:00:00,5Z",
    "2026-11-24T00:00:00+0530", "2026-11-24T00:00:00+05", "2026-11-24T00:00:00+24:00",
    "2026-11-24T00:00:00+05:60",
    "2026-11-24T00:00:00ZZ", "2026-11-24T00:00:00Z ", "2026-02-30T00:00:00Z", "2026-11-24T00:00:00+05:30:00",
    "2026-11-24T0:00:00Z", "1795478400",
  ])
  func refuses(text: String) {
    #expect(Instant(rfc3339: text) == nil)
  }

  @Test func writes() {
    let instant: Instant = "2026-11-24T00:00:00Z"
    #expect("\(instant)" == "2026-11-24T00:00:00Z")
    #expect(instant.rfc3339(offset: 19800) == "2026-11-24T05:30:00+05:30")
    #expect(instant.rfc3339(offset: -12600) == "2026-11-23T20:30:00-03:30")
    #expect(instant.rfc3339(offset: 0) == "2026-11-24T00:00:00+00:00")
    #expect(Instant(seconds: 253_402_300_800).rfc3339 == "10000-01-01T00:00:00Z")
  }

  @Test func anOffsetWithSecondsIsRoundedAndTheTextStillNamesTheInstant() {
    let instant: Instant = "1890-01-01T00:00:00Z"
    // Local mean time of Amsterdam, +00:19:32, and of Monrovia, -00:43:08; nearly UTC on either side.
    #expect(instant.rfc3339(offset: 1172) == "1890-01-01T00:20:00+00:20")
    #expect(instant.rfc3339(offset: -2588) == "1889-12-31T23:17:00-00:43")
    #expect(instant.rfc3339(offset: -29) == "1890-01-01T00:00:00+00:00")
    #expect(instant.rfc3339(offset: 93599) == "1890-01-01T23:59:00+23:59")
    for offset in stride(from: -89999, through: 93599, by: 7) {
      #expect(Instant(rfc3339: instant.rfc3339(offset: offset)) == instant)
    }
  }

  @Test func everyInstantOfFourDigitYearsComesBack() {
    var random = SeededRandom(seed: 3339)
    for _ in 0..<20_000 {
      let instant = Instant(seconds: .random(in: -62_167_219_200...253_402_300_799, using: &random))
      #expect(Instant(rfc3339: instant.rfc3339) == instant)
    }
  }

  @Test func theExtremesOfAClockAreNoTrap() {
    for seconds in [Int64.min, Int64.max] {
      let instant = Instant(seconds: seconds)
      #expect(!instant.rfc3339.isEmpty)
      #expect(Zone.utc.offset(at: instant) == 0)
    }
  }
}
