import TimeZones

extension Field {
  func localDate() -> LocalDate? {
    text("a day of the calendar, written as in \"2026-11-24\"", LocalDate.init(iso:))
  }

  func localTime() -> LocalTime? { text("a time of day from \"00:00\" to \"23:59\"", LocalTime.init(iso:)) }

  /// In seconds: `"90s"`, `"30m"`, `"1h"`, `"2d"`, at most a year.
  func duration() -> Int? {
    text("a duration of at most \"366d\", as in \"90s\", \"30m\", \"1h\" or \"2d\"") { text in
      let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
      let digits = text.dropLast()
      guard let unit = units[text.last!], digits.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }),
        let count = Int(digits), count <= 366 * 86400 / unit
      else { return nil }
      return count * unit
    }
  }

  /// The name of a zone that the tz database has.
  func zoneName(in zones: ZoneDatabase) -> String? {
    guard let name = text("the IANA name of a time zone, as in \"Europe/Berlin\"") else { return nil }
    do {
      return try zones.zone(named: name).name
    } catch {
      switch error.problem {
      case .malformedName, .unknown: fail(unknownZone(name, zones))
      default: fail("\(error)")
      }
      return nil
    }
  }

  private func unknownZone(_ name: String, _ zones: ZoneDatabase) -> String {
    let names = zones.names()
    let city = names.first { $0.split(separator: "/").last?.lowercased() == name.lowercased() }
    return unknown(
      "time zone", name, nearest: Nearest.to(name, in: names) ?? city,
      allowed: ["IANA names as in \"Europe/Berlin\""])
  }
}
