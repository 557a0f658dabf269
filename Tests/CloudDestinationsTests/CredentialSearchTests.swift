import ExportCore
import ExportTesting
import Foundation
import Testing

@testable import CloudDestinations

@Suite struct CredentialSearchTests {
  private static func settings(
    keys: S3Credentials? = nil, _ change: (inout S3Configuration) -> Void = { _ in }
  ) -> S3CredentialSettings {
    var configuration = S3Configuration(bucket: "lake")
    change(&configuration)
    return S3CredentialSettings(object: "destination lake", region: "eu-west-1", configuration) { keys }
  }

  /// With the shared files that it is given.
  private static func origin(
    _ settings: S3CredentialSettings = settings(), _ environment: [String: String] = [:],
    credentials: String? = nil, config: String? = nil
  ) throws -> CredentialOrigin {
    try withTemporaryDirectory { home in
      try FileManager.default.createDirectory(atPath: home + "/.aws", withIntermediateDirectories: false)
      for (name, text) in [("credentials", credentials), ("config", config)] {
        if let text { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(home)/.aws/\(name)")) }
      }
      let surroundings = ["HOME": home].merging(environment) { $1 }
      return try CredentialSearch(settings: settings, environment: surroundings).origin()
    }
  }

  private static func keys(_ name: String, token: String? = nil) -> CredentialOrigin {
    .keys(S3Credentials(accessKeyId: "AK\(name)", secretAccessKey: "SK\(name)", sessionToken: token))
  }

  private static func failure(_ body: () throws -> CredentialOrigin) throws -> ExportError {
    try #require(throws: ExportError.self) { try body() }
  }

  private static let environmentKeys = ["AWS_ACCESS_KEY_ID": "AKenv", "AWS_SECRET_ACCESS_KEY": "SKenv"]
  private static let shared = """
    [default]
    aws_access_key_id = AKdefault
    aws_secret_access_key = SKdefault

    # a comment
    [other]
    aws_access_key_id=AKother
    aws_secret_access_key=SKother ; not of the secret
    aws_session_token = a/b+c==
    """
  private static let webIdentity = [
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/pod",
    "AWS_ROLE_SESSION_NAME": "pod",
  ]
  private static let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/1"]

  /// Each place counts only where none before it has anything.
  @Test func order() throws {
    let all = Self.environmentKeys.merging(Self.webIdentity) { $1 }.merging(Self.container) { $1 }
    let own = S3Credentials(accessKeyId: "AKown", secretAccessKey: "SKown")
    #expect(try Self.origin(Self.settings(keys: own), all, credentials: Self.shared) == Self.keys("own"))
    #expect(try Self.origin(Self.settings(), all, credentials: Self.shared) == Self.keys("env"))
    let unkeyed = all.filter { !Self.environmentKeys.keys.contains($0.key) }
    #expect(try Self.origin(Self.settings(), unkeyed, credentials: Self.shared) == Self.keys("default"))
    #expect(
      try Self.origin(Self.settings(), unkeyed)
        == .webIdentity(
          WebIdentity(roleArn: "arn:aws:iam::1:role/pod", tokenFile: "/token", sessionName: "pod")))
    #expect(
      try Self.origin(Self.settings(), Self.container)
        == .container(
          ContainerEndpoint(url: try #require(URL(string: "http://169.254.170.2/v2/credentials/1")))))
    #expect(
      try Self.origin() == .instance(InstanceMetadata(endpoint: "http://169.254.169.254")))
  }

  @Test func temporaryKeysOfTheEnvironmentHaveTheirToken() throws {
    let environment = Self.environmentKeys.merging(["AWS_SESSION_TOKEN": "T"]) { $1 }
    #expect(try Self.origin(Self.settings(), environment) == Self.keys("env", token: "T"))
  }

  @Test func profiles() throws {
    let other = Self.keys("other", token: "a/b+c==")
    // One that the destination names counts before the variables, which are for all; AWS_PROFILE behind them.
    let named = Self.settings { $0.profile = "other" }
    #expect(try Self.origin(named, Self.environmentKeys, credentials: Self.shared) == other)
    #expect(try Self.origin(Self.settings(), ["AWS_PROFILE": "other"], credentials: Self.shared) == other)
    #expect(
      try Self.origin(
        Self.settings(), Self.environmentKeys.merging(["AWS_PROFILE": "other"]) { $1 },
        credentials: Self.shared)
        == Self.keys("env"))
    // A default that only sets a region is no place where credentials are.
    #expect(
      try Self.origin(Self.settings(), Self.container, config: "[default]\nregion = eu-west-1\n")
        != Self.keys("default"))
  }

  @Test func profilesOfTheConfigFile() throws {
    let config = """
      [default]
      region = eu-west-1
      s3 =
        max_concurrent_requests = 20
        aws_access_key_id = nested
      [profile one]
      aws_access_key_id = AKone
      aws_secret_access_key = SKone
      [one]
      aws_access_key_id = wrong
      [sso-session two]
      aws_access_key_id = wrong
      """
    let one = Self.settings { $0.profile = "one" }
    #expect(try Self.origin(one, config: config) == Self.keys("one"))
    let overriding = "[one]\naws_access_key_id=AKover\naws_secret_access_key=SKover\n"
    #expect(try Self.origin(one, credentials: overriding, config: config) == Self.keys("over"))
    #expect(throws: ExportError.self) {
      try Self.origin(Self.settings { $0.profile = "two" }, config: config)
    }
  }

  @Test func filesElsewhere() throws {
    try withTemporaryDirectory { folder in
      try Data(Self.shared.utf8).write(to: URL(fileURLWithPath: "\(folder)/keys"))
      #expect(
        try Self.origin(Self.settings(), ["AWS_SHARED_CREDENTIALS_FILE": "\(folder)/keys"])
          == Self.keys("default"))
    }
  }

  @Test func rolesOfProfiles() throws {
    let config = """
      [profile lake]
      role_arn = arn:aws:iam::1:role/lake
      source_profile = bridge
      external_id = e-1
      role_session_name = lake-session
      duration_seconds = 900
      [profile bridge]
      role_arn = arn:aws:iam::1:role/bridge
      source_profile = other
      [profile self]
      role_arn = arn:aws:iam::1:role/self
      source_profile = self
      aws_access_key_id = AKself
      aws_secret_access_key = SKself
      [profile pod]
      role_arn = arn:aws:iam::1:role/pod
      web_identity_token_file = /token
      [profile env]
      role_arn = arn:aws:iam::1:role/env
      credential_source = Environment
      [profile a]
      role_arn = arn:aws:iam::1:role/a
      source_profile = b
      [profile b]
      role_arn = arn:aws:iam::1:role/b
      source_profile = a
      """
    func origin(_ profile: String, _ environment: [String: String] = [:]) throws -> CredentialOrigin {
      try Self.origin(
        Self.settings { $0.profile = profile }, environment, credentials: Self.shared, config: config)
    }
    func role(_ name: String) -> AssumedRole {
      AssumedRole(arn: "arn:aws:iam::1:role/\(name)", sessionName: "exportd")
    }
    let bridge = CredentialOrigin.role(role("bridge"), by: Self.keys("other", token: "a/b+c=="))
    #expect(
      try origin("lake")
        == .role(
          AssumedRole(
            arn: "arn:aws:iam::1:role/lake", externalId: "e-1", sessionName: "lake-session", duration: 900),
          by: bridge))
    #expect(try origin("self") == .role(role("self"), by: Self.keys("self")))
    #expect(
      try origin("pod")
        == .webIdentity(
          WebIdentity(roleArn: "arn:aws:iam::1:role/pod", tokenFile: "/token", sessionName: "exportd")))
    #expect(try origin("env", Self.environmentKeys) == .role(role("env"), by: Self.keys("env")))
    #expect(try Self.failure { try origin("env") }.problem.contains("nothing to assume it with"))
    #expect(try Self.failure { try origin("a") }.problem.contains("a → b → a"))
  }

  @Test func aRoleOfTheDestinationIsAssumedWithWhateverIsFound() throws {
    let settings = Self.settings {
      $0.roleArn = "arn:aws:iam::1:role/lake"
      $0.externalId = "e-1"
    }
    let role = AssumedRole(arn: "arn:aws:iam::1:role/lake", externalId: "e-1", sessionName: "exportd")
    #expect(try Self.origin(settings, Self.environmentKeys) == .role(role, by: Self.keys("env")))
    #expect(
      try Self.origin(settings)
        == .role(role, by: .instance(InstanceMetadata(endpoint: "http://169.254.169.254"))))
  }

  // MARK: Mistakes

  @Test func whatIsHalfThereIsNotPassedOver() throws {
    let half = try Self.failure { try Self.origin(Self.settings(), ["AWS_ACCESS_KEY_ID": "AK"]) }
    #expect(
      half.description
        == "the environment: has AWS_ACCESS_KEY_ID and no AWS_SECRET_ACCESS_KEY; set both or neither")
    #expect(half.kind == .lasting)
    let pod = try Self.failure { try Self.origin(Self.settings(), ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"]) }
    #expect(pod.problem == "has AWS_WEB_IDENTITY_TOKEN_FILE and no AWS_ROLE_ARN")
    let profile = try Self.failure {
      try Self.origin(
        Self.settings { $0.profile = "x" }, credentials: "[x]\naws_secret_access_key = hidden\n")
    }
    #expect(
      profile.description
        == "profile \"x\": has aws_secret_access_key and no aws_access_key_id; set both or neither")
    let absent = try Self.failure {
      try Self.origin(Self.settings { $0.profile = "absent" }, credentials: Self.shared)
    }
    #expect(absent.description.contains("profile \"absent\": is not in"))
    let process = try Self.failure {
      try Self.origin(Self.settings(), config: "[default]\ncredential_process = /bin/true\n")
    }
    #expect(process.problem == "gets its credentials by credential_process, which exportd does not do")
  }

  @Test func whereThereIsNothingItSaysWhereItHasLooked() throws {
    let error = try Self.failure {
      try Self.origin(Self.settings(), ["AWS_EC2_METADATA_DISABLED": "true", "HOME": ""])
    }
    #expect(
      error.description
        == "destination lake: no credentials were found: there is no accessKeyId in the configuration, no AWS_ACCESS_KEY_ID, "
        + "no HOME to look for shared credentials in, no AWS_WEB_IDENTITY_TOKEN_FILE, no AWS_CONTAINER_CREDENTIALS_RELATIVE_URI "
        + "or _FULL_URI, and AWS_EC2_METADATA_DISABLED forbids to ask the instance's metadata; give it \"accessKeyId\" and "
        + "\"secretAccessKey\" or a \"profile\", or the machine a role that may write to the bucket")
  }

  @Test(arguments: [
    "http://example.com/", "http://127.evil.example/", "http://169.254.169.254/", "ftp://localhost/",
    "nonsense",
  ])
  func containersAreAskedOnThisMachineOnly(_ address: String) throws {
    let error = try Self.failure {
      try Self.origin(Self.settings(), ["AWS_CONTAINER_CREDENTIALS_FULL_URI": address])
    }
    #expect(error.object == "environment variable AWS_CONTAINER_CREDENTIALS_FULL_URI")
  }

  @Test(arguments: [
    "https://example.com/c", "http://127.0.0.1:80/c", "http://localhost/c", "http://[::1]/c",
    "http://169.254.170.23/v1/c",
    "http://[fd00:ec2::23]/v1/c",
  ])
  func containersEndpoints(_ address: String) throws {
    let url = try #require(URL(string: address))
    #expect(
      try Self.origin(
        Self.settings(),
        ["AWS_CONTAINER_CREDENTIALS_FULL_URI": address, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "T"])
        == .container(ContainerEndpoint(url: url, authorization: .token("T"))))
  }
}
