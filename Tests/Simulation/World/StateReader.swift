import GRDB
import SimulationOracle

/// Reads the state database as `status` would, past the code that is tested.
struct StateReader {
  private let database: DatabaseQueue
  private let world: World
  private struct Seen {
    let name: String
    let createdAt: Int64
    /// When it was first seen.
    let moment: Int
    var revisions: [Testimony.Revision] = []
  }

  /// By request id.
  private var seen: [Int64: Seen] = [:]
  private(set) var strayWatermarks: [String] = []
  private(set) var recorded: [Testimony.Recorded] = []

  init(path: String, world: World) throws {
    database = try DatabaseQueue(path: path)
    self.world = world
  }

  /// Takes note of exports and revisions that have come since it was last called.
  mutating func look(accountZone: String) throws {
    let rows = try database.read { database in
      try Row.fetchAll(
        database.cachedStatement(
          sql: """
            SELECT export_id, number, definition, revision.created_at, export.stopped_by IS NOT NULL AS stopped,
              export.name, export.created_at AS export_created_at
            FROM revision JOIN export ON export.id = export_id ORDER BY export_id, number
            """))
    }
    for row in rows {
      let id: Int64 = row["export_id"]
      let number: Int = row["number"]
      if seen[id] == nil {
        seen[id] = Seen(name: row["name"], createdAt: row["export_created_at"], moment: world.happen())
      }
      guard number > seen[id]!.revisions.count else { continue }
      seen[id]!.revisions.append(
        Testimony.Revision(
          number: number, definition: row["definition"], accountZone: accountZone,
          acceptedAt: row["created_at"],
          highWater: world.clock.highWater, wasStopped: row["stopped"]))
    }
  }

  /// Every watermark must be that of a run that has committed; of one that the history has let go of nobody knows.
  mutating func checkWatermarks() throws {
    strayWatermarks += try database.read { database in
      try String.fetchAll(
        database.cachedStatement(
          sql: """
            SELECT 'export ' || watermark.export_id || ', database ' || database_id || ', bound ' || bound FROM watermark
            JOIN run ON run.id = watermark.run_id WHERE bound IS NOT NULL AND manifest IS NULL
            """))
    }
  }

  /// Takes note of what open runs have delivered by now.
  mutating func lookAtDelivered() throws {
    let moment = world.happen()
    recorded += try database.read { database in
      try Row.fetchAll(
        database.cachedStatement(
          sql: """
            SELECT run.export_id, file.name FROM file JOIN run ON run.id = file.run_id
            WHERE run.state IN ('PENDING', 'RUNNING') AND manifest IS NULL
              AND file.state = 'delivered' AND file.kind = 'data'
            """)
      ).map { Testimony.Recorded(moment: moment, export: $0["export_id"], name: $0["name"]) }
    }
  }

  func exports() throws -> [Testimony.Export] {
    try database.read { database in
      try Row.fetchAll(database.cachedStatement(sql: "SELECT * FROM export ORDER BY id")).map { row in
        Testimony.Export(
          id: row["id"], name: row["name"], createdAt: row["created_at"], seenAt: seen[row["id"]]!.moment,
          isStopped: row["stopped_by"] != nil, isDeleted: row["deleted_at"] != nil,
          revisions: seen[row["id"]]!.revisions)
      }
    }
  }

  /// Deleted exports that history has lost: what they were is still told of others.
  func prunedExports() throws -> [Testimony.Export] {
    let present = try database.read {
      try Set(Int64.fetchAll($0.cachedStatement(sql: "SELECT id FROM export")))
    }
    return seen.filter { !present.contains($0.key) }.sorted { $0.key < $1.key }.map { id, seen in
      Testimony.Export(
        id: id, name: seen.name, createdAt: seen.createdAt, seenAt: seen.moment, isStopped: false,
        isDeleted: true, revisions: seen.revisions)
    }
  }

  func runs() throws -> [Testimony.Run] { try database.read { try Self.runs(in: $0) } }

  static func runs(in database: Database) throws -> [Testimony.Run] {
    try Row.fetchAll(database.cachedStatement(sql: "SELECT * FROM run ORDER BY id")).map { row in
      Testimony.Run(
        id: row["id"], export: row["export_id"], from: row["window_from"], to: row["window_to"],
        isVoided: row["voided"], state: row["state"], reason: row["reason"] ?? row["error"],
        scheduledAt: row["scheduled_at"], runTimestamp: row["run_timestamp"],
        finishedAt: row["finished_at"])
    }
  }

  func undeletable() throws -> Set<String> {
    try database.read {
      try Set(String.fetchAll($0.cachedStatement(sql: "SELECT name FROM file WHERE state = 'undeletable'")))
    }
  }

  /// Open runs that are due by now, with what is wrong with them.
  func overdue(at now: Int64) throws -> [(name: String, error: String?)] {
    try database.read { database in
      try Row.fetchAll(
        database.cachedStatement(
          sql: """
            SELECT name, error FROM run JOIN export ON export.id = export_id
            WHERE state IN ('PENDING', 'RUNNING') AND scheduled_at <= ?
              -- One that waits for a recurring profile export of its source waits for as long as that takes.
              AND NOT (data_type = 'profiles' AND is_recurring = 0 AND admitted_at IS NULL
                AND EXISTS (SELECT 1 FROM export AS other WHERE other.source = export.source
                  AND other.data_type = 'profiles' AND other.is_recurring = 1 AND other.stopped_by IS NULL
                  AND other.deleted_at IS NULL AND other.done_at IS NULL))
            ORDER BY run.id
            """), arguments: [now]
      ).map { ($0["name"], $0["error"]) }
    }
  }

  func stopped() throws -> [String] {
    try database.read {
      try String.fetchAll(
        $0.cachedStatement(
          sql: "SELECT name FROM export WHERE stopped_by IS NOT NULL AND deleted_at IS NULL ORDER BY name"))
    }
  }
}
