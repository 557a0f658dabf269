internal import TimeZones

/// Times as texts (ISO 8601-1, calendar dates in extended format): `2026-11-24T10:30:00.123+05:30`, with `T` or a
/// space, the seconds, their fraction and the offset optional, or a date alone, which means its midnight.
enum ISO8601 {
  /// - Parameter zone: of times without an offset. A time that happens twice there means the first, one that
  ///   does not exist the first instant after the gap.
  /// - Returns: nil for anything else, and outside of the usable years.
  static func time(_ text: UnsafeRawBufferPointer, zone: Zone) -> RowTime? {
    var scanner = Scanner(text: text)
    guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2), scanner.take("-"),
      let day = scanner.digits(2), let date = LocalDate(year: year, month: month, day: day)
    else { return nil }
    var second = 0
    var nanoseconds: Int64 = 0
    var offset: Int?
    if !scanner.atEnd {
      guard scanner.take("T") || scanner.take(" ") || scanner.take("t"), let hour = scanner.digits(2),
        hour < 24,
        scanner.take(":"), let minute = scanner.digits(2), minute < 60
      else { return nil }
      second = hour * 3600 + minute * 60
      if scanner.take(":") {
        // A leap second counts as the first of the next minute, as POSIX time has it.
        guard let part = scanner.digits(2), part <= 60 else { return nil }
        second += part
        if scanner.take(".") || scanner.take(",") {
          guard let fraction = scanner.fraction() else { return nil }
          nanoseconds = fraction
        }
      }
      guard scanner.offset(&offset), scanner.atEnd else { return nil }
    }
    let local = LocalDateTime(date: date, secondOfDay: second)
    let instant =
      if let offset {
        Instant(local, utcOffset: offset)
      } else {
        zone.firstInstant(of: local)
      }
    return RowTime(seconds: instant.seconds, nanoseconds: nanoseconds)
  }

  private struct Scanner {
    let text: UnsafeRawBufferPointer
    var position = 0

    init(text: UnsafeRawBufferPointer) { self.text = text }

    var atEnd: Bool { position == text.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    mutating func digits(_ count: Int) -> Int? {
      guard text.count - position >= count else { return nil }
      var value = 0
      for _ in 0..<count {
        guard let digit = digit() else { return nil }
        value = value * 10 + digit
      }
      return value
    }

    private mutating func digit() -> Int? {
      guard position < text.count, case let digit = text[position] &- UInt8(ascii: "0"), digit < 10 else {
        return nil
      }
      position += 1
      return Int(digit)
    }

    /// Of a second, in nanoseconds; digits beyond the ninth are read over.
    mutating func fraction() -> Int64? {
      guard let first = digit() else { return nil }
      var nanoseconds = Int64(first) * 100_000_000
      var weight: Int64 = 10_000_000
      while let digit = digit() {
        nanoseconds += Int64(digit) * weight
        weight /= 10
      }
      return nanoseconds
    }

    /// `Z`, `+05:30`, `+0530` or `+05`, after a space too; leaves nil when there is none. False when it begins
    /// and is none.
    mutating func offset(_ seconds: inout Int?) -> Bool {
      if atEnd { return true }
      _ = take(" ")
      if take("Z") || take("z") {
        seconds = 0
        return true
      }
      let isWest = take("-")
      guard isWest || take("+"), let hours = digits(2), hours < 24 else { return false }
      var minutes = 0
      if !atEnd {
        _ = take(":")
        guard let part = digits(2), part < 60 else { return false }
        minutes = part
      }
      seconds = (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
      return true
    }
  }
}
