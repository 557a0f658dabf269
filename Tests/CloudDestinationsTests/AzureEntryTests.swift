import ExportCore
import ExportTesting
import Foundation
import Testing

@testable import CloudDestinations

/// Who may come in, and what is said to the others. The server checks keys and signatures by Microsoft's own code.
@Suite(.serialized) struct AzureEntryTests {
  /// Headers with an underscore, which Microsoft's code has an order of its own for, are never sent.
  private static let vectors = SharedKeyVector.all.indices.filter { index in
    !SharedKeyVector.all[index].headers.contains { $0.0.contains("_") }
  }

  @Test(arguments: vectors) func signsAsMicrosoftsCodeDoes(index: Int) throws {
    let vector = SharedKeyVector.all[index]
    let url = try #require(URLComponents(string: vector.url))
    let key = try SharedKey(account: vector.account, key: vector.key, of: "destination lake")
    let headers = Dictionary(uniqueKeysWithValues: vector.headers)
    let bytes = headers.first { $0.key.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
    let query = Dictionary(
      uniqueKeysWithValues: (url.queryItems ?? []).map { ($0.name, $0.value ?? "") })
    let text = key.stringToSign(
      method: vector.method, path: url.percentEncodedPath, query: query, headers: headers, bytes: bytes)
    #expect(text == vector.stringToSign)
    let authorization = key.authorization(
      method: vector.method, path: url.percentEncodedPath, query: query, headers: headers, bytes: bytes)
    #expect(authorization == vector.authorization)
  }

  private func refused(
    faults: String = "{}", environment: [String: String] = [:],
    by entry: @escaping (String) async throws -> AzureEntry
  ) async throws -> ExportError {
    try await TestAzureContainer.made(faults: faults, environment: environment, entry: entry) { test in
      let error = try #require(await #expect(throws: ExportError.self) { try await test.container.probe() })
      #expect(error.kind == .lasting)
      return error
    }
  }

  @Test func keysThatAreNone() async throws {
    let other = Data(repeating: 7, count: 64).base64EncodedString()
    let wrong = try await refused { _ in .accountKey(other) }
    #expect(wrong.problem == "the account key does not belong to the account testaccount")
    let broken = try await refused { _ in .accountKey("not a key") }
    #expect(broken.description.hasPrefix("destination lake, accountKey: is not Base64"))
    #expect(!broken.description.contains("not a key"))
  }

  @Test(arguments: [[:], ["account": "1"]]) func aSignatureIsEnough(query: [String: String]) async throws {
    var layout = AzureLayout()
    (layout.largestSingle, layout.block) = (1000, 1000)
    let small = layout
    try await withTemporaryDirectory { directory in
      try await TestAzureContainer.made(
        staging: directory, layout: small,
        entry: { .sasToken("?" + (try await AzurePeer.signature($0, query))) }
      ) { test in
        try await test.container.probe()
        let file = try stagedFile(in: directory, bytes: 2500)
        try await test.container.deliver(file, as: "a/é +%")
        #expect(try await test.container.digest("a/é +%")?.sha256 == file.sha256)
      }
    }
  }

  struct Signature: Sendable, CustomTestStringConvertible {
    var query: [String: String]
    var words: String
    var testDescription: String { words }
  }

  @Test(arguments: [
    Signature(
      query: ["expiry": "2026-01-02T03:04:05Z"], words: "the SAS token expired at 2026-01-02T03:04:05Z"),
    Signature(
      query: ["start": "2096-01-02T03:04:05Z", "expiry": "2097-01-01T00:00:00Z"],
      words: "the SAS token is not valid before 2096-01-02T03:04:05Z"),
    Signature(query: ["permissions": "rl"], words: "make one with the permissions rwdl; it lacks w"),
    Signature(query: ["permissions": "rwl"], words: "make one with the permissions rwdl; it lacks d"),
    Signature(query: ["permissions": "rwd"], words: "make one with the permissions rwdl; it lacks l"),
    Signature(query: ["container": "another"], words: "the SAS token is not accepted"),
  ])
  func signaturesThatAreNotEnough(it: Signature) async throws {
    let error = try await refused { name in
      .sasToken(try await AzurePeer.signature(it.query["container"] ?? name, it.query))
    }
    #expect(error.description.contains(it.words), "\(error)")
    #expect(!error.description.contains("sig="))
  }

  @Test(arguments: ["secret", "sv=1&se=2", "https://a.example/?sv=1&sig=a b", "sv=1&sig=a#b"])
  func whatIsNoSignature(token: String) async throws {
    let error = try await refused { _ in .sasToken(token) }
    #expect(error.description.contains("is not a shared access signature"), "\(error)")
    #expect(!error.description.contains(token))
  }

  private func authority() async throws -> [String: String] {
    ["AZURE_AUTHORITY_HOST": try await AzurePeer.endpoint() + "/"]
  }

  @Test func aSecretIsExchangedOnceForManyRequests() async throws {
    let account = try await AzurePeer.account()
    let client = "short-but-not-\(UUID().uuidString.lowercased())".replacing("short", with: "withdrawn")
    try await TestAzureContainer.made(
      environment: try await authority(),
      entry: { _ in .client(id: account.client, tenant: account.tenant, secret: account.secret) }
    ) { test in
      let before = try await AzurePeer.given(account.client)
      try await test.container.probe()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<20 { group.addTask { try await test.container.put([1], as: "a/\(number)") } }
        try await group.waitForAll()
      }
      #expect(try await AzurePeer.given(account.client) == before + 1)
    }
    // Withdrawn after three requests, although it should hold for an hour: renewed in the middle of an upload.
    var layout = AzureLayout()
    // One after the other: each request may find the token withdrawn once.
    (layout.largestSingle, layout.block, layout.blocksUnderWay) = (1000, 1000, 1)
    let small = layout
    try await withTemporaryDirectory { directory in
      try await TestAzureContainer.made(
        staging: directory, layout: small, environment: try await authority(),
        entry: { _ in .client(id: client, tenant: account.tenant, secret: account.secret) }
      ) { test in
        let file = try stagedFile(in: directory, bytes: 9500)
        try await test.container.deliver(file, as: "a")
        #expect(try await test.container.digest("a")?.sha256 == file.sha256)
        #expect(try await AzurePeer.given(client) >= 3)
        let unfinished = try await test.unfinished()
        #expect(unfinished.isEmpty)
      }
    }
  }

