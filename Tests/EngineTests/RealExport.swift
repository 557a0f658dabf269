import DirectoryDestination
import Engine
import ExportCore
import Foundation
import GRDB
import Ledger
import Logging
import SQLiteSource
import Synchronization
import Testing
import TimeZones

/// A clock that tests set.
final class SetTime: TimeSource {
  private let instant: Mutex<Instant>

  init(_ text: String) { instant = Mutex(Instant(rfc3339: text)!) }

  func set(_ text: String) { instant.withLock { $0 = Instant(rfc3339: text)! } }
  func now() -> Instant { instant.withLock { $0 } }
  func uptime() -> Int64 { now().seconds * 1000 }
  func sleep(milliseconds: Int64) async throws { try await Task.sleep(for: .milliseconds(milliseconds)) }
}

/// An export with everything that it needs, real: two SQLite databases, a state database, a directory.
final class RealExport {
  let directory: String
  let ledger: Ledger
  let parts: Parts
  let time: SetTime
  let id: RequestId
  private let shards: [DatabaseQueue]

  /// Every six hours from 2026-11-20, all events.
  /// - Parameter revise: changes the definition before it is stored.
  init(
    now: String = "2026-11-20T00:00:00Z", data: DataSelection = .allEvents,
    revise: (inout Revision) -> Void = { _ in }
  ) throws {
    directory = FileManager.default.temporaryDirectory.path + "/exportd-real-\(UUID().uuidString)"
    for part in ["state", "staging"] {
      try FileManager.default.createDirectory(
        atPath: "\(directory)/\(part)", withIntermediateDirectories: true)
    }
    let place = directory
    shards = try ["0", "1"].map { try Self.shard("\(place)/\($0).db") }
    ledger = try Ledger(stateDirectory: "\(directory)/state")
    time = SetTime(now)
    let zones = ZoneDatabase()
    parts = Parts(
      source: { (source) throws(ExportError) in
        switch source {
        case .sqlite(let sqlite): SQLiteDatabases(sqlite, zones: zones)
        }
      },
      destination: { (_, destination) throws(ExportError) in
        guard case .directory(let directory) = destination else { fatalError("only directories here") }
        return LocalDirectory(directory)
      },
      zone: { (_) throws(ExportError) in .utc }, stagingDirectory: "\(directory)/staging",
      memoryDirectory: "\(directory)/state/memory")
    var revision = EngineFixture.revision(data: data, databases: ["0", "1"])
    revision.source = .sqlite(
      SQLiteSourceConfiguration(
        databases: ["0", "1"].map { .init(id: $0, path: "\(place)/\($0).db") },
        events: EventMapping(from: "events"),
        profiles: data == .profiles ? ProfileMapping(from: "profiles") : nil))
    revision.destination = .directory(DirectoryConfiguration(path: "\(directory)/out"))
    revise(&revision)
    id = try ledger.create(
      name: "real", origin: .command, definition: "{}", resolved: revision, now: time.now())
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private static func shard(_ path: String) throws -> DatabaseQueue {
    let shard = try DatabaseQueue(path: path)
    try shard.writeWithoutTransaction { database in
      _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
      try database.execute(
        sql: """
          CREATE TABLE events (id INTEGER PRIMARY KEY, name TEXT, ts INTEGER, object_id TEXT, properties TEXT);
          CREATE INDEX events_ts ON events (ts);
          CREATE TABLE profiles (object_id TEXT PRIMARY KEY, updated_at INTEGER, deleted_at INTEGER, email TEXT,
            properties TEXT);
          """)
    }
    return shard
  }

  /// - Parameter at: RFC 3339.
  func add(_ name: String, at time: String, properties: String = "{}", shard: Int = 0, count: Int = 1) throws
  {
    try shards[shard].write { database in
      for _ in 0..<count {
        try database.execute(
          sql: "INSERT INTO events (name, ts, object_id, properties) VALUES (?, ?, 'p', ?)",
          arguments: [name, Instant(rfc3339: time)!.seconds * 1000, properties])
      }
    }
  }

  /// Writes profiles, the old ones of the same objectId over.
  /// - Parameter at: RFC 3339.
  func put(_ objects: String..., at time: String, properties: String = "{}", shard: Int = 0) throws {
    try shards[shard].write { database in
      for object in objects {
        try database.execute(
          sql: "INSERT OR REPLACE INTO profiles (object_id, updated_at, properties) VALUES (?, ?, ?)",
          arguments: [object, Instant(rfc3339: time)!.seconds * 1000, properties])
      }
    }
  }

  func change(_ sql: String, shard: Int = 0) throws { try shards[shard].write { try $0.execute(sql: sql) } }

  /// What `exportd run` does.
  @discardableResult
  func run() async throws -> [RunExecutor.Outcome] {
    let executor = RunExecutor(
      ledger: ledger, parts: parts, time: time, bootId: "boot",
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    var outcomes: [RunExecutor.Outcome] = []
    for run in try RunWish(ledger: ledger, parts: parts).open(
      id, restart: false, rebase: false, now: time.now()
    ).runs {
      outcomes.append(try await executor.attempt(run, control: AttemptControl(time: time)))
    }
    return outcomes
  }

  func plan() async throws -> ExportPlan {
    let record = try #require(try ledger.export(id))
    return try await DryRun(
      ledger: ledger, source: parts.source, zone: parts.zone, memoryDirectory: parts.memoryDirectory
    ).plan(record, now: time.now())
  }

  func verify(run: RunId? = nil, source: Bool = true) async throws -> [VerifiedRun] {
    try await Verification(ledger: ledger, parts: parts).verify(id, run: run, source: source)
  }

  /// Of all complete runs, oldest window first.
  func manifests() throws -> [Manifest] {
    try ledger.runs(of: id, state: .done).reversed().map { run in
      try Manifest(try #require(try ledger.manifest(of: run.id)))
    }
  }

  /// Lets nothing be delivered until it is cleared.
  func obstruct() throws { try Data().write(to: URL(fileURLWithPath: "\(directory)/out")) }
  func clear() throws { try FileManager.default.removeItem(atPath: "\(directory)/out") }

  func delivered(_ name: String) -> String { "\(directory)/out/\(name)" }
}
