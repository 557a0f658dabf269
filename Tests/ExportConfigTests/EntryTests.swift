import ExportConfig
import ExportCore
import Testing

/// What opens a destination is always that of the newest configuration, and shown to no other server.
@Suite struct EntryTests {
  private func s3(_ bucket: String, endpoint: String? = nil, key: String) -> DestinationConfiguration {
    var s3 = S3Configuration(bucket: bucket)
    s3.endpoint = endpoint
    s3.secretAccessKey = .literal(key)
    return .s3(s3)
  }

  private func azure(_ account: String, _ container: String, key: String) -> DestinationConfiguration {
    .azure(AzureConfiguration(account: account, container: container, access: .accountKey(.literal(key))))
  }

  @Test func keysAreThoseOfTheNewestConfiguration() {
    #expect(s3("lake", key: "").entered(as: s3("lake", key: "new")) == s3("lake", key: "new"))
    // They are an account's, not a bucket's.
    #expect(s3("lake", key: "").entered(as: s3("pond", key: "new")) == s3("lake", key: "new"))
    #expect(
      azure("acme", "lake", key: "").entered(as: azure("acme", "pond", key: "new"))
        == azure("acme", "lake", key: "new"))
  }

  @Test func keysAreShownToNoOtherServer() {
    let there = s3("lake", endpoint: "https://s3.example.com", key: "")
    #expect(there.entered(as: s3("lake", key: "new")) == there)
    #expect(there.entered(as: s3("lake", endpoint: "https://elsewhere.example.com", key: "new")) == there)
    #expect(
      azure("acme", "lake", key: "").entered(as: azure("other", "lake", key: "new"))
        == azure("acme", "lake", key: ""))
    #expect(there.entered(as: azure("acme", "lake", key: "new")) == there)
    #expect(there.entered(as: nil) == there)
  }
}
