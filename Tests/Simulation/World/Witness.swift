import CSQLite
import GRDB
import SimulationOracle

/// Looks at the state database after every transaction, past the code that is tested: which profile exports are active,
/// which may read and send, and who it is that reads.
final class Witness {
  private let database: DatabaseQueue
  /// It is asked at every statement whether anything has changed: GRDB takes ten times as long for that.
  private let handle: OpaquePointer
  private let version: OpaquePointer
  private unowned let world: World
  private var seenVersion: Int64 = -1
  private(set) var glances: [Testimony.Glance] = []
  private(set) var readings: [Testimony.Reading] = []
  /// By id, as they last were: some are pruned later.
  private(set) var runs: [Int64: Testimony.Run] = [:]
  private let remembersRuns: Bool
  /// Attempts that were under way at the last look, and those that have a source already.
  private var attempts: [Attempt] = []
  private var equipped: Set<Attempt> = []

  private struct Attempt: Hashable {
    var run: Int64
    var number: Int
    var export: Int64
  }

  /// - Parameter remembersRuns: whether history is pruned while it is looked at.
  init(path: String, world: World, remembersRuns: Bool) throws {
    self.remembersRuns = remembersRuns
    database = try DatabaseQueue(path: path)
    self.world = world
    var (handle, version): (OpaquePointer?, OpaquePointer?)
    guard sqlite3_open(path, &handle) == SQLITE_OK,
      sqlite3_prepare_v2(handle, "PRAGMA data_version", -1, &version, nil) == SQLITE_OK
    else { throw DatabaseError(resultCode: .SQLITE_CANTOPEN) }
    (self.handle, self.version) = (handle!, version!)
  }

  deinit {
    sqlite3_finalize(version)
    sqlite3_close(handle)
  }

  /// To be called wherever a transaction may just have ended.
  func look() {
    sqlite3_step(version)
    let newest = sqlite3_column_int64(version, 0)
    sqlite3_reset(version)
    guard newest != seenVersion else { return }
    seenVersion = newest
    do {
      try database.unsafeRead { connection in
        let standings = try Row.fetchAll(connection.cachedStatement(sql: Self.standings)).map { row in
          Testimony.Glance.Standing(
            export: row["id"], isActive: row["active"], isAdmitted: row["admitted"],
            isInFlight: row["in_flight"], isDone: row["done"], reason: row["reason"])
        }
        attempts = try Row.fetchAll(connection.cachedStatement(sql: Self.attempts)).map {
          Attempt(run: $0["id"], number: $0["attempt"], export: $0["export_id"])
        }
        if remembersRuns {
          for run in try StateReader.runs(in: connection) { runs[run.id] = run }
        }
        guard standings != glances.last?.standings else { return }
        glances.append(Testimony.Glance(moment: world.moment, standings: standings))
      }
    } catch {
      preconditionFailure("the state database cannot be read: \(error)")
    }
  }

  /// Who asks for a source: an attempt that has begun and has none yet.
  func readers() -> [Int64] {
    look()
    let fresh = attempts.filter { !equipped.contains($0) }
    equipped.formUnion(fresh)
    return fresh.map(\.export)
  }

  func note(readingOf databaseId: String, by exports: [Int64]) {
    look()
    readings.append(Testimony.Reading(moment: world.happen(), databaseId: databaseId, exports: exports))
  }

  private static let standings = """
    SELECT id, reason, done_at IS NOT NULL AS done,
      stopped_by IS NULL AND deleted_at IS NULL AND done_at IS NULL AND waits = 0 AS active,
      EXISTS (SELECT 1 FROM run WHERE export_id = export.id AND admitted_at IS NOT NULL
        AND state IN ('PENDING', 'RUNNING')) AS admitted,
      EXISTS (SELECT 1 FROM run WHERE export_id = export.id
        AND (state = 'RUNNING' OR (state = 'PENDING' AND manifest IS NOT NULL))) AS in_flight
    FROM export WHERE data_type = 'profiles' ORDER BY id
    """
  private static let attempts = """
    SELECT run.id, attempt, export_id FROM run JOIN export ON export.id = export_id
    WHERE data_type = 'profiles' AND state = 'RUNNING' AND manifest IS NULL
    """
}
