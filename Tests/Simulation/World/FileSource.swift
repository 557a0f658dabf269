import ExportCore
import SQLiteSource
import TimeZones

/// The real source on real files, under the weather of the history. Others write to the files while it reads: it is
/// given few rows at a time, and between two of its batches anything may happen.
///
/// How far its reading thread is ahead of what it has given is up to the machine: the only thing in a history that its seed
/// does not decide.
struct FileSource: Source {
  private let databases: SQLiteDatabases
  private let world: World
  private let life: Life
  private let executor: SteppedExecutor
  /// See ``Witness``.
  private let readers: [Int64]

  init(
    _ configuration: SQLiteSourceConfiguration, _ world: World, _ life: Life, _ executor: SteppedExecutor,
    zones: ZoneDatabase
  ) {
    var limits = ReadLimits.standard
    (limits.rowsPerBatch, limits.rowsPerPage, limits.batchesUnderWay) = (2, 3, 1)
    databases = SQLiteDatabases(configuration, zones: zones, limits: limits)
    self.world = world
    self.life = life
    self.executor = executor
    readers = world.witness?.readers() ?? []
  }

  var databaseIds: [String] { databases.databaseIds }

  func hasSequence() async throws -> Bool {
    try await world.askSource("hasSequence", life) {}
    return try await outside { try await databases.hasSequence() }
  }

  func pin(_ databaseId: String, watermark: Watermark?) async throws -> DatabaseCut {
    try await world.askSource("pin \(databaseId)", life) {}
    return try await outside { try await databases.pin(databaseId, watermark: watermark) }
  }

  func read(_ read: EventRead, yield: (consuming EventBatch) async throws -> Void) async throws {
    try await world.askSource("read \(read.cut.databaseId)", life) {}
    try await outside {
      try await databases.read(read) { batch in
        executor.comeBack()
        defer { executor.goOutside() }
        try await world.askSource("read on", life) {}
        try await yield(batch)
      }
    }
  }

  func count(_ read: EventRead, zone: Zone) async throws -> [EventCount] {
    try await outside { try await databases.count(read, zone: zone) }
  }

  func proveProfiles(_ databaseId: String, needsVersions: Bool) async throws {
    try await world.askSource("prove profiles of \(databaseId)", life) {}
    try await outside { try await databases.proveProfiles(databaseId, needsVersions: needsVersions) }
  }

  func readProfiles(
    _ read: ProfileRead, yield: (consuming ProfileBatch) async throws -> Void
  ) async throws {
    try await world.askSource("read profiles of \(read.databaseId)", life) {
      world.witness?.note(readingOf: read.databaseId, by: readers)
    }
    try await outside {
      try await databases.readProfiles(read) { batch in
        executor.comeBack()
        defer { executor.goOutside() }
        try await world.askSource("read on", life) {
          world.witness?.note(readingOf: read.databaseId, by: readers)
        }
        try await yield(batch)
      }
    }
  }

  func check() async -> [SourceFinding] { [] }

  private func outside<Value>(_ work: () async throws -> Value) async throws -> Value {
    executor.goOutside()
    defer { executor.comeBack() }
    return try await work()
  }
}
