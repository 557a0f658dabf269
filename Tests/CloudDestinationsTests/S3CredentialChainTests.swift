import ExportCore
import ExportTesting
import Foundation
import NIOHTTP1
import Testing

@testable import CloudDestinations

/// Credentials that somebody has to be asked for, from servers on loopback.
@Suite struct S3CredentialChainTests {
  private func credentials(
    _ environment: [String: String], times: Int = 1, _ change: (inout S3Configuration) -> Void = { _ in }
  ) async throws -> S3Credentials {
    var configuration = S3Configuration(bucket: "lake")
    change(&configuration)
    let connections = CloudConnections(environment: [:])
    let chain = S3CredentialChain(
      S3CredentialSettings(object: "destination lake", region: "us-east-1", configuration) { nil },
      connections: connections, environment: environment)
    let result = await Result { () async throws in
      for _ in 1..<times { _ = try await chain.credentials() }
      return try await chain.credentials()
    }
    await connections.shutDown()
    return try result.get()
  }

  private func failure(
    _ environment: [String: String], _ change: (inout S3Configuration) -> Void = { _ in }
  ) async throws -> ExportError {
    try await #require(throws: ExportError.self) { try await credentials(environment, change) }
  }

  private static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().path + "/CloudPeers"

  private func metadata(_ arguments: String...) async throws -> (server: PythonServer, endpoint: String) {
    let server = try await PythonServer(["python", Self.folder + "/metadata.py", "PORT"] + arguments)
    return (server, "http://127.0.0.1:\(server.port)")
  }

  // MARK: The instance's metadata

  @Test func instance() async throws {
    let peer = try await metadata()
    let found = try await credentials(["AWS_EC2_METADATA_SERVICE_ENDPOINT": peer.endpoint + "/"], times: 20)
    #expect(found.accessKeyId == "AKID0001")
    #expect(found.secretAccessKey == "secret0001")
    #expect(found.sessionToken == "token0001")
    let left = try #require(found.expiration).timeIntervalSinceNow
    #expect((3500...3600).contains(left))
  }

  /// Of credentials that live no longer than a request takes none is used twice.
  @Test func theyAreAskedForAgain() async throws {
    let peer = try await metadata("--life", "10")
    let found = try await credentials(["AWS_EC2_METADATA_SERVICE_ENDPOINT": peer.endpoint], times: 3)
    #expect(found.accessKeyId == "AKID0003")
  }

  @Test func aServiceThatStumblesIsAskedAgain() async throws {
    let peer = try await metadata("--fail", "1")
    let found = try await credentials(["AWS_EC2_METADATA_SERVICE_ENDPOINT": peer.endpoint])
    #expect(found.accessKeyId == "AKID0001")
  }

  @Test func anInstanceWithoutRole() async throws {
    let peer = try await metadata("--no-role")
    let error = try await failure(["AWS_EC2_METADATA_SERVICE_ENDPOINT": peer.endpoint])
    #expect(error.object == "destination lake")
    #expect(error.problem.hasSuffix("know of no role: none is attached to the instance"))
    #expect(error.kind == .lasting)
  }

