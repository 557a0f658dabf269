import Crypto
import ExportCore
import ExportTesting
import Foundation
import NIOHTTP1
import Testing

@testable import CloudDestinations

/// Our server checks each JWT with PyJWT, and takes only tokens that it has given out and that are good.
@Suite(.serialized) struct GoogleTokenTests {
  private static let locked = #"{"wants_token": true}"#

  /// A service account of a test's own.
  private func someone(_ kind: String) -> String { "\(kind)-\(UUID().uuidString.lowercased())" }

  private func given(_ who: String, _ endpoint: String) async throws -> Int {
    let counts = try JSONDecoder().decode(
      [String: Int].self, from: Data(try await asked(.GET, "\(endpoint)/_test/given")))
    return counts["\(who)@test.iam.gserviceaccount.com"] ?? 0
  }

  private func deliverChunks(_ test: TestGCSBucket, _ directory: String) async throws {
    let content = (0..<(6 * (256 << 10))).map { UInt8(truncatingIfNeeded: $0 >> 3) }
    let file = StagedFile(
      path: directory + "/file", bytes: content.count, sha256: SHA256.hash(data: content).hexadecimal)
    try Data(content).write(to: URL(fileURLWithPath: file.path))
    try await test.bucket.deliver(file, as: "a/b")
    #expect(try await test.bucket.digest("a/b")?.sha256 == file.sha256)
  }

  private static let layout: GCSLayout = {
    var layout = GCSLayout()
    layout.largestSingle = 1000
    layout.chunk = 256 << 10
    return layout
  }()

