package import ExportCore
internal import TimeZones

extension SQLiteDatabases {
  package func proveProfiles(_ databaseId: String, needsVersions: Bool) async throws {
    let database = try database(databaseId)
    try await blocking { stop in
      let (connection, plan) = try openProfiles(database, stop, needsVersions: needsVersions)
      // Compiling the statement that will read proves that every column it names is there.
      _ = try connection.prepare(plan.query(.everything).rows().sql)
    }
  }

  package func readProfiles(
    _ read: ProfileRead, yield: (consuming ProfileBatch) async throws -> Void
  ) async throws {
    let database = try database(read.databaseId)
    try await HandOver.run(
      capacity: limits.batchesUnderWay,
      { handOver, stop in
        let (connection, plan) = try openProfiles(database, stop, needsVersions: read.needsVersions)
        var reader = ProfileReader(read, plan, into: handOver, in: connection)
        try reader.run()
      }, yield: yield)
  }

  // MARK: On the thread

  /// Opens the database and begins the one read transaction, which ends with the connection at the latest.
  private func openProfiles(
    _ database: SQLiteConnection.Database, _ stop: Stop, needsVersions: Bool
  ) throws -> (SQLiteConnection, ProfilePlan) {
    guard let mapping = configuration.profiles else {
      throw database.error(.lasting, "the source maps no profiles", hint: "add \"profiles\" to it")
    }
    let connection = try SQLiteConnection(database, stop: stop, limits: limits)
    try connection.execute("BEGIN")
    let plan = try ProfilePlan(
      mapping, needsVersions: needsVersions, mayBlockWriters: configuration.mayBlockWriters,
      zone: try profileZone(mapping, database), in: connection)
    return (connection, plan)
  }

  /// Of `updatedAt` and `deletedAt` without an offset.
  func profileZone(_ mapping: ProfileMapping, _ database: SQLiteConnection.Database) throws -> Zone {
    try zone(mapping.tsTimeZone, mapping.updatedAtUnit, path: "profiles.tsTimeZone", database)
  }
}

extension ProfileRead {
  fileprivate var needsVersions: Bool { readsVersions || span != .everything }
}
