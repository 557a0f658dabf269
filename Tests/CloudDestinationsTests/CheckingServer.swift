import ExportCore
import ExportTesting
import Foundation
import HTTPProblems
import NIOHTTP1

@testable import CloudDestinations

/// The S3 server of `Tests/CloudPeers/checking.py`, which checks signatures by botocore's code and every checksum.
struct CheckingServer: Sendable {
  static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .path + "/CloudPeers"
  static let credentials = S3Credentials(accessKeyId: "CHECKING", secretAccessKey: "checking-secret")

  let server: PythonServer
  var endpoint: String { "http://127.0.0.1:\(server.port)" }

  init(_ arguments: [String] = []) async throws {
    server = try await PythonServer(["python", Self.folder + "/checking.py", "PORT"] + arguments)
  }

  /// A bucket of it that is made.
  func bucket(_ connections: CloudConnections, staging: String, named name: String) async throws
    -> CloudDestination
  {
    let bucket = try bucket(connections, staging: staging, named: name, port: server.port)
    try await bucket.s3.client.perform(S3Call(method: .PUT, permission: "s3:CreateBucket")) {
      _ = try await $0.document()
    }
    return bucket
  }

  /// - Parameters:
  ///   - port: where it is reached.
  ///   - change: of the configuration.
  func bucket(
    _ connections: CloudConnections, staging: String, named name: String, port: UInt16,
    layout: S3Layout = S3Layout(), retries: Retries = Retries(),
    _ change: (inout S3Configuration) -> Void = { _ in },
    credentials: @escaping @Sendable () async throws -> S3Credentials = { credentials }
  ) throws -> CloudDestination {
    var configuration = S3Configuration(bucket: name)
    configuration.endpoint = "http://127.0.0.1:\(port)"
    change(&configuration)
    return try CloudDestination.s3(
      configuration, region: "us-east-1", stagingDirectory: staging, connections: connections, layout: layout,
      retries: retries, credentials: credentials)
  }
}

extension CloudClient {
  /// What a peer answers to a question that is no request of a cloud. One that refuses connections for a moment is asked again.
  func text(_ method: HTTPMethod, _ url: String) async throws -> String {
    var attempt = 1
    while true {
      do {
        let answer = try await send(CloudRequest(method: method, url: url, headers: [:]))
        return String(decoding: try await answer.document(), as: UTF8.self)
      } catch is ConnectionProblem where attempt < 50 {
        attempt += 1
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }
}

extension Result where Failure == any Error {
  /// What an asynchronous body gives or throws.
  init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
