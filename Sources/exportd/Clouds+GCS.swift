import CloudDestinations
import ExportCore
import Synchronization

/// What a bucket is kept under.
struct GooglePlace: Hashable {
  var name: String
  var configuration: GCSConfiguration
  var stagingDirectory: String
}

extension Clouds {
  /// - Parameter configuration: with its secrets.
  func bucket(
    _ name: String, _ configuration: GCSConfiguration, stagingDirectory: String
  ) throws(ExportError) -> GCSBucket {
    let place = GooglePlace(name: name, configuration: configuration, stagingDirectory: stagingDirectory)
    if let bucket = googleBuckets.withLock({ $0[place] }) { return bucket }
    var key: (@Sendable () throws(ExportError) -> String)?
    if let secret = configuration.serviceAccountKey {
      key = { () throws(ExportError) -> String in
        try secret.value(of: "destination \(name), serviceAccountKey")
      }
    }
    let bucket = try GCSBucket(
      configuration, name: name, stagingDirectory: stagingDirectory, connections: connections,
      serviceAccountKey: key)
    return googleBuckets.withLock { buckets in
      buckets[place] = buckets[place] ?? bucket
      return buckets[place]!
    }
  }
}
