package import TimeZones

// Times written down in tests. A mistyped one ends the test run.

extension Instant: ExpressibleByStringLiteral {
  /// `"2026-11-24T05:30:00+05:30"`
  package init(stringLiteral text: String) { self = Instant(rfc3339: text)! }
}

extension LocalDate: ExpressibleByStringLiteral {
  /// `"2026-11-24"`
  package init(stringLiteral text: String) { self = LocalDate(iso: text)! }
}

extension LocalTime: ExpressibleByStringLiteral {
  /// `"05:30"`
  package init(stringLiteral text: String) { self = LocalTime(iso: text)! }
}

extension LocalDateTime: ExpressibleByStringLiteral {
  /// `"2026-11-24T05:30:00"`
  package init(stringLiteral text: String) {
    self = Instant(rfc3339: text + "Z")!.localDateTime(utcOffset: 0)
  }
}
