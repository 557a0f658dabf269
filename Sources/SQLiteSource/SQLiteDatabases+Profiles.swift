package import ExportCore

extension SQLiteDatabases {
  package func proveProfiles(_ databaseId: String, needsVersions: Bool) async throws {
    throw CancellationError()
  }
  package func readProfiles(
    _ read: ProfileRead, yield: (consuming ProfileBatch) async throws -> Void
  ) async throws { throw CancellationError() }
  package func countProfiles(_ read: ProfileRead) async throws -> Int { throw CancellationError() }
}
