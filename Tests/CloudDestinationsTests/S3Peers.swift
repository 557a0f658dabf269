import ExportCore
import ExportTesting
import Foundation
import NIOHTTP1

@testable import CloudDestinations

/// Servers that are not ours and speak S3, started once for all tests.
enum S3Peer: String, CaseIterable, Sendable {
  case moto, rclone

  /// Where it answers, and what opens it.
  struct Running: Sendable {
    var server: PythonServer
    var credentials: S3Credentials
    var endpoint: String { "http://127.0.0.1:\(server.port)" }
  }

  private static let startedMoto = Task { try await startMoto() }
  private static let startedRclone = Task { try await startRclone() }

  func running() async throws -> Running {
    switch self {
    case .moto: try await Self.startedMoto.value
    case .rclone: try await Self.startedRclone.value
    }
  }

  /// With users and policies that count: after the first actions, which make a user, nothing goes without a signature.
  private static func startMoto() async throws -> Running {
    let server = try await PythonServer(
      ["moto_server", "-H", "127.0.0.1", "-p", "PORT"], environment: ["INITIAL_NO_AUTH_ACTION_COUNT": "3"])
    let keys = try Python.run(
      """
      import boto3, json, sys
      iam = boto3.client("iam", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="none",
                         aws_secret_access_key="none")
      iam.create_user(UserName="exportd")
      key = iam.create_access_key(UserName="exportd")["AccessKey"]
      iam.put_user_policy(UserName="exportd", PolicyName="s3", PolicyDocument=json.dumps({
          "Version": "2012-10-17", "Statement": [
              {"Effect": "Allow", "Action": ["s3:*", "iam:*", "sts:*"], "Resource": "*"},
              {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::*/denied/*"}]}))
      print(key["AccessKeyId"], key["SecretAccessKey"])
      """, arguments: ["http://127.0.0.1:\(server.port)"], needsReaders: true
    ).split(whereSeparator: \.isWhitespace).map(String.init)
    return Running(
      server: server, credentials: S3Credentials(accessKeyId: keys[0], secretAccessKey: keys[1]))
  }

  private static func startRclone() async throws -> Running {
    let credentials = S3Credentials(accessKeyId: "rclone-key", secretAccessKey: "rclone-secret")
    let server = try await PythonServer(
      [
        "rclone", "serve", "s3", "DIRECTORY", "--addr", "127.0.0.1:PORT", "--auth-key",
        "\(credentials.accessKeyId),\(credentials.secretAccessKey)", "--vfs-cache-mode", "off",
        "--config", "/dev/null",
      ])
    return Running(server: server, credentials: credentials)
  }
}

/// An empty bucket of a test's own at a peer.
struct TestBucket: Sendable {
  let bucket: CloudDestination
  let running: S3Peer.Running
  let configuration: S3Configuration

  /// - Parameter change: of the configuration, before it is used.
  static func at<Result>(
    _ peer: S3Peer, staging: String, layout: S3Layout = S3Layout(), retries: Retries = Retries(),
    _ change: (inout S3Configuration) -> Void = { _ in }, _ body: (TestBucket) async throws -> Result
  ) async throws -> Result {
    let running = try await peer.running()
    let name = "test-\(UUID().uuidString.lowercased())"
    var configuration = S3Configuration(bucket: name)
    configuration.endpoint = running.endpoint
    change(&configuration)
    let connections = CloudConnections(environment: [:])
    let bucket = try CloudDestination.s3(
      configuration, region: "us-east-1", stagingDirectory: staging, connections: connections, layout: layout,
      retries: retries, credentials: { running.credentials })
    let call = S3Call(method: .PUT, permission: "s3:CreateBucket")
    try await bucket.s3.client.perform(call) { _ = try await $0.document() }
    let test = TestBucket(bucket: bucket, running: running, configuration: configuration)
    do {
      let result = try await body(test)
      await connections.shutDown()
      return result
    } catch {
      await connections.shutDown()
      throw error
    }
  }

  /// Keys of the uploads that are not complete.
  func unfinished() async throws -> [String] { try await bucket.s3.uploads(prefix: "").map(\.key) }
}

extension CloudDestination {
  /// What stands behind one that is made for S3.
  var s3: S3Bucket { store as! S3Bucket }
}
