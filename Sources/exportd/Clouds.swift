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
    let object = "destination \(name)"
    let settings = S3CredentialSettings(
      object: object, region: configuration.region ?? Self.region, configuration
    ) { () throws(ExportError) in try configuration.keys(of: object) }
    let chain = S3CredentialChain(settings, connections: connections)
    let bucket = try S3Bucket(
      configuration, region: Self.region, stagingDirectory: stagingDirectory, connections: connections,
      credentials: { try await chain.credentials() })
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

extension S3Configuration {
  /// The keys that are configured, read anew; nil where none are.
  /// - Parameter object: what messages call the destination.
  fileprivate func keys(of object: String) throws(ExportError) -> S3Credentials? {
    guard accessKeyId != nil || secretAccessKey != nil else { return nil }
    guard let accessKeyId, let secretAccessKey else {
      throw ExportError(
        .configuration, .lasting, object: object,
        problem: "has only one of \"accessKeyId\" and \"secretAccessKey\"", hint: "give it both or neither")
    }
    return S3Credentials(
      accessKeyId: try accessKeyId.value(of: "\(object), accessKeyId"),
      secretAccessKey: try secretAccessKey.value(of: "\(object), secretAccessKey"),
      sessionToken: try sessionToken?.value(of: "\(object), sessionToken"))
  }
}
