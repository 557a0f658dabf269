import ExportCore
import ExportTesting
import TimeZones

@testable import SQLiteSource

struct SQLiteUnderTest: SourceUnderTest {
  let databases: [String: TestDatabase]
  let sqlite: SQLiteDatabases
  /// The units in which `ts` and `updatedAt` lie.
  let unit: TimeUnit
  let profileUnit: TimeUnit

  var source: any Source { sqlite }
  var blockedWrites: Int { databases.values.reduce(0) { $0 + $1.blockedWrites } }

  init(
    _ ids: [String], schema: String, mapping: EventMapping? = nil, profiles: ProfileMapping? = nil, wal: Bool,
    mayBlockWriters: Bool = false, encoding: String = "UTF-8", limits: ReadLimits
  ) throws {
    databases = Dictionary(
      uniqueKeysWithValues: try ids.map { ($0, try TestDatabase(schema, wal: wal, encoding: encoding)) })
    unit = mapping?.tsUnit ?? .milliseconds
    profileUnit = profiles?.updatedAtUnit ?? .milliseconds
    let paths = databases
    sqlite = SQLiteDatabases(
      SQLiteSourceConfiguration(
        databases: ids.map { .init(id: $0, path: paths[$0]!.path) }, events: mapping,
        profiles: profiles, mayBlockWriters: mayBlockWriters),
      zones: ZoneDatabase(), limits: limits)
  }

  func insert(_ events: [SourceEvent], into databaseId: String) throws {
    let database = databases[databaseId]!
    try database.inTransaction {
      try database.insert(
        """
        INSERT INTO events (seq, ts, name, id, object_id, identity, email, device, properties)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        events.map { event in
          [
            SQLiteTestValue(event.sequence), SQLiteUnderTest.time(event.ts, unit), .init(event.name),
            .init(event.id),
            .init(event.objectId), .init(event.identity), .init(event.email), .init(event.device),
            .init(event.properties),
          ]
        })
    }
  }

  static func time(_ milliseconds: Int64?, _ unit: TimeUnit) -> SQLiteTestValue {
    guard let milliseconds else { return .null }
    return switch unit {
    case .milliseconds: .integer(milliseconds)
    case .seconds: .real(Double(milliseconds) / 1000)
    case .microseconds: .integer(milliseconds * 1000)
    case .nanoseconds: .text("\(milliseconds)000000")
    case .iso8601: .text(SQLiteUnderTest.iso(milliseconds))
    }
  }

  /// In one of several spellings, so that their order as texts is not the order of time.
  static func iso(_ milliseconds: Int64) -> String {
    let seconds = Int64((Double(milliseconds) / 1000).rounded(.down))
    let fraction = String(1000 + milliseconds - seconds * 1000).dropFirst()
    let offset = [0, 19800, -12600][Int(seconds.magnitude % 3)]
    let zone = ["Z", "+05:30", "-0330"][Int(seconds.magnitude % 3)]
    let local = Instant(seconds: seconds).localDateTime(utcOffset: offset).description
    guard local.count == 19 else { return local }
    return (seconds % 2 == 0 ? local : local.split(separator: "T").joined(separator: " "))
      + ".\(fraction)\(zone)"
  }

  func delete(sequence: Int64, from databaseId: String) throws {
    try databases[databaseId]!.run("DELETE FROM events WHERE seq = \(sequence)")
  }

  func upsert(_ profiles: [SourceProfile], into databaseId: String) throws {
    let database = databases[databaseId]!
    try database.inTransaction {
      try database.insert(
        "DELETE FROM profiles WHERE object_id = ?", profiles.compactMap { $0.objectId.map { [.text($0)] } })
      try database.insert(
        """
        INSERT INTO profiles (object_id, updated_at, deleted_at, identity, email, phone, all_identities, device,
          communication, properties)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """, profiles.map(row))
    }
  }

  private func row(_ profile: SourceProfile) -> [SQLiteTestValue] {
    [
      .init(profile.objectId), SQLiteUnderTest.time(profile.updatedAt, profileUnit),
      SQLiteUnderTest.time(profile.deletedAt, profileUnit), .init(profile.identity), .init(profile.email),
      .init(profile.phone), .init(profile.allIdentities), .init(profile.device), .init(profile.communication),
      .init(profile.properties),
    ]
  }

  func deleteProfile(_ objectId: String, from databaseId: String) throws {
    let database = databases[databaseId]!
    try database.inTransaction {
      try database.insert("DELETE FROM profiles WHERE object_id = ?", [[.text(objectId)]])
    }
  }
}
