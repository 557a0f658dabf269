import Crypto
import ExportCore
import ExportTesting
import Foundation
import NIOHTTP1
import Testing

@testable import CloudDestinations

/// What only a server that looks shows: checksums, properties of objects, tokens that expire.
@Suite(.serialized) struct CheckedTests {
  private func checked<Result: Sendable>(
    _ arguments: [String] = [], _ body: (CheckingServer, CloudConnections, String) async throws -> Result
  ) async throws -> Result {
    let server = try await CheckingServer(arguments)
    let connections = CloudConnections(environment: [:])
    let result = try await withTemporaryDirectory { staging in
      await Swift.Result { () async throws in
        _ = try await server.bucket(connections, staging: staging, named: "lake")
        return try await body(server, connections, staging)
      }
    }
    await connections.shutDown()
    return try result.get()
  }

  private func stage(_ bytes: [UInt8], in staging: String, _ label: String = "0-1") throws -> StagedFile {
    let path = "\(staging)/\(TemporaryFileName.of("1690283492-1690300000-" + label))"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return StagedFile(path: path, bytes: bytes.count, sha256: SHA256.hash(data: bytes).hexadecimal)
  }

  private static let shared = Task { try await CheckingServer() }

  @Test(arguments: DestinationConformance.Requirement.allCases)
  func conforms(requirement: DestinationConformance.Requirement) async throws {
    let server = try await Self.shared.value
    let connections = CloudConnections(environment: [:])
    let result = try await withTemporaryDirectory { staging in
      await Result { () async throws in
        let bucket = try await server.bucket(connections, staging: staging, named: "test-\(requirement)")
        try await DestinationConformance(
          bucket, staging: staging, part: S3Layout().part,
          unfinished: { try await bucket.s3.uploads(prefix: "").map(\.key) }
        ).check(requirement)
      }
    }
    await connections.shutDown()
    try result.get()
  }

  /// With AWS's own smallest part: of what is as large as it goes in one piece, and of all that goes in parts.
  @Test func propertiesAreThoseOfTheConfiguration() async throws {
    try await checked { server, connections, staging in
      let bucket = try server.bucket(connections, staging: staging, named: "lake", port: server.server.port) {
        $0.sse = .kms
        $0.kmsKeyId = "key-1"
        $0.storageClass = "STANDARD_IA"
        $0.tags = ["team": "a b", "cost=1": "x&y"]
      }
      let control = CloudClient(connections, CloudOptions())
      for (name, bytes) in [("small", 1000), ("large", (16 << 20) + 1)] {
        try await bucket.deliver(try stage([UInt8](repeating: 7, count: bytes), in: staging), as: name)
        let said = try await control.text(.GET, "\(server.endpoint)/-/properties?lake/\(name)")
        let properties = try JSONDecoder().decode([String: String].self, from: Data(said.utf8))
        #expect(properties["x-amz-server-side-encryption"] == "aws:kms")
        #expect(properties["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1")
        #expect(properties["x-amz-storage-class"] == "STANDARD_IA")
        #expect(properties["x-amz-tagging"] == "cost%3D1=x%26y&team=a%20b")
      }
    }
  }

  /// What is read a second time is not what was hashed: the server must not take it.
  @Test func aWrongChecksumIsRefused() async throws {
    try await checked { server, connections, staging in
      let bucket = try server.bucket(connections, staging: staging, named: "lake", port: server.server.port)
      var call = S3Call(method: .PUT, key: "wrong", payload: .bytes([1, 2, 3]), permission: "s3:PutObject")
      call.headers["x-amz-checksum-sha256"] = Data(SHA256.hash(data: [1, 2, 4])).base64EncodedString()
      let wrong = call
      let failure = try await #require(throws: S3Failure.self) {
        try await bucket.s3.client.perform(wrong, retries: .once) { _ = try await $0.document() }
      }
      #expect(failure.code == "BadDigest")
      #expect(failure.isPassing)
      #expect(try await bucket.digest("wrong") == nil)
    }
  }

  @Test(arguments: ["redirect", "malformed"]) func theBucketsRegionIsFound(_ way: String) async throws {
    let server = try await CheckingServer(["--region", "eu-central-1", "--wrong-region", way])
    let connections = CloudConnections(environment: [:])
    let result = try await withTemporaryDirectory { staging in
      await Result { () async throws in
        let bucket = try await server.bucket(connections, staging: staging, named: "lake")
        try await bucket.put([1, 2, 3], as: "object")
        return try await bucket.contents("object", limit: 10)
      }
    }
    await connections.shutDown()
    #expect(try result.get() == [1, 2, 3])
  }

  // MARK: Tokens

  private static func metadata(_ life: Int) async throws -> PythonServer {
    try await PythonServer([
      "python", CheckingServer.folder + "/metadata.py", "PORT", "--life", "\(life)",
    ])
  }

  private static func chain(_ metadata: PythonServer, _ connections: CloudConnections) -> S3CredentialChain {
    S3CredentialChain(
      S3CredentialSettings(
        object: "destination lake", region: "us-east-1", S3Configuration(bucket: "lake")
      ) { nil }, connections: connections,
      environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:\(metadata.port)"])
  }

  @Test func anExpiredTokenIsNamed() async throws {
    try await checked { server, connections, staging in
      let chain = Self.chain(try await Self.metadata(3600), connections)
      let bucket = try server.bucket(
        connections, staging: staging, named: "lake", port: server.server.port,
        credentials: { try await chain.credentials() })
      try await bucket.put([1], as: "object")
      _ = try await CloudClient(connections, CloudOptions()).text(.POST, "\(server.endpoint)/-/expire")
      let error = try await #require(throws: ExportError.self) { try await bucket.put([2], as: "object") }
      #expect(error.object == "bucket lake")
      #expect(error.problem == "the session token has expired")
      #expect(error.kind == .lasting)
      #expect(
        try await server.bucket(connections, staging: staging, named: "lake").contents("object", limit: 9)
          == [1])
    }
  }

  /// An upload that takes longer than its first credentials are good for.
  @Test func credentialsAreRenewedInTheMiddleOfAnUpload() async throws {
    // Of 16 seconds one is used, and the server takes them for no longer than they live.
    try await checked(["--token-life", "16"]) { server, connections, staging in
      let metadata = try await Self.metadata(16)
      let chain = Self.chain(metadata, connections)
      var layout = S3Layout()
      layout.part = 5 << 20
      layout.partsUnderWay = 1
      let bucket = try server.bucket(
        connections, staging: staging, named: "lake", port: server.server.port, layout: layout,
        { $0.cloud.maxUploadBytesPerSecond = 5 << 20 }, credentials: { try await chain.credentials() })
      let bytes = [UInt8](repeating: 7, count: 21 << 20)
      try await bucket.deliver(try stage(bytes, in: staging), as: "large")
      let control = CloudClient(connections, CloudOptions())
      let keys = try JSONDecoder().decode(
        [String].self, from: Data(try await control.text(.GET, "\(server.endpoint)/-/keys").utf8))
      #expect(keys.count >= 3)
      #expect(try await bucket.digest("large")?.bytes == bytes.count)
    }
  }
}

extension Retries {
  fileprivate static var once: Retries {
    var retries = Retries()
    retries.attempts = 1
    return retries
  }
}
