import ExportCore
import ExportTesting
import Testing
import TimeZones
import ZoneTesting

@testable import SQLiteSource

/// Random times in random columns: what is read of each span is compared with what the times were made from.
@Suite struct ProfileTimesTests {
  struct Shape: Sendable, CustomStringConvertible {
    var type: String
    var hasIndexes: Bool
    var from = "profiles"

    var description: String {
      "\(from), \(type.isEmpty ? "no type" : type), \(hasIndexes ? "indexes" : "no index")"
    }
  }

  static let shapes: [Shape] = ["INTEGER", "REAL", "TEXT", "", "NUMERIC"].flatMap { type in
    [true, false].map { Shape(type: type, hasIndexes: $0) } + [
      Shape(type: type, hasIndexes: true, from: "seen")
    ]
  }

  @Test(arguments: shapes, TimeUnit.allCases)
  func spansHoldExactlyTheirRows(_ shape: Shape, _ unit: TimeUnit) async throws {
    var random = SeededRandom(seed: 42)
    let rows = (0..<400).map { index in
      TimedRow(
        objectId: String(10000 + index), updatedAt: .random(unit, shape.type, &random),
        deletedAt: index % 3 == 0 ? .random(unit, shape.type, &random) : .absent)
    }
    let indexes = "; CREATE INDEX u ON profiles (updated_at); CREATE INDEX d ON profiles (deleted_at)"
    let database = try TestDatabase(
      "CREATE TABLE profiles (object_id TEXT PRIMARY KEY, updated_at \(shape.type), deleted_at \(shape.type));"
        + "CREATE VIEW seen AS SELECT * FROM profiles\(shape.hasIndexes ? indexes : "")", wal: true)
    try database.insert(
      "INSERT INTO profiles VALUES (?, ?, ?)",
      rows.map { [.text($0.objectId), $0.updatedAt.value, $0.deletedAt.value] })
    let source = SQLiteDatabases(
      database, events: nil, profiles: ProfileMapping(from: shape.from, updatedAtUnit: unit))

    for round in 0..<12 {
      let from = SourceConformance.day + Int64.random(in: -5...105, using: &random)
      let window = Window(from: from, to: from + Int64.random(in: 1...60, using: &random))!
      let span: ProfileRead.Span =
        round == 0 ? .everything : round % 2 == 0 ? .since(from) : .updated(in: window)
      let read = ProfileRead(databaseId: "0", span: span, readsVersions: true)
      let result = try await source.readAll(read)
      let expected = rows.filter { $0.belongs(to: span) }
      #expect(result.profiles.map(\.objectId) == expected.map(\.objectId))
      #expect(result.profiles.map(\.version) == expected.map(\.version))
      #expect(result.profiles.map(\.isDeleted) == expected.map { $0.deletedAt != .absent })
      #expect(
        result.profiles.map { $0.rejection != nil } == expected.map { $0.version == .unusable })
    }
  }

  @Test func versionsKeepEveryDigit() {
    func time(_ text: String, _ unit: TimeUnit) -> ProfileVersion? {
      var text = text
      return text.withUTF8 { bytes in
        let raw = UnsafeRawBufferPointer(bytes)
        return (unit == .iso8601 ? ISO8601.time(raw, zone: .utc) : RowTime(number: raw, unit))?.version
      }
    }
    func version(_ nanoseconds: Int32) -> ProfileVersion {
      ProfileVersion(seconds: 1_795_478_400, nanoseconds: nanoseconds)
    }
    #expect(RowTime(Int64(1_795_478_400_123_456_789), .nanoseconds)?.version == version(123_456_789))
    #expect(RowTime(Int64(1_795_478_400_123_456), .microseconds)?.version == version(123_456_000))
    #expect(RowTime(Int64(1_795_478_400_123), .milliseconds)?.version == version(123_000_000))
    #expect(RowTime(1_795_478_400.123, .seconds)?.version == version(123_000_000))
    #expect(RowTime(1_795_478_400_123.25, .milliseconds)?.version == version(123_250_000))
    #expect(time("1795478400.1234567899", .seconds) == version(123_456_789))
    #expect(time("1795478400123.456789", .milliseconds) == version(123_456_789))
    #expect(time("2026-11-24T00:00:00.123456789Z", .iso8601) == version(123_456_789))
    #expect(time("2026-11-24 05:30:00,5+05:30", .iso8601) == version(500_000_000))
  }

  @Test func differentDoublesAreDifferentVersionsAndMillisecondsAreThoseMeant() {
    var random = SeededRandom(seed: 7)
    for _ in 0..<20_000 {
      let millisecond = Int64.random(in: 1_700_000_000_000..<1_900_000_000_000, using: &random)
      let seconds = Double(millisecond) / 1000
      #expect(RowTime(seconds, .seconds)?.milliseconds == millisecond)
      // Reckoned the other way it may be a little off, which is no other millisecond.
      #expect(RowTime(Double(millisecond) * 0.001, .seconds)?.milliseconds == millisecond)
      #expect(RowTime(seconds, .seconds)?.version != RowTime(seconds.nextUp, .seconds)?.version)
      #expect(RowTime(seconds, .seconds)!.version < RowTime(seconds.nextUp, .seconds)!.version)
    }
  }
}

