package import ExportCore
package import TimeZones

/// A source of SQLite databases of one schema. Every question opens the database anew, on a thread of its own,
/// read-only.
package struct SQLiteDatabases: Source {
  let configuration: SQLiteSourceConfiguration
  let zones: ZoneDatabase
  let limits: ReadLimits

  /// - Parameter zones: where `tsTimeZone` is looked up.
  package init(_ configuration: SQLiteSourceConfiguration, zones: ZoneDatabase) {
    self.init(configuration, zones: zones, limits: .standard)
  }

  /// - Parameter limits: for tests that write while few rows are read at a time.
  package init(_ configuration: SQLiteSourceConfiguration, zones: ZoneDatabase, limits: ReadLimits) {
    self.configuration = configuration
    self.zones = zones
    self.limits = limits
  }

  package var databaseIds: [String] { configuration.databases.map(\.id) }

  package func hasSequence() async throws -> Bool {
    for database in configuration.databases {
      let found = try await blocking { stop in
        let (connection, mapping) = try open(database, stop)
        return try EventSchema(mapping, in: connection).sequence.expression != nil
      }
      guard found else { return false }
    }
    return true
  }

  package func pin(_ databaseId: String, watermark: Watermark?) async throws -> DatabaseCut {
    let database = try database(databaseId)
    return try await blocking { stop in
      let (connection, mapping) = try open(database, stop)
      _ = try zone(mapping, database)
      let plan = try plan(mapping, connection)
      if plan.schema.borrowsIdentities, let profiles = configuration.profiles {
        _ = try ProfileIdentities(profiles, in: connection)
      }
      return try Pinning(plan: plan, connection: connection).cut(watermark: watermark)
    }
  }

  package func read(
    _ read: EventRead, yield: (consuming EventBatch) async throws -> Void
  ) async throws {
    let database = try database(read.cut.databaseId)
    try await HandOver.run(
      capacity: limits.batchesUnderWay, { try self.read(read, database, $1, into: $0) }, yield: yield)
  }

  package func count(_ read: EventRead, zone: Zone) async throws -> [EventCount] {
    let database = try database(read.cut.databaseId)
    return try await blocking { stop in
      let (connection, mapping) = try open(database, stop)
      let plan = try plan(mapping, connection)
      try Pinning(plan: plan, connection: connection).check(read.cut)
      var reader = EventReader(
        counting: read, plan, try timestamps(mapping, read, database), zone: zone, in: connection)
      try reader.run()
      return reader.counter?.counts ?? []
    }
  }

  package func check() async -> [SourceFinding] {
    var findings: [SourceFinding] = []
    for database in configuration.databases {
      do {
        findings += try await blocking { stop in
          let connection = try SQLiteConnection(database, stop: stop, limits: limits)
          return try SourceCheck(configuration: configuration, connection: connection).findings(
            zone: { try zone($0, database) }, profileZone: { try profileZone($0, database) })
        }
      } catch {
        findings.append(SourceFinding(.error, "\(error)"))
      }
    }
    return findings
  }

  // MARK: On the thread

  private func read(
    _ read: EventRead, _ database: SQLiteConnection.Database, _ stop: Stop,
    into handOver: HandOver<EventBatch>
  ) throws {
    let (connection, mapping) = try open(database, stop)
    let plan = try plan(mapping, connection)
    try Pinning(plan: plan, connection: connection).check(read.cut)
    let profiles = try profileLookup(plan, connection)
    var reader = EventReader(
      read, plan, try timestamps(mapping, read, database), profiles: profiles, into: handOver, in: connection)
    try reader.run()
  }

  private func profileLookup(_ plan: ReadPlan, _ connection: SQLiteConnection) throws -> ProfileLookup? {
    guard plan.schema.borrowsIdentities, let mapping = configuration.profiles,
      let identities = try ProfileIdentities(mapping, in: connection)
    else { return nil }
    if try identities.isServedByIndex(in: connection) {
      return try ProfileLookup(identities.lookup, in: connection)
    }
    let copy = ProfileCopy(identities: identities, connection: connection)
    return try ProfileLookup(
      try copy.make(mayBlockWriters: configuration.mayBlockWriters), in: connection)
  }

  private func timestamps(
    _ mapping: EventMapping, _ read: EventRead, _ database: SQLiteConnection.Database
  ) throws -> TimestampReader {
    TimestampReader(
      unit: mapping.tsUnit, zone: try zone(mapping, database), acceptsText: read.cut.order == .sequence)
  }

  private func plan(_ mapping: EventMapping, _ connection: SQLiteConnection) throws -> ReadPlan {
    try ReadPlan(mapping, mayBlockWriters: configuration.mayBlockWriters, in: connection)
  }

  private func zone(_ mapping: EventMapping, _ database: SQLiteConnection.Database) throws -> Zone {
    try zone(mapping.tsTimeZone, mapping.tsUnit, path: "events.tsTimeZone", database)
  }

  /// Of times without an offset.
  func zone(
    _ name: String?, _ unit: TimeUnit, path: String, _ database: SQLiteConnection.Database
  ) throws -> Zone {
    guard unit == .iso8601, let name else { return .utc }
    do {
      return try zones.zone(named: name)
    } catch {
      throw database.error(.lasting, "\(path): \(error)")
    }
  }

  private func open(
    _ database: SQLiteConnection.Database, _ stop: Stop
  ) throws -> (SQLiteConnection, EventMapping) {
    guard let mapping = configuration.events else {
      throw database.error(.lasting, "the source maps no events", hint: "add \"events\" to it")
    }
    return (try SQLiteConnection(database, stop: stop, limits: limits), mapping)
  }

  func database(_ id: String) throws -> SQLiteConnection.Database {
    guard let database = configuration.databases.first(where: { $0.id == id }) else {
      throw ExportError(
        .source, .lasting, object: "database \(id)", problem: "the source has no database of this id",
        hint: "its databases are: \(databaseIds.joined(separator: ", "))")
    }
    return database
  }

  /// Runs on a thread of its own; ends soon when the task is cancelled.
  func blocking<Value: Sendable>(
    _ work: @escaping @Sendable (Stop) throws -> Value
  ) async throws -> Value {
    let stop = Stop()
    return try await withTaskCancellationHandler {
      try await OwnThread.run { try work(stop) }
    } onCancel: {
      stop.request()
    }
  }
}
