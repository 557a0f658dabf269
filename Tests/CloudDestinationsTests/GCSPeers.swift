import ExportCore
import ExportTesting
import Foundation
import NIOHTTP1

@testable import CloudDestinations

/// Servers that speak the API of Cloud Storage, started once for all tests.
enum GCSPeer: String, CaseIterable, Sendable {
  /// Not ours.
  case emulator
  /// Ours, for what the emulator does not know.
  case server

  private static let startedEmulator = Task {
    try await PythonServer([
      "gcp-storage-emulator", "start", "--host", "127.0.0.1", "--port", "PORT", "--in-memory", "--quiet",
    ])
  }
  private static let startedServer = Task {
    let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try await PythonServer(["python", program.path + "/CloudPeers/gcs_server.py", "PORT"])
  }

  func endpoint() async throws -> String {
    let server =
      switch self {
      case .emulator: try await Self.startedEmulator.value
      case .server: try await Self.startedServer.value
      }
    return "http://127.0.0.1:\(server.port)"
  }

  /// The key of a service account whose tokens our server knows; what `who` begins with decides what becomes of them.
  static func serviceAccountKey(_ who: String) async throws -> String {
    let endpoint = try await GCSPeer.server.endpoint()
    return String(
      decoding: try await asked(.GET, "\(endpoint)/_test/service-account/\(who)"), as: UTF8.self)
  }
}

/// An empty bucket of a test's own at a peer.
struct TestGCSBucket: Sendable {
  let bucket: CloudDestination
  let peer: GCSPeer
  let endpoint: String
  let name: String

  /// - Parameters:
  ///   - faults: what our server is to do, as its program says; JSON.
  ///   - key: of the service account that is configured.
  static func at<Result>(
    _ peer: GCSPeer, staging: String, layout: GCSLayout = GCSLayout(), retries: Retries = Retries(),
    faults: String = "{}", environment: [String: String] = [:], key: String? = nil,
    _ change: (inout GCSConfiguration) -> Void = { _ in }, _ body: (TestGCSBucket) async throws -> Result
  ) async throws -> Result {
    let endpoint = try await peer.endpoint()
    let name = "test-\(UUID().uuidString.lowercased())"
    var configuration = GCSConfiguration(bucket: name)
    configuration.endpoint = endpoint
    change(&configuration)
    switch peer {
    case .emulator:
      _ = try await asked(.POST, "\(endpoint)/storage/v1/b?project=test", "{\"name\":\"\(name)\"}")
    case .server: _ = try await asked(.POST, "\(endpoint)/_test/\(name)", faults)
    }
    let connections = CloudConnections(environment: [:])
    var serviceAccountKey: (@Sendable () throws(ExportError) -> String)?
    if let key { serviceAccountKey = { key } }
    let bucket = try CloudDestination.gcs(
      configuration, name: "lake", stagingDirectory: staging, connections: connections, layout: layout,
      retries: retries, environment: environment, serviceAccountKey: serviceAccountKey)
    do {
      let result = try await body(
        TestGCSBucket(bucket: bucket, peer: peer, endpoint: endpoint, name: name))
      await connections.shutDown()
      return result
    } catch {
      await connections.shutDown()
      throw error
    }
  }

  private struct State: Decodable {
    var sessions: [String]
    var log: [String]
  }

  private func state() async throws -> State {
    try JSONDecoder().decode(
      State.self, from: Data(try await asked(.GET, "\(endpoint)/_test/\(name)")))
  }

  /// Names of the uploads that are not complete. The emulator does not tell, nor can they be cancelled there.
  func unfinished() async throws -> [String] {
    peer == .emulator ? [] : try await state().sessions
  }

  /// What our server was asked for.
  func log() async throws -> [String] { try await state().log }

  func order(_ faults: String) async throws {
    _ = try await asked(.POST, "\(endpoint)/_test/\(name)", faults)
  }
}
