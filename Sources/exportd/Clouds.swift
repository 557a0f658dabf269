import CloudDestinations
import ExportCore
import Foundation
import Synchronization

/// The clouds that this process delivers to. All runs that go to one destination share its connections, its limit of bytes a
/// second, its temporary credentials, and what was learnt of it.
final class Clouds: Sendable {
  private struct Place: Hashable {
    var name: String
    var configuration: S3Configuration
    var stagingDirectory: String
  }

  let connections = CloudConnections()
  /// Of Google Cloud Storage.
  let googleBuckets = Mutex<[GooglePlace: GCSBucket]>([:])
  private let buckets = Mutex<[Place: S3Bucket]>([:])

  /// - Parameter configuration: with its secrets.
  func bucket(
    _ name: String, _ configuration: S3Configuration, stagingDirectory: String
  ) throws(ExportError) -> S3Bucket {
    let place = Place(name: name, configuration: configuration, stagingDirectory: stagingDirectory)
    if let bucket = buckets.withLock({ $0[place] }) { return bucket }
    let bucket = try S3Bucket(
      configuration, region: Self.region, stagingDirectory: stagingDirectory, connections: connections,
      credentials: credentials(of: name, configuration))
    return buckets.withLock { buckets in
      buckets[place] = buckets[place] ?? bucket
      return buckets[place]!
    }
  }

  /// Where neither the configuration nor the environment names a region. A bucket elsewhere says so itself.
  private static var region: String {
    let environment = ProcessInfo.processInfo.environment
    return environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? "us-east-1"
  }

  /// Ends all connections.
  func shutDown() async { await connections.shutDown() }
}

extension Clouds {
  private func credentials(of name: String, _ configuration: S3Configuration)
    -> @Sendable () async throws -> S3Credentials
  {
    {
      try S3Credentials(
        accessKeyId: configuration.accessKeyId?.value(of: "destination \(name), accessKeyId") ?? "",
        secretAccessKey: configuration.secretAccessKey?.value(of: "destination \(name), secretAccessKey")
          ?? "")
    }
  }
}
