import CloudDestinations
import ExportCore
import Foundation
import Synchronization

/// The clouds that this process delivers to. All runs that go to one destination share its connections, its limit of bytes a
/// second, its temporary credentials, and what was learnt of it.
final class Clouds: Sendable {
  private struct Place: Hashable {
    var name: String
    var configuration: DestinationConfiguration
    var stagingDirectory: String
  }

  private let connections = CloudConnections()
  private let destinations = Mutex<[Place: CloudDestination]>([:])

  /// - Parameter configuration: with its secrets.
  func bucket(
    _ name: String, _ configuration: S3Configuration, stagingDirectory: String
  ) throws(ExportError) -> CloudDestination {
    try kept(name, .s3(configuration), stagingDirectory) { () throws(ExportError) in
      let object = "destination \(name)"
      let settings = S3CredentialSettings(
        object: object, region: configuration.region ?? Self.region, configuration
      ) { () throws(ExportError) in try configuration.keys(of: object) }
      let chain = S3CredentialChain(settings, connections: connections)
      return try .s3(
        configuration, region: Self.region, stagingDirectory: stagingDirectory, connections: connections,
        credentials: { try await chain.credentials() })
    }
  }

  /// Where neither the configuration nor the environment names a region. A bucket elsewhere says so itself.
  private static var region: String {
    let environment = ProcessInfo.processInfo.environment
    return environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? "us-east-1"
  }

  /// - Parameter configuration: with its secrets.
  func bucket(
    _ name: String, _ configuration: GCSConfiguration, stagingDirectory: String
  ) throws(ExportError) -> CloudDestination {
    try kept(name, .gcs(configuration), stagingDirectory) { () throws(ExportError) in
      var key: (@Sendable () throws(ExportError) -> String)?
      if let secret = configuration.serviceAccountKey {
        key = { () throws(ExportError) -> String in
          try secret.value(of: "destination \(name), serviceAccountKey")
        }
      }
      return try .gcs(
        configuration, name: name, stagingDirectory: stagingDirectory, connections: connections,
        serviceAccountKey: key)
    }
  }

  /// - Parameter configuration: with its secrets.
  func container(
    _ name: String, _ configuration: AzureConfiguration, stagingDirectory: String
  ) throws(ExportError) -> CloudDestination {
    try kept(name, .azure(configuration), stagingDirectory) { () throws(ExportError) in
      try .azure(
        configuration, name: name, stagingDirectory: stagingDirectory, connections: connections
      ) { () throws(ExportError) in
        try configuration.access.entry(of: "destination \(name)")
      }
    }
  }

  private func kept(
    _ name: String, _ configuration: DestinationConfiguration, _ stagingDirectory: String,
    _ make: () throws(ExportError) -> CloudDestination
  ) throws(ExportError) -> CloudDestination {
    let place = Place(name: name, configuration: configuration, stagingDirectory: stagingDirectory)
    if let destination = destinations.withLock({ $0[place] }) { return destination }
    let made = try make()
    return destinations.withLock { destinations in
      destinations[place] = destinations[place] ?? made
      return destinations[place]!
    }
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

extension AzureConfiguration.Access {
  /// What is configured, read anew.
  /// - Parameter object: what messages call the destination.
  fileprivate func entry(of object: String) throws(ExportError) -> AzureEntry {
    switch self {
    case .accountKey(let key): .accountKey(try key.value(of: "\(object), accountKey"))
    case .sasToken(let token): .sasToken(try token.value(of: "\(object), sasToken"))
    case .client(let id, let tenant, let secret):
      .client(
        id: try id.value(of: "\(object), clientId"), tenant: tenant,
        secret: try secret.value(of: "\(object), clientSecret"))
    case .managedIdentity: .managedIdentity
    }
  }
}
