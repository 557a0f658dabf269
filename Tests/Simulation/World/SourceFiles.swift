import GRDB
import SimulationOracle

/// The databases of a history that plays on real files, and the connection on which its applications write to them.
final class SourceFiles {
  private var databases: [String: DatabaseQueue] = [:]

  static func path(_ databaseId: String, in directory: String) -> String { "\(directory)/\(databaseId).db" }

  /// - Parameter hasTimeIndex: decides in which order rows are read.
  init(_ databaseIds: [String], in directory: String, isWAL: Bool, hasTimeIndex: Bool) throws {
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
        if hasTimeIndex { try connection.execute(sql: "CREATE INDEX events_ts ON events (ts)") }
      }
      databases[id] = database
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
