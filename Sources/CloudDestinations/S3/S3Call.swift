import Crypto
import ExportCore
import Foundation
import NIOHTTP1

/// One operation of the S3 API on the bucket or an object of it, before it is addressed and signed.
struct S3Call: Sendable {
  enum Payload: Sendable {
    case none
    case bytes([UInt8])
    case part(StagedPart, sha256: SHA256Digest)

    /// Lower-case hexadecimal, as `x-amz-content-sha256` has it.
    var sha256: String {
      switch self {
      case .none: SHA256.hash(data: Data()).hexadecimal
      case .bytes(let bytes): SHA256.hash(data: bytes).hexadecimal
      case .part(_, let sha256): sha256.hexadecimal
      }
    }

    /// As `x-amz-checksum-sha256` has it.
    var checksum: String {
      switch self {
      case .none: Data(SHA256.hash(data: Data())).base64EncodedString()
      case .bytes(let bytes): Data(SHA256.hash(data: bytes)).base64EncodedString()
      case .part(_, let sha256): Data(sha256).base64EncodedString()
      }
    }

    var body: CloudRequest.Body {
      switch self {
      case .none: .none
      case .bytes(let bytes): .bytes(bytes)
      case .part(let part, _): .part(part)
      }
    }
  }

  var method: HTTPMethod
  /// Nil for the bucket itself.
  var key: String?
  /// Not encoded yet.
  var query: [String: String] = [:]
  var headers: [String: String] = [:]
  var payload = Payload.none
  /// The action that a policy must allow ("Actions defined by Amazon S3" in the Service Authorization Reference).
  var permission: String

  /// What a message is about.
  func object(in bucket: S3Address) -> String {
    key.map { "s3://\(bucket.bucket)/\($0)" } ?? query["prefix"].map { "s3://\(bucket.bucket)/\($0)" }
      ?? "bucket \(bucket.bucket)"
  }
}
