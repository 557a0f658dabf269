import Crypto
import ExportCore
import Foundation
import Testing

@testable import CloudDestinations

@Suite struct SignatureV4Tests {
  /// AWS's own test suite.
  @Test(arguments: SignatureV4Vector.all) func suite(_ vector: SignatureV4Vector) throws {
    let signer = SignatureV4(
      credentials: S3Credentials(
        accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        sessionToken: vector.isTokenSigned ? vector.token : nil),
      region: "us-east-1", service: "service")
    let target = vector.target.split(separator: "?", maxSplits: 1).map { part in
      part.utf8.reduce(into: "") {
        $0 += $1 > 32 && $1 < 127 ? String(UnicodeScalar($1)) : "%" + [$1].hexadecimal.uppercased()
      }
    }
    let hash = SHA256.hash(data: Data(vector.body.utf8)).hexadecimal
    var headers = vector.headers
    if vector.isBodySigned { headers["X-Amz-Content-Sha256"] = hash }
    let signed = signer.signed(
      method: vector.method, path: target[0], query: target.count > 1 ? target[1] : "", headers: headers,
      payloadHash: hash, at: try Date("2015-08-30T12:36:00Z", strategy: .iso8601))
    let names = signed.keys.filter { $0 != "authorization" }.sorted().joined(separator: ";")
    #expect(
      signed["authorization"]
        == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=\(names), Signature=\(vector.signature)"
    )
    #expect(signed["x-amz-date"] == "20150830T123600Z")
    #expect(signed["x-amz-security-token"] == (vector.isTokenSigned ? vector.token : nil))
  }

  /// "Examples: Signature Calculations" in "Signature Calculations for the Authorization Header" of the Amazon S3 API Reference.
  struct S3Example {
    var method = "GET"
    var path = "/"
    var query = ""
    var headers: [String: String] = [:]
    var body = ""
    var signature: String
  }

  @Test(arguments: [
    S3Example(
      path: "/test.txt", headers: ["range": "bytes=0-9"],
      signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    S3Example(
      method: "PUT", path: "/test%24file.text",
      headers: ["date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"],
      body: "Welcome to Amazon S3.",
      signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    S3Example(
      query: "lifecycle", signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    S3Example(
      query: "max-keys=2&prefix=J",
      signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
  ])
  func s3(_ example: S3Example) throws {
    let hash = SHA256.hash(data: Data(example.body.utf8)).hexadecimal
    let signer = SignatureV4(
      credentials: S3Credentials(
        accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
      region: "us-east-1", service: "s3")
    let signed = signer.signed(
      method: example.method, path: example.path, query: example.query,
      headers: example.headers.merging(
        ["host": "examplebucket.s3.amazonaws.com", "x-amz-content-sha256": hash], uniquingKeysWith: { $1 }),
      payloadHash: hash, at: try Date("2013-05-24T00:00:00Z", strategy: .iso8601))
    #expect(signed["authorization"]?.hasSuffix("Signature=\(example.signature)") == true)
  }
}
