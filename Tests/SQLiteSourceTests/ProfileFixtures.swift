import ExportCore
import ExportTesting

@testable import SQLiteSource

extension SQLiteUnderTest {
  static func profiles(
    _ description: String, schema: String, wal: Bool = true, encoding: String = "UTF-8",
    mapping: ProfileMapping = ProfileMapping(from: "profiles")
  ) -> ProfileFixture {
    ProfileFixture(description, holdsUpWriters: !wal) { ids in
      try SQLiteUnderTest(
        ids, schema: schema, profiles: mapping, wal: wal, mayBlockWriters: !wal, encoding: encoding,
        limits: small)
    }
  }

  /// A table of profiles.
  static func table(
    objectId: String = "TEXT PRIMARY KEY", times: String = "INTEGER", name: String = "profiles",
    options: String = ""
  ) -> String {
    "CREATE TABLE \(name) (object_id \(objectId), updated_at \(times), deleted_at \(times), identity TEXT, "
      + "email TEXT, phone TEXT, all_identities TEXT, device TEXT, communication TEXT, properties TEXT)"
      + "\(options);"
  }

  static let timeIndexes = """
    CREATE INDEX updated ON profiles (updated_at);
    CREATE INDEX deleted ON profiles (deleted_at) WHERE deleted_at IS NOT NULL;
    """

  private static func mapping(_ unit: TimeUnit) -> ProfileMapping {
    ProfileMapping(from: "profiles", updatedAtUnit: unit)
  }

  static let profileFixtures: [ProfileFixture] = [
    profiles("WAL, a key and indexes on times", schema: table() + timeIndexes),
    profiles("WAL, a key and no more", schema: table()),
    profiles("WAL, no key, columns without types", schema: table(objectId: "", times: "") + timeIndexes),
    profiles("rollback journal, a key and indexes on times", schema: table() + timeIndexes, wal: false),
    profiles("rollback journal, no index", schema: table(objectId: "TEXT"), wal: false),
    profiles(
      "REAL seconds", schema: table(times: "REAL") + timeIndexes, mapping: mapping(.seconds)),
    profiles(
      "fractional seconds in INTEGER columns", schema: table() + timeIndexes, mapping: mapping(.seconds)),
    profiles("microseconds", schema: table() + timeIndexes, mapping: mapping(.microseconds)),
    profiles("numbers in columns of texts", schema: table(times: "TEXT") + timeIndexes),
    profiles(
      "ISO 8601 texts", schema: table(times: "TEXT") + timeIndexes, mapping: mapping(.iso8601)),
    profiles(
      "an index that ignores case",
      schema: table(objectId: "TEXT COLLATE NOCASE") + "CREATE INDEX i ON profiles (object_id);" + timeIndexes
    ),
    profiles("UTF-16", schema: table() + timeIndexes, encoding: "UTF-16le"),
    profiles(
      "a view over a table with a key",
      schema: table(name: "t") + "CREATE INDEX updated ON t (updated_at);"
        + "CREATE VIEW profiles AS SELECT * FROM t; CREATE TRIGGER i INSTEAD OF INSERT ON profiles BEGIN "
        + "INSERT INTO t VALUES (new.object_id, new.updated_at, new.deleted_at, new.identity, new.email, "
        + "new.phone, new.all_identities, new.device, new.communication, new.properties); END; "
        + "CREATE TRIGGER d INSTEAD OF DELETE ON profiles BEGIN DELETE FROM t WHERE object_id = old.object_id; END"
    ),
    profiles(
      "a SELECT of another shape", schema: table() + timeIndexes,
      mapping: ProfileMapping(
        from:
          "(SELECT object_id AS \"order\", updated_at AS changed, deleted_at AS gone, email AS mail, * FROM "
          + "profiles)",
        columns: [
          .objectId: "order", .updatedAt: "changed + 0", .deletedAt: "gone", .email: "mail || ''",
        ])),
  ]
}