  @Test func noInstanceAtAll() async throws {
    // Nobody listens on the port of discard.
    let error = try await failure(["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9"])
    #expect(
      error.problem.hasSuffix(
        "and the instance's metadata at http://127.0.0.1:9 cannot be reached (Connection refused)"))
  }

  // MARK: The container's endpoint

  @Test func container() async throws {
    let peer = try await metadata()
    let address = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": peer.endpoint + "/v2/credentials/1"]
    let found = try await credentials(
      address.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN": "container-token"]) { $1 })
    #expect(found.accessKeyId == "AKID0001")
    try await withTemporaryDirectory { folder in
      let file = URL(fileURLWithPath: folder + "/token")
      try Data("container-token\n".utf8).write(to: file)
      let again = try await credentials(
        address.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file.path]) { $1 })
      #expect(again.accessKeyId == "AKID0002")
    }
    let error = try await failure(address.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN": "hidden"]) { $1 })
    #expect(error.problem == "are refused: the container's endpoint answered 401")
    #expect(error.kind == .lasting)
    #expect(!error.description.contains("hidden"))
  }

  // MARK: Roles

  /// A user without any rights on objects, who may take a role that has them.
  private func role(at running: S3Peer.Running) throws -> String {
    try Python.run(
      """
      import boto3, json, sys
      iam = boto3.client("iam", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id=sys.argv[2],
                         aws_secret_access_key=sys.argv[3])
      role = iam.create_role(RoleName=sys.argv[4], AssumeRolePolicyDocument=json.dumps({
          "Version": "2012-10-17", "Statement": [
              {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}))["Role"]["Arn"]
      iam.put_role_policy(RoleName=sys.argv[4], PolicyName="s3", PolicyDocument=json.dumps({
          "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
      print(role)
      """,
      arguments: [
        running.endpoint, running.credentials.accessKeyId, running.credentials.secretAccessKey,
        "role-\(UUID().uuidString.prefix(8))",
      ], needsReaders: true
    ).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func variables(_ running: S3Peer.Running) -> [String: String] {
    [
      "AWS_ENDPOINT_URL_STS": running.endpoint, "AWS_ACCESS_KEY_ID": running.credentials.accessKeyId,
      "AWS_SECRET_ACCESS_KEY": running.credentials.secretAccessKey,
    ]
  }

  /// What moto gives for it opens its S3.
  @Test func assumedRole() async throws {
    let running = try await S3Peer.moto.running()
    let arn = try role(at: running)
    let found = try await credentials(variables(running)) {
      $0.roleArn = arn
      $0.externalId = "e-1/&=+"
    }
    #expect(found.accessKeyId != running.credentials.accessKeyId)
    #expect(found.sessionToken != nil)
    #expect(try #require(found.expiration) > Date.now + 1800)

    var configuration = S3Configuration(bucket: "role-\(UUID().uuidString.lowercased())")
    configuration.endpoint = running.endpoint
    let connections = CloudConnections(environment: [:])
    let bucket = try CloudDestination.s3(
      configuration, region: "us-east-1", stagingDirectory: NSTemporaryDirectory(), connections: connections,
      credentials: { found })
    let result = await Result { () async throws in
      try await bucket.s3.client.perform(S3Call(method: .PUT, permission: "s3:CreateBucket")) {
        _ = try await $0.document()
      }
      try await bucket.put([1, 2, 3], as: "object")
      return try await bucket.contents("object", limit: 10)
    }
    await connections.shutDown()
    #expect(try result.get() == [1, 2, 3])
  }

  @Test func aRoleThatMayNotBeAssumed() async throws {
    let running = try await S3Peer.moto.running()
    var wrong = variables(running)
    wrong["AWS_SECRET_ACCESS_KEY"] = "hidden"
    let error = try await failure(wrong) { $0.roleArn = "arn:aws:iam::123456789012:role/lake" }
    #expect(error.object == "role arn:aws:iam::123456789012:role/lake")
    #expect(error.problem.hasPrefix("cannot be assumed: STS answered 403"))
    #expect(error.kind == .lasting)
    #expect(!error.description.contains("hidden"))
  }

  @Test func webIdentity() async throws {
    // Where it wants signatures, moto wants them of this request, too, which has none.
    let server = try await PythonServer(["moto_server", "-H", "127.0.0.1", "-p", "PORT"])
    try await withTemporaryDirectory { folder in
      let file = URL(fileURLWithPath: folder + "/token")
      let environment = [
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:\(server.port)",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/pod", "AWS_WEB_IDENTITY_TOKEN_FILE": file.path,
      ]
      let absent = try await failure(environment)
      #expect(
        absent.description
          == "\(file.path): cannot be read for the web identity token; check that it is there and that the user of exportd may read it"
      )
      try Data("a.b.c\n".utf8).write(to: file)
      let found = try await credentials(environment)
      #expect(found.sessionToken != nil)
      #expect(found.expiration != nil)
    }
  }

  @Test func tokensAreNotSentInTheOpen() async throws {
    let environment = [
      "AWS_ENDPOINT_URL_STS": "http://sts.example.com", "AWS_ACCESS_KEY_ID": "A",
      "AWS_SECRET_ACCESS_KEY": "B",
    ]
    let error = try await failure(environment) { $0.roleArn = "arn:aws:iam::123456789012:role/lake" }
    #expect(error.problem == "is not an https:// address")
  }
}
