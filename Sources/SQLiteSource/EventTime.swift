internal import CSQLite
internal import ExportCore
internal import TimeZones

/// The time of an event as windows and batches need it.
struct EventTime: Hashable {
  /// Since the epoch, rounded down: windows begin and end on whole seconds, so this decides exactly.
  var seconds: Int64
  /// Since the epoch, rounded down; always within `seconds`.
  var milliseconds: Int64

  /// 1970-01-01T00:00:00Z ..< 10000-01-01T00:00:00Z.
  static let usableSeconds: Range<Int64> = 0..<253_402_300_800

  init?(seconds: Int64, millisecond: Int64) {
    guard EventTime.usableSeconds.contains(seconds) else { return nil }
    self.seconds = seconds
    milliseconds = seconds * 1000 + millisecond
  }

  /// From a count of `unit` since the epoch; nil outside of the usable years.
  init?(_ value: Int64, _ unit: TimeUnit) {
    guard value >= 0 else { return nil }
    switch unit {
    case .milliseconds: self.init(seconds: value / 1000, millisecond: value % 1000)
    case .seconds: self.init(seconds: value, millisecond: 0)
    case .microseconds: self.init(seconds: value / 1_000_000, millisecond: value % 1_000_000 / 1000)
    case .nanoseconds:
      self.init(seconds: value / 1_000_000_000, millisecond: value % 1_000_000_000 / 1_000_000)
    case .iso8601: return nil
    }
  }

  /// As ``init(_:_:)-(Int64,_)``. Seconds keep their fraction: to the nearest microsecond, because 0.123 is
  /// stored as a little less, but never into the next second.
  init?(_ value: Double, _ unit: TimeUnit) {
    let whole = value.rounded(.down)
    guard whole >= 0, whole < 0x1p63 else { return nil }
    guard unit == .seconds else {
      self.init(Int64(whole), unit)
      return
    }
    let microseconds = Int64(((value - whole) * 1_000_000).rounded())
    self.init(seconds: Int64(whole), millisecond: min(microseconds / 1000, 999))
  }

  /// From decimal text, spaces around it allowed; nil for anything else.
  init?(number text: UnsafeRawBufferPointer, _ unit: TimeUnit) {
    var digits = text[...]
    while let first = digits.first, first == 0x20 || first == 0x09 || first == 0x0A || first == 0x0D {
      digits.removeFirst()
    }
    while let last = digits.last, last == 0x20 || last == 0x09 || last == 0x0A || last == 0x0D {
      digits.removeLast()
    }
    if digits.first == UInt8(ascii: "+") { digits.removeFirst() }
    var whole: Int64 = 0
    var index = digits.startIndex
    while index < digits.endIndex, case let digit = digits[index] &- UInt8(ascii: "0"), digit < 10 {
      let (tens, overflow) = whole.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int64(digit))
      guard !overflow, !carry else { return nil }
      whole = sum
      index += 1
    }
    guard index > digits.startIndex else { return nil }
    var millisecond: Int64 = 0
    if index < digits.endIndex, digits[index] == UInt8(ascii: ".") {
      index += 1
      var weight: Int64 = 100
      while index < digits.endIndex, case let digit = digits[index] &- UInt8(ascii: "0"), digit < 10 {
        millisecond += Int64(digit) * weight
        weight /= 10
        index += 1
      }
    }
    guard index == digits.endIndex else {
      // What is left is an exponent, or no number at all.
      guard let real = Double(String(decoding: UnsafeRawBufferPointer(rebasing: digits), as: UTF8.self))
      else { return nil }
      self.init(real, unit)
      return
    }
    if unit == .seconds {
      self.init(seconds: whole, millisecond: millisecond)
    } else {
      self.init(whole, unit)
    }
  }
}

/// Reads the field `ts` of a row.
struct TimestampReader {
  let unit: TimeUnit
  /// Of ISO 8601 times without an offset.
  let zone: Zone
  /// Whether numbers written as text count. They cannot where rows are found by an index on numbers: those rows
  /// would then be neither found nor rejected.
  var acceptsText: Bool

  /// Nil for a value that is no time in the usable years.
  func time(_ statement: OpaquePointer, _ column: Int32) -> EventTime? {
    switch sqlite3_column_type(statement, column) {
    case SQLITE_INTEGER: return EventTime(sqlite3_column_int64(statement, column), unit)
    case SQLITE_FLOAT where unit != .iso8601: return EventTime(sqlite3_column_double(statement, column), unit)
    case SQLITE_TEXT where acceptsText || unit == .iso8601:
      guard let text = sqlite3_column_text(statement, column) else { return nil }
      let bytes = UnsafeRawBufferPointer(start: text, count: Int(sqlite3_column_bytes(statement, column)))
      return unit == .iso8601 ? ISO8601.time(bytes, zone: zone) : EventTime(number: bytes, unit)
    default: return nil
    }
  }
}

/// A number by which rows are read in the order of `ts`, with the key it gives.
enum RawTime {
  case integer(Int64)
  case real(Double)

  init(_ statement: OpaquePointer, _ column: Int32) {
    self =
      sqlite3_column_type(statement, column) == SQLITE_INTEGER
      ? .integer(sqlite3_column_int64(statement, column)) : .real(sqlite3_column_double(statement, column))
  }

  var value: SQLiteValue {
    switch self {
    case .integer(let integer): .integer(integer)
    case .real(let real): .real(real)
    }
  }

  /// Ascends as SQLite orders integers and reals together, and is the same for two only when they are equal: a
  /// million rows a second keep distinct keys also where their times have fractions. Up to 2^53 the bits of
  /// the number as a double, which ascend with it; beyond that only whole numbers occur, and they count on.
  /// For numbers from 0 up.
  var order: Int64 {
    let exact: Double = 0x1p53
    let position: UInt64 =
      switch self {
      case .integer(let integer) where integer <= 1 << 53: Double(integer).bitPattern
      case .integer(let integer): exact.bitPattern + UInt64(integer - 1 << 53)
      case .real(let real) where real <= exact: real.bitPattern
      case .real(let real): exact.bitPattern + UInt64(Int64(real) - 1 << 53)
      }
    return Int64(bitPattern: position ^ 1 << 63)
  }

  /// A window in the units of the source: rows with `ts` beyond `after` and below `before` hold all of its rows,
  /// and at most a unit more at its beginning.
  static func bounds(of window: Window, _ unit: TimeUnit) -> (after: SQLiteValue, before: SQLiteValue) {
    let scale: Int64 =
      switch unit {
      case .seconds, .iso8601: 1
      case .milliseconds: 1000
      case .microseconds: 1_000_000
      case .nanoseconds: 1_000_000_000
      }
    let (from, beyondAll) = max(window.from.seconds, 0).multipliedReportingOverflow(by: scale)
    let (to, endless) = max(window.to.seconds, 0).multipliedReportingOverflow(by: scale)
    return (.integer(beyondAll ? .max : from - 1), endless ? .real(.infinity) : .integer(to))
  }
}
