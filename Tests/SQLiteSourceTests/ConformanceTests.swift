import ExportCore
import ExportTesting
import Testing
import TimeZones

@testable import SQLiteSource

/// The suite that every source runs, over every way in which this one reads.
@Suite struct ConformanceTests {
  @Test(arguments: SourceConformance.all, SQLiteUnderTest.fixtures)
  func conforms(_ conformance: SourceConformance, _ fixture: SourceFixture) async throws {
    try await conformance.run(on: fixture)
  }

  @Test(arguments: ProfileConformance.all, SQLiteUnderTest.profileFixtures)
  func conforms(_ conformance: ProfileConformance, _ fixture: ProfileFixture) async throws {
    try await conformance.run(on: fixture)
  }
}

// MARK: Fixtures

extension SQLiteUnderTest {
  static let columns =
    "name TEXT, id TEXT, object_id TEXT, identity TEXT, email TEXT, device TEXT, properties TEXT"
  static let index = "; CREATE INDEX events_ts ON events (ts)"

  /// Small pages and batches, so that few rows go through every turn.
  static var small: ReadLimits {
    var limits = ReadLimits.standard
    limits.rowsPerBatch = 64
    limits.rowsPerPage = 150
    return limits
  }

  static func fixture(
    _ description: String, hasSequence: Bool = true, schema: String, wal: Bool,
    mapping: EventMapping = EventMapping(from: "events")
  ) -> SourceFixture {
    SourceFixture(description, hasSequence: hasSequence) { ids in
      try SQLiteUnderTest(ids, schema: schema, mapping: mapping, wal: wal, limits: small)
    }
  }

  static let fixtures: [SourceFixture] = [
    fixture(
      "WAL, index on ts",
      schema: "CREATE TABLE events (seq INTEGER PRIMARY KEY, ts INTEGER, \(columns))\(index)",
      wal: true),
    fixture(
      "WAL, no index", schema: "CREATE TABLE events (seq INTEGER PRIMARY KEY, ts INTEGER, \(columns))",
      wal: true),
    fixture(
      "rollback journal, index on ts",
      schema: "CREATE TABLE events (seq INTEGER PRIMARY KEY, ts INTEGER, \(columns))\(index)", wal: false),
    fixture(
      "rollback journal, no index",
      schema: "CREATE TABLE events (seq INTEGER PRIMARY KEY, ts INTEGER, \(columns))", wal: false),
    fixture(
      "REAL seconds, index on ts",
      schema: "CREATE TABLE events (seq INTEGER PRIMARY KEY, ts REAL, \(columns))\(index)", wal: true,
      mapping: EventMapping(from: "events", tsUnit: .seconds)),
    fixture(
      "fractional seconds in an INTEGER column",
      schema: "CREATE TABLE events (seq INTEGER PRIMARY KEY, ts INTEGER, \(columns))\(index)", wal: false,
      mapping: EventMapping(from: "events", tsUnit: .seconds)),
    fixture(
      "microseconds, a sequence of its own with an index",
      schema:
        "CREATE TABLE events (n INTEGER PRIMARY KEY, seq INTEGER UNIQUE, ts INTEGER, \(columns))\(index);"
        + numbering, wal: true,
      mapping: EventMapping(from: "events", tsUnit: .microseconds, sequence: "seq")),
    fixture(
      "microseconds, a sequence without an index",
      schema: "CREATE TABLE events (n INTEGER PRIMARY KEY, seq INTEGER, ts INTEGER, \(columns));" + numbering,
      wal: true, mapping: EventMapping(from: "events", tsUnit: .microseconds, sequence: "seq")),
    fixture(
      "a view over a table",
      schema: "CREATE TABLE t (seq INTEGER PRIMARY KEY, ts INTEGER, \(columns)); CREATE INDEX i ON t (ts);"
        + "CREATE VIEW events AS SELECT * FROM t; CREATE TRIGGER r INSTEAD OF INSERT ON events BEGIN "
        + "INSERT INTO t VALUES (new.seq, new.ts, new.name, new.id, new.object_id, new.identity, new.email, "
        + "new.device, new.properties); END; CREATE TRIGGER d INSTEAD OF DELETE ON events BEGIN "
        + "DELETE FROM t WHERE seq = old.seq; END", wal: false,
      mapping: EventMapping(from: "events", sequence: "seq")),
    fixture(
      "ISO 8601 texts",
      schema: "CREATE TABLE events (seq INTEGER PRIMARY KEY, ts TEXT, \(columns))\(index)", wal: true,
      mapping: EventMapping(from: "events", tsUnit: .iso8601)),
    fixture(
      "a SELECT of another shape",
      schema: "CREATE TABLE events (seq INTEGER PRIMARY KEY, ts INTEGER, \(columns))\(index)", wal: true,
      mapping: EventMapping(
        from: "(SELECT seq AS n, ts AS \"when\", name AS what, * FROM events)",
        columns: [.ts: "when", .name: "what || ''"], sequence: "n")),
    fixture(
      "no sequence, index on ts", hasSequence: false,
      schema: "CREATE TABLE events (seq INTEGER, ts INTEGER, \(columns))\(index)", wal: true),
    fixture(
      "no sequence, no index", hasSequence: false,
      schema: "CREATE TABLE events (seq INTEGER, ts INTEGER, \(columns))", wal: true),
    fixture(
      "no sequence, ISO 8601 texts", hasSequence: false,
      schema: "CREATE TABLE events (seq INTEGER, ts TEXT, \(columns))", wal: true,
      mapping: EventMapping(from: "events", tsUnit: .iso8601)),
  ]

  /// The sequence counts by itself where it is not the rowid.
  private static let numbering = """
     CREATE TRIGGER numbering AFTER INSERT ON events WHEN new.seq IS NULL BEGIN
      UPDATE events SET seq = (SELECT coalesce(max(seq), 0) + 1 FROM events) WHERE n = new.n; END
    """
}