  struct Client: Sendable, CustomTestStringConvertible {
    var id: String?
    var tenant: String?
    var secret: String?
    var words: String
    var testDescription: String { words }
  }

  @Test(arguments: [
    Client(secret: "wrong", words: "correct \"clientSecret\": the secret's value is meant"),
    Client(secret: "expired-secret", words: "the secret has expired"),
    Client(id: "nobody", words: "there is no such application in that tenant"),
    Client(tenant: "nowhere", words: "there is no such tenant"),
  ])
  func applicationsThatGetNoToken(it: Client) async throws {
    let account = try await AzurePeer.account()
    let error = try await refused(environment: try await authority()) { _ in
      .client(
        id: it.id ?? account.client, tenant: it.tenant ?? account.tenant, secret: it.secret ?? account.secret)
    }
    #expect(error.description.contains(it.words), "\(error)")
    #expect(error.object.hasPrefix("application \(it.id ?? account.client) at http://127.0.0.1"))
    #expect(!error.description.contains("Trace ID"))
    if let secret = it.secret { #expect(!error.description.contains("secret=\(secret)")) }
  }

  @Test func secretsGoNowhereInTheClear() async throws {
    let error = try await refused(environment: ["AZURE_AUTHORITY_HOST": "http://login.example.com"]) { _ in
      .client(id: "a", tenant: "b", secret: "c")
    }
    #expect(error.object == "environment variable AZURE_AUTHORITY_HOST")
  }

  @Test func theMachineTheServiceAndThePodHaveTokens() async throws {
    let (endpoint, account) = (try await AzurePeer.endpoint(), try await AzurePeer.account())
    try await withTemporaryDirectory { directory in
      let file = directory + "/token"
      try Data("federated-assertion\n".utf8).write(to: URL(fileURLWithPath: file))
      for environment in [
        ["AZURE_POD_IDENTITY_AUTHORITY_HOST": endpoint],
        ["AZURE_POD_IDENTITY_AUTHORITY_HOST": endpoint, "AZURE_CLIENT_ID": account.client],
        ["IDENTITY_ENDPOINT": endpoint + "/msi/token", "IDENTITY_HEADER": account.identity_header],
        try await authority().merging([
          "AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_CLIENT_ID": account.client,
          "AZURE_TENANT_ID": account.tenant,
        ]) { $1 },
      ] {
        try await TestAzureContainer.made(environment: environment, entry: { _ in .managedIdentity }) {
          try await $0.container.probe()
        }
      }
      let federated = try await refused(
        environment: try await authority().merging([
          "AZURE_FEDERATED_TOKEN_FILE": directory + "/none", "AZURE_CLIENT_ID": account.client,
          "AZURE_TENANT_ID": account.tenant,
        ]) { $1 }
      ) { _ in .managedIdentity }
      #expect(federated.description.contains("cannot be read"))
    }
    let nobody = try await refused(environment: ["AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"]) {
      _ in .managedIdentity
    }
    #expect(nobody.object == "destination lake")
    #expect(nobody.problem.hasPrefix("no credentials were found"))
    let other = try await refused(
      environment: ["AZURE_POD_IDENTITY_AUTHORITY_HOST": endpoint, "AZURE_CLIENT_ID": "nobody"]
    ) { _ in .managedIdentity }
    #expect(other.description.contains("Identity not found"), "\(other)")
  }
}
