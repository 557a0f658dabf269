import ExportCore
import Foundation
import Testing

@testable import CloudDestinations

@Suite struct AddressTests {
  private func address(
    _ bucket: String, endpoint: String? = nil, pathStyle: Bool? = nil, region: String = "eu-west-1",
    key: String? = "a b/c+d%é"
  ) throws -> String {
    var configuration = S3Configuration(bucket: bucket)
    configuration.endpoint = endpoint
    configuration.pathStyle = pathStyle
    let location = try S3Address(configuration).location(of: key, region: region)
    return "\(location.scheme)://\(location.authority)\(location.path)"
  }

  @Test func theBucketStandsInTheHostOrInThePath() throws {
    let path = "/a%20b/c%2Bd%25%C3%A9"
    #expect(try address("lake") == "https://lake.s3.eu-west-1.amazonaws.com\(path)")
    #expect(try address("lake", pathStyle: true) == "https://s3.eu-west-1.amazonaws.com/lake\(path)")
    #expect(try address("my.lake") == "https://s3.eu-west-1.amazonaws.com/my.lake\(path)")
    #expect(
      try address("lake", region: "cn-north-1") == "https://lake.s3.cn-north-1.amazonaws.com.cn\(path)")
    #expect(
      try address("lake", endpoint: "https://minio.example.com:9000/")
        == "https://minio.example.com:9000/lake\(path)")
    #expect(
      try address("lake", endpoint: "https://example.com:443", pathStyle: false)
        == "https://lake.example.com\(path)")
    #expect(
      try address("lake", endpoint: "http://[::1]:9000/s3") == "http://[::1]:9000/s3/lake\(path)")
    #expect(try address("lake", key: nil) == "https://lake.s3.eu-west-1.amazonaws.com/")
    #expect(try address("lake", endpoint: "https://example.com", key: nil) == "https://example.com/lake")
  }

  @Test func credentialsGoNowhereElse() throws {
    var configuration = S3Configuration(bucket: "lake")
    let aws = try S3Address(configuration)
    let location = aws.location(of: "x", region: "us-east-1")
    #expect(
      aws.redirected(location, to: "https://lake.s3-eu-west-1.amazonaws.com/x")?.authority
        == "lake.s3-eu-west-1.amazonaws.com")
    for place in [
      "http://lake.s3-eu-west-1.amazonaws.com/x", "https://amazonaws.com.example.com/x",
      "https://evilamazonaws.com/x",
    ] {
      #expect(aws.redirected(location, to: place) == nil, "\(place)")
    }
    configuration.endpoint = "https://minio.example.com"
    let minio = try S3Address(configuration)
    let there = minio.location(of: "x", region: "us-east-1")
    #expect(minio.redirected(there, to: "https://lake.s3-eu-west-1.amazonaws.com/x") == nil)
    #expect(
      minio.redirected(there, to: "https://minio.example.com:9000/y")?.authority
        == "minio.example.com:9000")
  }

  @Test func proxiesAreTakenFromTheEnvironment() throws {
    func proxy(_ environment: [String: String], _ url: String) throws -> String? {
      try ProxySettings(environment).proxy(for: try #require(URL(string: url))).map {
        "\($0.user.map { "\($0)@" } ?? "")\($0.host):\($0.port)"
      }
    }
    let both = ["HTTPS_PROXY": "http://me:word@proxy.example.com:3128", "http_proxy": "other.example.com"]
    #expect(try proxy(both, "https://s3.amazonaws.com") == "me@proxy.example.com:3128")
    #expect(try proxy(both, "http://minio.example.com") == "other.example.com:80")
    #expect(try proxy(both, "http://127.0.0.1:9000") == nil)
    #expect(try proxy(both, "http://[::1]:9000") == nil)
    #expect(try proxy(both, "http://metadata.google.internal/x") == nil)
    #expect(try proxy([:], "https://s3.amazonaws.com") == nil)
    #expect(
      try proxy(
        ["https_proxy": "small.example.com:1", "HTTPS_PROXY": "large.example.com:1"], "https://a.example.com")
        == "small.example.com:1")
    for exception in [
      "*", "amazonaws.com", ".amazonaws.com", "other, s3.amazonaws.com", "s3.amazonaws.com:443",
    ] {
      let url = exception.hasSuffix("443") ? "https://s3.amazonaws.com:443" : "https://s3.amazonaws.com"
      #expect(try proxy(both.merging(["NO_PROXY": exception]) { $1 }, url) == nil, "\(exception)")
    }
    for other in ["aws.com", "s3.amazonaws.com:9000", "example.com"] {
      #expect(
        try proxy(both.merging(["no_proxy": other]) { $1 }, "https://s3.amazonaws.com") != nil, "\(other)")
    }
    let error = #expect(throws: ExportError.self) {
      try proxy(["HTTPS_PROXY": "socks5://me:word@proxy:1"], "https://s3.amazonaws.com")
    }
    #expect(error?.object == "environment variable HTTPS_PROXY")
    #expect(error?.description.contains("word") == false)
  }
}

@Suite struct LoopbackHostTests {
  @Test(arguments: ["localhost", "LOCALHOST", "minio.localhost", "127.0.0.1", "127.255.3.4", "::1", "[::1]"])
  func isThisMachine(host: String) { #expect(host.isLoopbackHost) }

  @Test(arguments: [
    "", "localhost.example.com", "127.example.com", "127.0.0.1.example.com", "127.0.0.256", "127.0.0",
    "127.0.0.1.",
    "128.0.0.1", "[::2]", "::", "notlocalhost",
  ])
  func isSomebodyElse(host: String) { #expect(!host.isLoopbackHost) }
}
