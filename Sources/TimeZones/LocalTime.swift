/// A time of day on the local clock to the minute, without a date: the start hour of a schedule.
package struct LocalTime: Hashable, Comparable, Sendable {
  /// 0 to 23.
  package let hour: Int
  /// 0 to 59.
  package let minute: Int

  /// Nil outside 00:00 to 23:59.
  package init?(hour: Int, minute: Int) {
    guard (0...23).contains(hour), (0...59).contains(minute) else { return nil }
    self.hour = hour
    self.minute = minute
  }

  /// Reads `06:30` and nothing looser: two digits, a colon, two digits.
  package init?(iso text: String) {
    var scanner = ASCIIScanner(text)
    guard let time = scanner.hourAndMinute(), scanner.isAtEnd else { return nil }
    self = time
  }

  private init() { (hour, minute) = (0, 0) }

  package static let midnight = LocalTime()

  /// Seconds since 00:00 on a day without a change of offset.
  package var secondOfDay: Int { hour * 3600 + minute * 60 }

  package static func < (a: LocalTime, b: LocalTime) -> Bool { a.secondOfDay < b.secondOfDay }
}

extension LocalTime: CustomStringConvertible, Codable {
  /// `HH:mm`.
  package var description: String { "\(padded(hour)):\(padded(minute))" }

  /// As text, `HH:mm`. Throws for any other.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let time = LocalTime(iso: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a time of day HH:mm")
    }
    self = time
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
