import Synchronization
import ZoneTesting

/// The offsets of one zone through the years of the histories, as Python reads them.
package struct OracleZone: Sendable {
  /// Ascending; each holds until the next one begins.
  let spans: [(start: Int64, offset: Int64)]

  /// Local seconds since 1970-01-01T00:00 of the local calendar.
  func local(_ instant: Int64) -> Int64 { instant + offset(instant) }

  func offset(_ instant: Int64) -> Int64 { spans.last { $0.start <= instant }?.offset ?? spans[0].offset }

  /// The first instant at which clocks show `local`; the end of the gap when they leave it out.
  func first(_ local: Int64) -> Int64 {
    for (index, span) in spans.enumerated() {
      let end = index + 1 < spans.count ? spans[index + 1].start : Int64.max
      let instant = local - span.offset
      if instant < span.start { return span.start }
      if instant < end { return instant }
    }
    return local - spans[spans.count - 1].offset
  }

  // MARK: Asking Python

  /// Histories play within these two instants: 2025-10-01 and 2027-07-01.
  private static let range: (Int64, Int64) = (1_759_276_800, 1_814_400_000)

  private static let known = Mutex<[String: OracleZone]>([:])

  /// - Throws: when there is no Python to ask.
  package static func learn(_ names: [String]) throws {
    let missing = known.withLock { known in names.filter { known[$0] == nil } }
    guard !missing.isEmpty else { return }
    let days = Array(stride(from: range.0, through: range.1, by: 86400))
    let coarse = try offsets(missing.flatMap { name in days.map { (name, $0) } })
    var quarters: [(String, Int64)] = []
    for (zone, name) in missing.enumerated() {
      for day in 1..<days.count where coarse[zone * days.count + day] != coarse[zone * days.count + day - 1] {
        quarters += stride(from: days[day - 1], through: days[day], by: 900).map { (name, $0) }
      }
    }
    let fine = try offsets(quarters)
    for (zone, name) in missing.enumerated() {
      var spans = [(start: range.0, offset: coarse[zone * days.count])]
      for (question, offset) in zip(quarters, fine) where question.0 == name && offset != spans.last!.offset {
        spans.append((question.1, offset))
      }
      let learned = OracleZone(spans: spans)
      known.withLock { $0[name] = learned }
    }
  }

  private static func offsets(_ questions: [(String, Int64)]) throws -> [Int64] {
    guard !questions.isEmpty else { return [] }
    return try PythonZoneinfo.ask(questions.map { "instant \($0.0) \($0.1)" })
      .map { Int64($0.split(separator: " ")[0])! }
  }

  static func named(_ name: String) -> OracleZone {
    guard let zone = known.withLock({ $0[name] }) else {
      preconditionFailure("the oracle has not learned \(name)")
    }
    return zone
  }
}

/// Dates as days since 1970-01-01, in the oracle's own arithmetic.
enum Calendar {
  static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    var days = 0
    for y in 1970..<year { days += isLeap(y) ? 366 : 365 }
    for m in 1..<month { days += length(m, year) }
    return days + day - 1
  }

  /// Of `yyyy-MM-dd`.
  static func days(_ text: some StringProtocol) -> Int {
    let parts = text.split(separator: "-").map { Int($0)! }
    return days(parts[0], parts[1], parts[2])
  }

  static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
    var (rest, year, month) = (days, 1970, 1)
    while rest >= (isLeap(year) ? 366 : 365) {
      rest -= isLeap(year) ? 366 : 365
      year += 1
    }
    while rest >= length(month, year) {
      rest -= length(month, year)
      month += 1
    }
    return (year, month, rest + 1)
  }

  /// `yyyyMMddHHmmss` of local seconds.
  static func stamp(_ local: Int64) -> Int64 {
    let (year, month, day) = date(Int(local / 86400))
    let second = local % 86400
    return Int64(((year * 100 + month) * 100 + day)) * 1_000_000 + second / 3600 * 10000 + second / 60 % 60
      * 100
      + second % 60
  }

  private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
  private static func length(_ month: Int, _ year: Int) -> Int {
    month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }
}
