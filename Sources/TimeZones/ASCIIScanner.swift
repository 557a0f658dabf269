/// Reads the short fixed forms of this room (dates, times, offsets, POSIX TZ strings) from the front of a
/// text, byte by byte: only ASCII digits are digits, and nothing is skipped that was not asked for.
struct ASCIIScanner {
  private var rest: ArraySlice<UInt8>

  init(_ text: String) { rest = ArraySlice(text.utf8) }
  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var isAtEnd: Bool { rest.isEmpty }

  /// The next character, left where it is.
  var next: Unicode.Scalar? { rest.first.map { Unicode.Scalar($0) } }

  /// Steps over `character` if it comes next.
  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard next == character else { return false }
    rest.removeFirst()
    return true
  }

  mutating func skip(anyOf a: Unicode.Scalar, _ b: Unicode.Scalar) -> Bool { skip(a) || skip(b) }

  /// Exactly `count` digits.
  mutating func digits(_ count: Int) -> Int? {
    let before = rest.count
    guard let number = number(upToDigits: count), before - rest.count == count else { return nil }
    return number
  }

  /// One digit up to `limit` digits. A longer run of digits than an Int holds keeps the value of its tail.
  mutating func number(upToDigits limit: Int) -> Int? {
    let run = rest.prefix(limit).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard !run.isEmpty else { return nil }
    rest.removeFirst(run.count)
    return run.reduce(0) { $0 &* 10 &+ Int($1 - UInt8(ascii: "0")) }
  }

  /// The characters up to the first that `belongs` refuses.
  mutating func text(while belongs: (Unicode.Scalar) -> Bool) -> String {
    let run = rest.prefix { belongs(Unicode.Scalar($0)) }
    rest.removeFirst(run.count)
    return String(decoding: run, as: UTF8.self)
  }

  /// `yyyy-MM-dd`, a day that the calendar has.
  mutating func date() -> LocalDate? {
    guard let year = digits(4), skip("-"), let month = digits(2), skip("-"), let day = digits(2) else {
      return nil
    }
    return LocalDate(year: year, month: month, day: day)
  }

  /// `HH:mm`, from 00:00 to 23:59.
  mutating func hourAndMinute() -> LocalTime? {
    guard let hour = digits(2), skip(":"), let minute = digits(2) else { return nil }
    return LocalTime(hour: hour, minute: minute)
  }
}
