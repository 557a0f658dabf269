import ExportCore
import ExportTesting
import Foundation
import Testing

@testable import CloudDestinations

/// One after the other: some requirements look at the clock.
@Suite(.serialized) struct AzureContainerTests {
  @Test(arguments: DestinationConformance.Requirement.allCases)
  func conforms(requirement: DestinationConformance.Requirement) async throws {
    try await withTemporaryDirectory { staging in
      try await TestAzureContainer.made(staging: staging, retries: Retries()) { test in
        try await DestinationConformance(
          test.container, staging: staging, part: AzureLayout().block,
          unfinished: { try await test.unfinished() }
        ).check(requirement)
      }
    }
  }

  /// What judges us is judged first: it takes what Microsoft's client sends, and refuses what it has to.
  @Test func theServerIsSound() throws {
    let said = try Python.run(
      """
      import runpy, sys
      sys.path.insert(0, sys.argv[1])
      runpy.run_path(sys.argv[1] + "/azure_self_check.py", run_name="__main__")
      """, arguments: [CheckingServer.folder], needsReaders: true)
    #expect(said.hasSuffix("all well\n"), "\(said)")
  }

  @Test(arguments: [
    ("https://blobs.example.com", "https://blobs.example.com/lake/a%20b/c%2Bd"),
    ("http://127.0.0.1:10000", "http://127.0.0.1:10000/acme/lake/a%20b/c%2Bd"),
    ("http://127.0.0.1:10000/acme/", "http://127.0.0.1:10000/acme/lake/a%20b/c%2Bd"),
    ("http://[::1]:10000", "http://[::1]:10000/acme/lake/a%20b/c%2Bd"),
    ("http://localhost:10000/other", "http://localhost:10000/other/lake/a%20b/c%2Bd"),
    (nil, "https://acme.blob.core.windows.net/lake/a%20b/c%2Bd"),
  ])
  func theAccountStandsWhereItBelongs(endpoint: String?, url: String) throws {
    var configuration = AzureConfiguration(account: "acme", container: "lake", access: .managedIdentity)
    configuration.endpoint = endpoint
    #expect(try AzureAddress(configuration).url(of: "a b/c+d") == url)
  }

  @Test(arguments: [
    (1, 8 << 20), (50_000 * (8 << 20), 8 << 20), (50_000 * (8 << 20) + 1, 9 << 20), (190 << 40, 3985 << 20),
  ])
  func blocksAreNeverTooMany(bytes: Int, size: Int) {
    #expect(AzureLayout().blockSize(of: bytes) == size)
    #expect((bytes + size - 1) / size <= 50_000)
  }

  @Test(arguments: ["a./b", "a/b.", #"a\b"#, String(repeating: "abcdefghi/", count: 103) + "x"])
  func namesThatAzureReadsOtherwiseAreRefused(name: String) async throws {
    try await TestAzureContainer.made { test in
      let error = await #expect(throws: ExportError.self) { try await test.container.put([1], as: name) }
      #expect(error?.kind == .lasting)
      #expect(error?.hint?.contains("prefix") == true)
      let log = try await test.log()
      #expect(log.isEmpty)
    }
  }

  /// Names that XML has no place for come encoded.
  @Test func listsGoOnFromPageToPage() async throws {
    try await TestAzureContainer.made(faults: #"{"page": 2}"#) { test in
      let names = ["a/1", "a/2", "a/3", "a/é+%20 ?#", "a/\u{FFFF}"]
      for name in names + ["b/1"] { try await test.container.put([1, 2], as: name) }
      let listed = try await test.container.list(prefix: "a", stem: "")
      #expect(Set(listed) == Set(names.map { StoredObject(name: $0, bytes: 2) }))
    }
  }

  /// Microsoft's own client reads what was stored, and holds it against its MD5.
  @Test func microsoftsClientReadsItBack() async throws {
    var layout = AzureLayout()
    layout.largestSingle = 100_000
    layout.block = 100_000
    let small = layout
    try await withTemporaryDirectory { staging in
      try await TestAzureContainer.made(staging: staging, layout: small, { $0.accessTier = "Cool" }) { test in
        var expected: [String] = []
        for bytes in [1000, 350_007] {
          let file = try stagedFile(in: staging, bytes: bytes)
          try await test.container.deliver(file, as: "raw/\(bytes) é+%.json.gz")
          expected.append("raw/\(bytes) é+%.json.gz|\(bytes)|\(file.sha256)|\(file.sha256)|Cool|True")
        }
        let read = try Python.run(
          """
          import hashlib, sys
          from azure.storage.blob import BlobServiceClient
          endpoint, account, key, container = sys.argv[1:]
          service = BlobServiceClient(f"{endpoint}/{account}", credential={"account_name": account, "account_key": key})
          client = service.get_container_client(container)
          for blob in sorted(client.list_blobs(), key=lambda blob: blob.size):
              at = client.get_blob_client(blob.name)
              said = at.get_blob_properties()
              data = at.download_blob(validate_content=True).readall()
              whole = bytes(said.content_settings.content_md5) == hashlib.md5(data).digest()
              print(blob.name, blob.size, hashlib.sha256(data).hexdigest(), said.metadata["sha256"], said.blob_tier, whole, sep="|")
          """,
          arguments: [test.endpoint, "testaccount", try await AzurePeer.account().key, test.name],
          needsReaders: true)
        #expect(read.split(separator: "\n").map(String.init) == expected)
        #expect(try await test.blobs()["raw/350007 é+%.json.gz"]?.blocks == 4)
      }
    }
  }
}
