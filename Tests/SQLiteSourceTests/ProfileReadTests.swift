import ExportCore
import ExportTesting
import Foundation
import Testing
import TimeZones

@testable import SQLiteSource

/// What only this source does: indexes, limits, files that change, refusals.
@Suite struct ProfileReadTests {
  private static let everything = ProfileRead(databaseId: "0", span: .everything, readsVersions: false)

  private func plan(
    _ schema: String, _ span: ProfileRead.Span, from: String = "profiles", unit: TimeUnit = .milliseconds
  ) throws -> String {
    let database = try TestDatabase(schema, wal: true)
    let connection = try SQLiteConnection(database.database, stop: Stop(), limits: .standard)
    let plan = try ProfilePlan(
      ProfileMapping(from: from, updatedAtUnit: unit), needsVersions: true, mayBlockWriters: false,
      zone: .utc,
      in: connection)
    return try connection.plan(plan.query(span).rows().sql).joined(separator: "\n")
  }

  // MARK: Indexes

  @Test(arguments: ["profiles", "seen", "(SELECT * FROM profiles)"])
  func aDeltaFindsItsRowsByIndexesOnItsTimes(_ from: String) throws {
    let schema =
      SQLiteUnderTest.table() + SQLiteUnderTest.timeIndexes + "CREATE VIEW seen AS SELECT * FROM profiles"
    for span in [
      ProfileRead.Span.since(Instant(seconds: 1)),
      .updated(in: Window(from: Instant(seconds: 1), to: Instant(seconds: 2))!),
    ] {
      let plan = try plan(schema, span, from: from)
      #expect(plan.contains("USING INDEX updated (updated_at>?"))
      #expect(!plan.contains("SCAN"))
    }
    #expect(
      try plan(schema, .since(Instant(seconds: 1)), from: from).contains("USING INDEX deleted (deleted_at>?"))
    // Deletions without an index must be looked for one by one.
    let bare = SQLiteUnderTest.table() + "CREATE INDEX updated ON profiles (updated_at)"
    #expect(try plan(bare, .since(Instant(seconds: 1))).contains("SCAN"))
  }

  @Test func everythingComesInTheOrderOfAKeyOfTextsWithoutASort() throws {
    #expect(
      try plan(SQLiteUnderTest.table(), .everything)
        == "SCAN profiles USING INDEX sqlite_autoindex_profiles_1")
    for objectId in ["TEXT COLLATE NOCASE PRIMARY KEY", "INTEGER PRIMARY KEY", "BLOB PRIMARY KEY", "TEXT"] {
      #expect(try plan(SQLiteUnderTest.table(objectId: objectId), .everything).contains("USE TEMP B-TREE"))
    }
    let blob = SQLiteUnderTest.table() + "INSERT INTO profiles (object_id) VALUES (x'61')"
    #expect(try plan(blob, .everything).contains("USE TEMP B-TREE"))
  }

  // MARK: Limits

  @Test(arguments: ["TEXT PRIMARY KEY", "TEXT"])
  func rowsThatAreTooLargeAreRejectedAndAllOthersComeOnce(_ objectId: String) async throws {
    let database = try TestDatabase(SQLiteUnderTest.table(objectId: objectId), wal: true)
    let large = SQLiteTestValue.text(String(repeating: "x", count: 300_000))
    let small = SQLiteTestValue.text(#"{"a":1}"#)
    try database.insert(
      "INSERT INTO profiles (object_id, updated_at, deleted_at, email, properties) VALUES (?, ?, ?, ?, ?)",
      (100..<300).map { index in
        [
          .text("\(index)"), .integer(1000), index == 250 ? .integer(2000) : .null,
          index == 220 ? large : .text("e"), index == 250 ? large : small,
        ]
      } + [[large, .integer(1000), .null, .null, .null]])
    var limits = ReadLimits.standard
    limits.rowsPerBatch = 16
    limits.valueBytes = 200_000
    let source = SQLiteDatabases(
      database, events: nil, profiles: ProfileMapping(from: "profiles"), limits: limits)
    for span in [ProfileRead.Span.everything, .since(Instant(seconds: 1))] {
      let result = try await source.readAll(ProfileRead(databaseId: "0", span: span, readsVersions: true))
      #expect(result.ids == (100..<300).map { "\($0)" })
      #expect(result.profiles.filter { $0.rejection != nil }.map(\.objectId) == ["220", "250"])
      #expect(result.rejected.count == 3)
      #expect(result.rejected.allSatisfy { $0.reason.contains("a value of more than") && $0.value == nil })
      let deleted = try #require(result.profiles.first { $0.objectId == "250" })
      #expect(deleted.version == ProfileVersion(seconds: 2, nanoseconds: 0) && deleted.isDeleted)
      #expect(deleted.fields["properties"] == nil)
      #expect(result.profiles.count { $0.fields["properties"] == #"{"a":1}"# } == 198)
    }
  }

  @Test func aRowWhoseTextsTogetherAreTooLargeIsRejected() async throws {
    let database = try TestDatabase(SQLiteUnderTest.table(), wal: true)
    let half = SQLiteTestValue.text(String(repeating: "x", count: 600))
    try database.insert(
      "INSERT INTO profiles (object_id, email, properties) VALUES (?, ?, ?)",
      [[.text("a"), half, .null], [.text("b"), half, half], [.text("c"), half, .null]])
    var limits = ReadLimits.standard
    limits.rowBytes = 1000
    let source = SQLiteDatabases(
      database, events: nil, profiles: ProfileMapping(from: "profiles"), limits: limits)
    let result = try await source.readAll(Self.everything)
    #expect(result.profiles.map { $0.rejection != nil } == [false, true, false])
    #expect(result.profiles.map(\.objectId) == ["a", "b", "c"])
    #expect(result.profiles[1].fields == ["objectId": "b"])
    #expect(result.profiles[2].fields["email"]?.count == 600)
  }

  // MARK: While it lasts

  @Test func aFileThatIsReplacedWhileItIsReadEndsTheRead() async throws {
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
    let schema = SQLiteUnderTest.table() + fill + "INSERT INTO profiles (object_id) SELECT i FROM n"
    let (database, other) = (try TestDatabase(schema, wal: true), try TestDatabase(schema))
    other.close()
    var limits = ReadLimits.standard
    limits.rowsPerBatch = 16
    let source = SQLiteDatabases(
      database, events: nil, profiles: ProfileMapping(from: "profiles"), limits: limits)
    var batches = 0
    let error = await #expect(throws: ExportError.self) {
      try await source.readProfiles(Self.everything) { _ in
        batches += 1
        guard batches == 1 else { return }
        #expect(rename(other.path, database.path) == 0)
      }
    }
    #expect(error?.kind == .passing)
    #expect(error?.problem == "the file was replaced while it was read")
  }

  @Test(.timeLimit(.minutes(1))) func aSortThatTakesLongTellsOfItsProgressAndCanBeCancelled() async throws {
    let database = try TestDatabase(SQLiteUnderTest.table(), wal: true)
    var limits = ReadLimits.standard
    limits.pageMilliseconds = (rollback: 5, wal: 5)
    // Rows without end: nothing is sorted before the last one.
    let source = SQLiteDatabases(
      database, events: nil,
      profiles: ProfileMapping(
        from: "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS object_id FROM n)"
      ),
      limits: limits)
    let (batches, arrived) = AsyncStream.makeStream(of: Int.self)
    let task = Task {
      try await source.readProfiles(Self.everything) { batch in arrived.yield(batch.rows.count) }
    }
    var seen = 0
    for await rows in batches {
      #expect(rows == 0)
      seen += 1
      if seen == 3 { break }
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  // MARK: Refusals

  private func refusal(
    _ schema: String, _ mapping: ProfileMapping?, needsVersions: Bool = false, wal: Bool = true
  ) async throws -> String {
    let database = try TestDatabase(schema, wal: wal)
    let source = SQLiteDatabases(database, events: nil, profiles: mapping)
    let error = await #expect(throws: ExportError.self) {
      try await source.proveProfiles("0", needsVersions: needsVersions)
    }
    #expect(error?.kind == .lasting && error?.stage == .source)
    // A read says the same.
    let read = ProfileRead(
      databaseId: "0", span: needsVersions ? .since(Instant(seconds: 0)) : .everything,
      readsVersions: needsVersions)
    let again = await #expect(throws: ExportError.self) { _ = try await source.readAll(read) }
    #expect(again == error)
    if mapping != nil, !needsVersions {
      let errors = await source.check().filter { $0.severity == .error }
      #expect(errors.map(\.message) == [error?.description])
    }
    return error?.description ?? ""
  }

  @Test func whatCannotBeReadIsRefusedWithWhatToDo() async throws {
    let table = SQLiteUnderTest.table()
    #expect(try await refusal(table, nil).contains("the source maps no profiles; add \"profiles\" to it"))
    #expect(
      try await refusal(table, ProfileMapping(from: "profile"))
        .contains("profiles.from: there is no table or view profile; did you mean profiles?"))
    #expect(
      try await refusal("CREATE TABLE profiles (uid TEXT)", ProfileMapping(from: "profiles"))
        .contains("profiles.columns.objectId: profiles has no column object_id"))
    #expect(
      try await refusal(table, ProfileMapping(from: "profiles", columns: [.email: "mail"]))
        .contains("profiles.columns.email: no such column: mail"))
    #expect(
      try await refusal(table, ProfileMapping(from: "profiles", properties: .column("props")))
        .contains("profiles.properties: profiles has no column props"))
    #expect(
      try await refusal(
        table, ProfileMapping(from: "profiles", updatedAtUnit: .iso8601, tsTimeZone: "Mars/Base")
      )
      .contains("profiles.tsTimeZone: "))
    let noVersions = try await refusal(
      "CREATE TABLE profiles (object_id TEXT)", ProfileMapping(from: "profiles"), needsVersions: true)
    #expect(noVersions.contains("profiles has no column updated_at"))
    #expect(noVersions.contains("\"profiles\": \"compared\""))
    let blocks = try await refusal(table, ProfileMapping(from: "profiles"), wal: false)
    #expect(blocks.contains("holds up the writers of a database in rollback-journal mode"))
    #expect(blocks.contains("\"mayBlockWriters\": true"))
  }

  @Test func aFileThatIsNotThereIsRefusedWithItsPath() async throws {
    let source = SQLiteDatabases(
      SQLiteSourceConfiguration(
        databases: [.init(id: "0", path: "/nowhere/app.db")], events: nil,
        profiles: ProfileMapping(from: "profiles")), zones: ZoneDatabase())
    let error = await #expect(throws: ExportError.self) {
      try await source.proveProfiles("0", needsVersions: false)
    }
    #expect(error?.description.contains("/nowhere does not exist") == true)
  }
}
