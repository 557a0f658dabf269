import ExportCore
import Testing
import TimeZones

@testable import SQLiteSource

@Suite struct ProfileCheckTests {
  private func findings(
    _ schema: String, _ mapping: ProfileMapping = ProfileMapping(from: "profiles"),
    events: EventMapping? = nil,
    wal: Bool = true, mayBlockWriters: Bool = false
  ) async throws -> [SourceFinding.Severity: String] {
    let database = try TestDatabase(schema, wal: wal)
    let source = SQLiteDatabases(
      database, events: events, profiles: mapping, mayBlockWriters: mayBlockWriters)
    return Dictionary(grouping: await source.check(), by: \.severity)
      .mapValues { $0.map(\.message).joined(separator: "\n") }
  }

  @Test func aTableWithAKeyAndIndexesNeedsNothing() async throws {
    let found = try await findings(SQLiteUnderTest.table() + SQLiteUnderTest.timeIndexes)
    #expect(Set(found.keys) == [.note])
    #expect(
      found[.note]?.contains(
        "profiles from profiles: objectId = object_id, identity = identity, email = email, phone = phone, "
          + "allIdentities = all_identities, device = device, communication = communication, "
          + "updatedAt = updated_at, deletedAt = deleted_at; properties: column properties") == true)
  }

  @Test func timesWithoutAnIndexAndObjectsWithoutAKeyAreWarnedOf() async throws {
    let found = try await findings(SQLiteUnderTest.table(objectId: "TEXT"))
    #expect(Set(found.keys) == [.note, .warning])
    let warnings = found[.warning] ?? ""
    #expect(
      warnings.contains(
        "no index serves updatedAt: every run that asks for what has changed reads all rows of profiles. CREATE "
          + "INDEX \"profiles_updated_at\" ON \"profiles\" (\"updated_at\")"))
    #expect(warnings.contains("no index serves deletedAt"))
    #expect(warnings.contains("nothing keeps objectId (object_id) unique in profiles"))
  }

  @Test func textsAsTimesAreToldOf() async throws {
    let table = SQLiteUnderTest.table(times: "TEXT") + SQLiteUnderTest.timeIndexes
    let iso = try await findings(table, ProfileMapping(from: "profiles", updatedAtUnit: .iso8601))
    #expect(Set(iso.keys) == [.note])
    #expect(iso[.note]?.contains("updatedAt is text") == true)
    let numbers = try await findings(table)
    #expect(numbers[.warning]?.contains("CAST(\"updated_at\" AS INTEGER)") == true)
  }

  @Test func profilesWithoutUpdatedAtAndViewsAreTold() async throws {
    let found = try await findings(
      "CREATE TABLE t (object_id TEXT PRIMARY KEY, a); CREATE VIEW profiles AS SELECT * FROM t",
      ProfileMapping(from: "profiles", properties: .everyOtherColumn))
    #expect(Set(found.keys) == [.note])
    #expect(found[.note]?.contains("profiles have no updatedAt") == true)
    #expect(found[.note]?.contains("properties: a") == true)
    #expect(found[.note]?.contains("is assumed to be unique in profiles") == true)
  }

  @Test func aRollbackJournalIsAnErrorUnlessAllowedOrOnlyBorrowedFrom() async throws {
    let table = SQLiteUnderTest.table() + SQLiteUnderTest.timeIndexes
    let refused = try await findings(table, wal: false)
    #expect(refused[.error]?.contains("holds up the writers") == true)
    let allowed = try await findings(table, wal: false, mayBlockWriters: true)
    #expect(allowed[.error] == nil)
    #expect(allowed[.warning]?.contains("the writers of this database wait") == true)
    let events = "CREATE TABLE events (id INTEGER PRIMARY KEY, ts INTEGER, name TEXT, object_id TEXT);"
    let borrowed = try await findings(
      events + "CREATE INDEX t ON events (ts);" + table, events: EventMapping(from: "events"), wal: false)
    #expect(borrowed[.error] == nil)
    #expect(borrowed[.warning]?.contains("holds up the writers") == true)
  }
}
