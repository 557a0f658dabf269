internal import CSQLite
internal import ExportCore
internal import TimeZones

/// A time that a row says, as exactly as it says it.
struct RowTime: Hashable {
  /// Since the epoch, rounded down: windows begin and end on whole seconds, so this decides exactly.
  var seconds: Int64
  /// Within the second, rounded down.
  var nanoseconds: Int32
  /// Within the second, rounded down: of a number of seconds that was stored as a little less than it was meant
  /// to be (0.123 has no binary form), the millisecond that was meant.
  var millisecond: Int32

  /// 1970-01-01T00:00:00Z ..< 10000-01-01T00:00:00Z.
  static let usableSeconds: Range<Int64> = 0..<253_402_300_800

  init?(seconds: Int64, nanoseconds: Int64) {
    guard RowTime.usableSeconds.contains(seconds) else { return nil }
    self.seconds = seconds
    self.nanoseconds = Int32(nanoseconds)
    millisecond = self.nanoseconds / 1_000_000
  }

  /// From a count of `unit` since the epoch; nil outside of the usable years.
  /// - Parameter billionths: of a unit, besides.
  init?(_ value: Int64, _ unit: TimeUnit, billionths: Int64 = 0) {
    guard value >= 0, let perSecond = unit.perSecond else { return nil }
    self.init(
      seconds: value / perSecond,
      nanoseconds: value % perSecond * (1_000_000_000 / perSecond) + billionths / perSecond)
  }

  /// As ``init(_:_:billionths:)``, with its fraction: different numbers stay different times, as far as nanoseconds
  /// tell them apart.
  init?(_ value: Double, _ unit: TimeUnit) {
    let whole = value.rounded(.down)
    guard whole >= 0, whole < 0x1p63 else { return nil }
    let fraction = value - whole
    let microseconds = (fraction * 1_000_000).rounded()
    // A number of seconds is stored as the double next to what was meant: most often whole microseconds.
    let isWhole = unit == .seconds && whole + microseconds / 1_000_000 == value
    let billionths = isWhole ? microseconds * 1000 : (fraction * 1_000_000_000).rounded()
    self.init(Int64(whole), unit, billionths: Int64(min(billionths, 999_999_999)))
    // Also what was reckoned with, and is a little off.
    if unit == .seconds { millisecond = min(Int32(microseconds) / 1000, 999) }
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
    var billionths: Int64 = 0
    if index < digits.endIndex, digits[index] == UInt8(ascii: ".") {
      index += 1
      var weight: Int64 = 100_000_000
      while index < digits.endIndex, case let digit = digits[index] &- UInt8(ascii: "0"), digit < 10 {
        billionths += Int64(digit) * weight
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
    self.init(whole, unit, billionths: billionths)
  }

  /// Since the epoch.
  var milliseconds: Int64 { seconds * 1000 + Int64(millisecond) }

  var version: ProfileVersion { ProfileVersion(seconds: seconds, nanoseconds: nanoseconds) }
}

extension TimeUnit {
  /// How many of them make a second; nil for times that are no numbers.
  var perSecond: Int64? {
    switch self {
    case .milliseconds: 1000
    case .seconds: 1
    case .microseconds: 1_000_000
    case .nanoseconds: 1_000_000_000
    case .iso8601: nil
    }
  }
}

/// Reads a time of a row.
struct TimestampReader {
  let unit: TimeUnit
  /// Of ISO 8601 times without an offset.
  let zone: Zone
  /// Whether numbers written as text count. They cannot where rows are found by an index on numbers: those rows
  /// would then be neither found nor rejected.
  var acceptsText: Bool

  /// Nil for a value that is no time in the usable years.
  func time(_ value: ColumnValue) -> RowTime? {
    switch value.type {
    case SQLITE_INTEGER: return RowTime(value.integer, unit)
    case SQLITE_FLOAT where unit != .iso8601: return RowTime(value.real, unit)
    case SQLITE_TEXT where acceptsText || unit == .iso8601:
      return unit == .iso8601 ? ISO8601.time(value.text, zone: zone) : RowTime(number: value.text, unit)
    default: return nil
    }
  }

  /// What is wrong with a value that is no time.
  var problem: String {
    unit == .iso8601
      ? "not an ISO 8601 time in the years 1970 to 9999"
      : "not a number of \(unit.rawValue) since 1970 in the years 1970 to 9999"
  }
}

/// A number by which rows are read in the order of `ts`, with the key it gives.
enum RawTime {
  case integer(Int64)
  case real(Double)

  init(_ value: ColumnValue) {
    self = value.type == SQLITE_INTEGER ? .integer(value.integer) : .real(value.real)
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
    let after: SQLiteValue =
      switch position(of: window.from, unit) {
      case .integer(let from): .integer(from - 1)
      case let beyondAll: beyondAll
      }
    return (after, position(of: window.to, unit))
  }

  /// An instant in the units of the source, as a number that times at or after it are not below; the first one that
  /// is no time any more when it lies beyond all integers.
  static func position(of instant: Instant, _ unit: TimeUnit) -> SQLiteValue {
    let (count, beyondAll) = max(instant.seconds, 0)
      .multipliedReportingOverflow(by: unit.perSecond ?? 1)
    return beyondAll ? .real(0x1p63) : .integer(count)
  }
}