private struct TimedRow {
  var objectId: String
  var updatedAt: GivenTime
  var deletedAt: GivenTime

  var version: ProfileVersion? {
    let moments = [updatedAt.moment, deletedAt.moment]
    return moments.contains(.unusable) ? .unusable : moments.compactMap { $0 }.max()
  }

  func belongs(to span: ProfileRead.Span) -> Bool {
    switch span {
    case .everything: true
    case .since(let instant): version.map { $0.seconds >= instant.seconds } ?? false
    case .updated(let window):
      updatedAt.moment.map {
        $0 == .unusable || (window.from.seconds..<window.to.seconds).contains($0.seconds)
      } ?? false
    }
  }
}

/// A value with the time that it was made from.
private struct GivenTime: Equatable {
  var value: SQLiteTestValue
  /// Nil for no value.
  var moment: ProfileVersion?

  static let absent = GivenTime(value: .null, moment: nil)

  static func random(_ unit: TimeUnit, _ type: String, _ random: inout SeededRandom) -> GivenTime {
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return absent
    case 1: return GivenTime(value: unusable(unit, &random), moment: .unusable)
    default: break
    }
    let seconds = SourceConformance.day.seconds + Int64.random(in: 0..<100, using: &random)
    if unit == .iso8601 { return text(seconds, &random) }
    let perSecond: Int64 =
      switch unit {
      case .seconds: 1
      case .milliseconds: 1000
      case .microseconds: 1_000_000
      default: 1_000_000_000
      }
    // Of nanoseconds a REAL column holds multiples of 256.
    let part = perSecond == 1 ? 0 : Int64.random(in: 0..<perSecond, using: &random) / 512 * 512
    let count = seconds * perSecond + part
    let whole = ProfileVersion(seconds: seconds, nanoseconds: Int32(part * (1_000_000_000 / perSecond)))
    var fractional = whole
    fractional.nanoseconds += Int32(1_000_000_000 / perSecond / 4)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return GivenTime(value: .text(" \(count)"), moment: whole)
    // A quarter of a unit, which every column holds exactly; a column of texts would cut digits off a number.
    case 1 where unit == .seconds || unit == .milliseconds:
      return GivenTime(value: .text("\(count).25"), moment: fractional)
    case 2 where type != "TEXT" && (unit == .seconds || unit == .milliseconds):
      return GivenTime(value: .real(Double(count) + 0.25), moment: fractional)
    default: return GivenTime(value: .integer(count), moment: whole)
    }
  }

  private static func unusable(_ unit: TimeUnit, _ random: inout SeededRandom) -> SQLiteTestValue {
    let always: [SQLiteTestValue] = [
      .text("soon"), .text(""), .blob([0x31]), .integer(-1), .real(-0.5), .real(.infinity), .real(-.infinity),
      .text("-5"), .integer(.min), .text("2026-13-01T00:00:00Z"),
    ]
    let beyond: [SQLiteTestValue] =
      switch unit {
      case .seconds: [.integer(253_402_300_800), .integer(.max)]
      case .milliseconds: [.integer(253_402_300_800_000), .integer(.max)]
      case .microseconds: [.integer(253_402_300_800_000_000)]
      case .nanoseconds: [.real(2.6e20)]
      case .iso8601: [.integer(1_795_478_400), .text("1969-12-31T23:59:59Z"), .text("10000-01-01")]
      }
    return (always + beyond).randomElement(using: &random)!
  }

  private static func text(_ seconds: Int64, _ random: inout SeededRandom) -> GivenTime {
    let millisecond = Int64.random(in: 0..<1000, using: &random)
    return GivenTime(
      value: .text(SQLiteUnderTest.iso(seconds * 1000 + millisecond)),
      moment: ProfileVersion(seconds: seconds, nanoseconds: Int32(millisecond) * 1_000_000))
  }
}