  @Test func aKeyIsExchangedOnceForManyRequests() async throws {
    let who = someone("honest")
    try await TestGCSBucket.at(
      .server, staging: "/nowhere", faults: Self.locked, key: try await GCSPeer.serviceAccountKey(who)
    ) { test in
      try await test.bucket.probe()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<20 { group.addTask { try await test.bucket.put([1], as: "a/\(number)") } }
        try await group.waitForAll()
      }
      #expect(try await given(who, test.endpoint) == 1)
      #expect(try await test.log().contains { $0.hasSuffix("401") } == false)
    }
  }

  /// One kind ends after a second, the other is withdrawn after three requests, although it should hold for an hour.
  @Test(arguments: ["short", "withdrawn"])
  func tokensAreRenewedInMidUpload(kind: String) async throws {
    let who = someone(kind)
    let key = try await GCSPeer.serviceAccountKey(who)
    try await withTemporaryDirectory { directory in
      try await TestGCSBucket.at(
        .server, staging: directory, layout: Self.layout, retries: impatient, faults: Self.locked, key: key
      ) { test in
        try await deliverChunks(test, directory)
        #expect(try await given(who, test.endpoint) >= 3)
        #expect(try await test.log().count { $0 == "POST resumable" } == 1)
        #expect(try await test.unfinished() == [])
      }
    }
  }

  @Test func anAccountThatIsGoneIsNamed() async throws {
    let who = someone("gone")
    let key = try await GCSPeer.serviceAccountKey(who)
    try await TestGCSBucket.at(.server, staging: "/nowhere", faults: Self.locked, key: key) { test in
      let error = await #expect(throws: ExportError.self) { try await test.bucket.put([1], as: "a") }
      #expect(error?.kind == .lasting)
      #expect(error?.object.contains("service account \(who)@test.iam.gserviceaccount.com") == true)
      #expect(error?.problem.contains("account not found") == true)
      let log = try await test.log()
      #expect(log == [])
    }
  }

  @Test func whoHasNoTokenIsToldSo() async throws {
    try await TestGCSBucket.at(.server, staging: "/nowhere", faults: Self.locked) { test in
      let error = await #expect(throws: ExportError.self) { try await test.bucket.put([1], as: "a") }
      #expect(error?.kind == .lasting)
      #expect(error?.description.contains("the token is not accepted") == true)
    }
    // A machine of which nobody knows anything.
    try await TestGCSBucket.at(
      .server, staging: "/nowhere", faults: Self.locked, environment: ["GCE_METADATA_HOST": "127.0.0.1:1"]
    ) { test in
      let error = await #expect(throws: ExportError.self) { try await test.bucket.put([1], as: "a") }
      #expect(error?.kind == .lasting)
      #expect(error?.object == "destination lake")
      #expect(error?.problem.contains("no credentials were found") == true)
      #expect(error?.problem.contains("the metadata server at 127.0.0.1:1 cannot be reached") == true)
    }
  }

  @Test func theMachineHasTokens() async throws {
    let host = try await GCSPeer.server.endpoint().replacing("http://", with: "")
    try await TestGCSBucket.at(
      .server, staging: "/nowhere", faults: Self.locked, environment: ["GCE_METADATA_HOST": host]
    ) { try await $0.bucket.probe() }
  }

  struct Federation: Sendable, CustomTestStringConvertible {
    var source: String
    var isImpersonating = false
    var testDescription: String { source + (isImpersonating ? ", impersonating" : "") }
  }

  @Test(arguments: [
    Federation(source: #"{"file": "DIR/text"}"#),
    Federation(source: #"{"file": "DIR/text"}"#, isImpersonating: true),
    Federation(
      source: #"{"file": "DIR/json", "format": {"type": "json", "subject_token_field_name": "t"}}"#),
    Federation(
      source:
        #"{"url": "URL/_test/subject", "headers": {"X-Asked": "yes"}, "format": {"type": "json", "subject_token_field_name": "id_token"}}"#,
      isImpersonating: true),
  ])
  func anotherProvidersTokenIsExchanged(it: Federation) async throws {
    let endpoint = try await GCSPeer.server.endpoint()
    try await withTemporaryDirectory { directory in
      try Data("other token\n".utf8).write(to: URL(fileURLWithPath: directory + "/text"))
      try Data(#"{"n": 1, "t": "other token"}"#.utf8).write(to: URL(fileURLWithPath: directory + "/json"))
      let source = it.source.replacing("DIR", with: directory).replacing("URL", with: endpoint)
      let impersonation =
        it.isImpersonating
        ? #","service_account_impersonation_url": "\#(endpoint)/v1/projects/-/serviceAccounts/sa@test.iam.gserviceaccount.com:generateAccessToken""#
        : ""
      let file = """
        {"type": "external_account", "audience": "//iam/pool/provider",
         "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "\(endpoint)/sts",
         "credential_source": \(source)\(impersonation)}
        """
      let path = directory + "/federation.json"
      try Data(file.utf8).write(to: URL(fileURLWithPath: path))
      let environment = ["GOOGLE_APPLICATION_CREDENTIALS": path]
      try await TestGCSBucket.at(
        .server, staging: directory, faults: Self.locked, environment: environment
      ) { try await $0.bucket.probe() }

      try Data("a wrong one".utf8).write(to: URL(fileURLWithPath: directory + "/text"))
      guard it.source.contains("text") else { return }
      try await TestGCSBucket.at(
        .server, staging: directory, faults: Self.locked, environment: environment
      ) { test in
        let error = await #expect(throws: ExportError.self) { try await test.bucket.probe() }
        #expect(error?.kind == .lasting)
        #expect(error?.description.contains("The subject token is not accepted") == true)
        #expect(error?.description.contains("a wrong one") == false)
      }
    }
  }

  struct Unusable: Sendable, CustomTestStringConvertible {
    var text: String
    var words: String
    var testDescription: String { words }
  }

  private static let account =
    #""type": "service_account", "client_email": "a@b", "private_key": "hidden""#

  @Test(arguments: [
    Unusable(text: "hidden", words: "is not JSON"),
    Unusable(text: "[]", words: "is not a JSON object"),
    Unusable(text: #"{"private_key": "hidden"}"#, words: "has no \"type\""),
    Unusable(text: #"{"type": "authorized_user", "refresh_token": "hidden"}"#, words: "\"authorized_user\""),
    Unusable(text: "{\(account)}", words: "has no \"token_uri\""),
    Unusable(text: #"{\#(account), "token_uri": 1}"#, words: "has a \"token_uri\" that is not"),
    Unusable(text: #"{\#(account), "token_uri": "http://example.com/"}"#, words: "no https:// address"),
    Unusable(text: #"{\#(account), "token_uri": "https://example.com/"}"#, words: "no RSA key in PEM"),
    Unusable(
      text:
        #"{"type": "external_account", "audience": "a", "subject_token_type": "t", "token_url": "https://example.com/", "credential_source": {"environment_id": "aws1"}}"#,
      words: "exportd takes tokens from a file or a URL"),
  ])
  func whatIsNoKeyIsSaidToBeNone(it: Unusable) async throws {
    try await TestGCSBucket.at(.server, staging: "/nowhere", key: it.text) { test in
      let error = await #expect(throws: ExportError.self) { try await test.bucket.put([1], as: "a") }
      #expect(error?.kind == .lasting)
      #expect(error?.description.contains(it.words) == true, "\(String(describing: error))")
      #expect(error?.description.contains("hidden") == false)
      let log = try await test.log()
      #expect(log == [])
    }
  }

  /// RS256 is deterministic: the same claims signed by PyJWT with the same key are the same bytes.
  @Test func anAssertionIsWhatPyJWTMakes() async throws {
    let text = try await GCSPeer.serviceAccountKey("vector")
    let key = try JSONDecoder().decode(ServiceAccountKey.self, from: Data(text.utf8))
    let ours = try key.assertion(at: Date(timeIntervalSince1970: 1_700_000_000))
    let theirs = try Python.run(
      """
      import json, jwt, sys
      key = json.load(sys.stdin)
      claims = {"aud": key["token_uri"], "exp": 1700003600, "iat": 1700000000, "iss": key["client_email"],
                "scope": "https://www.googleapis.com/auth/devstorage.read_write"}
      # In the order of the alphabet, as ours are.
      print(jwt.encode(claims, key["private_key"], "RS256", headers={"kid": key["private_key_id"]}, sort_headers=True))
      """, input: Array(text.utf8), needsReaders: true)
    #expect(ours == theirs.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  @Test func googlesOwnCodeTakesAnAssertion() async throws {
    let text = try await GCSPeer.serviceAccountKey("vendor")
    let key = try JSONDecoder().decode(ServiceAccountKey.self, from: Data(text.utf8))
    let said = try Python.run(
      """
      import json, sys
      from cryptography.hazmat.primitives import serialization
      from google.auth import jwt
      key = json.load(sys.stdin)
      public = serialization.load_pem_private_key(key["private_key"].encode(), None).public_key().public_bytes(
          serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
      claims = jwt.decode(sys.argv[1], certs={key["private_key_id"]: public}, audience=key["token_uri"])
      print(claims["iss"] == key["client_email"], claims["exp"] - claims["iat"], claims["scope"].rsplit(".", 1)[1])
      """, arguments: [try key.assertion(at: .now)], input: Array(text.utf8), needsReaders: true)
    #expect(said == "True 3600 read_write\n")
  }
}
