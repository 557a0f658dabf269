import ExportCore
import ExportTesting
import Foundation
import NIOHTTP1

@testable import CloudDestinations

/// The server of `Tests/CloudPeers/azure_server.py`, which checks by Microsoft's own code who asks, started once for all tests.
enum AzurePeer {
  private static let started = Task {
    try await PythonServer(["python", CheckingServer.folder + "/azure_server.py", "PORT"])
  }

  static func endpoint() async throws -> String { "http://127.0.0.1:\(try await started.value.port)" }

  /// What opens it.
  struct Account: Decodable, Sendable {
    var account: String
    var key: String
    var tenant: String
    var client: String
    var secret: String
    var identity_header: String
  }

  static func account() async throws -> Account {
    try JSONDecoder().decode(
      Account.self, from: Data(try await asked(.GET, "\(try await endpoint())/_test/account")))
  }

  /// A shared access signature that Microsoft's code has made.
  static func signature(_ container: String, _ query: [String: String] = [:]) async throws -> String {
    let query = query.merging(["container": container]) { $1 }.percentEncoded
    return String(
      decoding: try await asked(.GET, "\(try await endpoint())/_test/sas?\(query)"), as: UTF8.self)
  }

  /// How many tokens were given out to whom.
  static func given(_ client: String) async throws -> Int {
    try JSONDecoder().decode(
      [String: Int].self, from: Data(try await asked(.GET, "\(try await endpoint())/_test/given")))[client]
      ?? 0
  }
}

/// An empty container of a test's own.
struct TestAzureContainer: Sendable {
  let container: CloudDestination
  let endpoint: String
  let name: String

  /// - Parameters:
  ///   - faults: what the server is to do, as its program says; JSON.
  ///   - entry: given the container's name; nil for the key of the account.
  static func made<Result>(
    staging: String = "/nowhere", layout: AzureLayout = AzureLayout(), retries: Retries = impatient,
    faults: String = "{}", environment: [String: String] = [:],
    entry: ((String) async throws -> AzureEntry)? = nil,
    _ change: (inout AzureConfiguration) -> Void = { _ in },
    _ body: (TestAzureContainer) async throws -> Result
  ) async throws -> Result {
    let endpoint = try await AzurePeer.endpoint()
    let account = try await AzurePeer.account()
    let name = "test-\(UUID().uuidString.lowercased())"
    var configuration = AzureConfiguration(
      account: account.account, container: name, access: .managedIdentity)
    configuration.endpoint = endpoint
    change(&configuration)
    _ = try await asked(.POST, "\(endpoint)/_test/\(name)", faults)
    let found = try await entry?(name) ?? .accountKey(account.key)
    let connections = CloudConnections(environment: [:])
    let container = try CloudDestination.azure(
      configuration, name: "lake", stagingDirectory: staging, connections: connections, layout: layout,
      retries: retries, environment: environment, entry: { found })
    do {
      let result = try await body(
        TestAzureContainer(container: container, endpoint: endpoint, name: name))
      await connections.shutDown()
      return result
    } catch {
      await connections.shutDown()
      throw error
    }
  }

  struct Blob: Decodable, Sendable {
    var tier: String
    var metadata: [String: String]
    var md5: String?
    var blocks: Int
    var size: Int
  }

  private struct State: Decodable {
    var sessions: [String]
    var log: [String]
    var blobs: [String: Blob]
  }

  private func state() async throws -> State {
    try JSONDecoder().decode(State.self, from: Data(try await asked(.GET, "\(endpoint)/_test/\(name)")))
  }

  /// Names of the blobs that have blocks which are part of nothing.
  func unfinished() async throws -> [String] { try await state().sessions }

  /// What the server was asked for.
  func log() async throws -> [String] { try await state().log }

  func blobs() async throws -> [String: Blob] { try await state().blobs }

  func order(_ faults: String) async throws {
    _ = try await asked(.POST, "\(endpoint)/_test/\(name)", faults)
  }
}
