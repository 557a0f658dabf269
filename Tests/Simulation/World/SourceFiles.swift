import GRDB
import SimulationOracle

/// The databases of a history that plays on real files, and the connection on which its applications write to them.
final class SourceFiles {
  private var databases: [String: DatabaseQueue] = [:]

  static func path(_ databaseId: String, in directory: String) -> String { "\(directory)/\(databaseId).db" }

  /// - Parameters:
  ///   - hasTimeIndex: decides in which order rows are read.
  ///   - profiles: how they lie in the databases; nil when there are none.
  init(
    _ databaseIds: [String], in directory: String, isWAL: Bool, hasTimeIndex: Bool,
    profiles: History.Profiles?
  ) throws {
    var configuration = Configuration()
    configuration.journalMode = isWAL ? .wal : .default
    configuration.busyMode = .timeout(10)
    for id in databaseIds {
      let database = try DatabaseQueue(path: Self.path(id, in: directory), configuration: configuration)
      try database.write { connection in
        try connection.execute(
          sql: """
            CREATE TABLE events (
              sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, ts INTEGER, name TEXT, properties TEXT NOT NULL);
            """)
        if let profiles { try Self.makeProfiles(profiles, connection) }
        if hasTimeIndex { try connection.execute(sql: "CREATE INDEX events_ts ON events (ts)") }
      }
      databases[id] = database
    }
  }

  private static func makeProfiles(_ profiles: History.Profiles, _ connection: Database) throws {
    try connection.execute(
      sql: """
        CREATE TABLE profiles (object_id TEXT PRIMARY KEY, \(updatedAt(profiles)) INTEGER NOT NULL,
          deleted_at INTEGER, properties TEXT NOT NULL)
        """)
  }

  /// Under another name nobody finds it.
  private static func updatedAt(_ profiles: History.Profiles) -> String {
    profiles.hasVersions ? "updated_at" : "written"
  }

  func write(_ profiles: [Testimony.ProfileState]) throws {
    for (id, profiles) in Dictionary(grouping: profiles, by: \.databaseId) {
      try databases[id]!.write { connection in
        for profile in profiles {
          guard profile.content != nil else {
            try connection.execute(
              sql: "DELETE FROM profiles WHERE object_id = ?", arguments: [profile.objectId])
            continue
          }
          try connection.execute(
            sql: "INSERT OR REPLACE INTO profiles VALUES (?, ?, ?, ?)",
            arguments: [profile.objectId, profile.updatedAt, profile.deletedAt, profile.properties])
        }
      }
    }
  }

  func insert(_ rows: [Testimony.Row]) throws {
    for (id, rows) in Dictionary(grouping: rows, by: \.databaseId) {
      try databases[id]!.write { connection in
        let statement = try connection.cachedStatement(
          sql: "INSERT INTO events (sequence, id, ts, name, properties) VALUES (?, ?, ?, ?, ?)")
        for row in rows {
          try statement.execute(arguments: [
            row.sequence, String(row.number), row.ts, row.name, row.properties,
          ])
        }
      }
    }
  }

  func update(_ row: Testimony.Row) throws {
    try databases[row.databaseId]!.write {
      try $0.cachedStatement(sql: "UPDATE events SET properties = ? WHERE sequence = ?").execute(arguments: [
        row.properties, row.sequence,
      ])
    }
  }

  func delete(_ sequence: Int64, from databaseId: String) throws {
    try databases[databaseId]!.write {
      try $0.cachedStatement(sql: "DELETE FROM events WHERE sequence = ?").execute(arguments: [sequence])
    }
  }
}
