import Crypto
import ExportCore
import Foundation

/// What is to be stored under a name, and how it is known again.
struct AzureContent: Sendable {
  enum Source: Sendable {
    case bytes([UInt8])
    case file(OpenedFile)
  }

  let source: Source
  let bytes: Int
  /// As `Content-MD5` has it.
  let md5: String
  /// Lower-case hexadecimal.
  let sha256: String

  init(_ bytes: [UInt8]) {
    source = .bytes(bytes)
    self.bytes = bytes.count
    md5 = Data(Insecure.MD5.hash(data: bytes)).base64EncodedString()
    sha256 = SHA256.hash(data: bytes).hexadecimal
  }

  /// Reads the file once: what is sent is what was written, or nothing is.
  /// - Throws: ``ExportError`` when it has other content than when it was staged, or `CancellationError`.
  init(_ file: OpenedFile, sha256 expected: String) async throws {
    var (md5, digest) = (Insecure.MD5(), SHA256())
    try await file.forEachPiece { bytes in
      md5.update(bufferPointer: bytes)
      digest.update(bufferPointer: bytes)
    }
    source = .file(file)
    bytes = file.bytes
    self.md5 = Data(md5.finalize()).base64EncodedString()
    sha256 = digest.finalize().hexadecimal
    guard sha256 == expected else { throw file.hasOtherContent }
  }

  var body: CloudRequest.Body {
    switch source {
    case .bytes(let bytes): .bytes(bytes)
    case .file(let file): .part(StagedPart(file: file, offset: 0, bytes: bytes))
    }
  }

  /// Whether the blob that is there has this content.
  func isStored(as blob: AzureBlob) -> Bool {
    blob.bytes == bytes && blob.sha256 == sha256 && (blob.md5 == nil || blob.md5 == md5)
  }

  /// The metadata that holds the SHA-256 of the whole blob.
  static let digestHeader = "x-ms-meta-sha256"

  /// Of the request that makes the blob.
  /// - Parameter accessTier: nil leaves it to the account.
  func headers(accessTier: String?) -> [String: String] {
    var headers = [
      "x-ms-blob-content-type": "application/octet-stream", "x-ms-blob-content-md5": md5,
      Self.digestHeader: sha256,
    ]
    headers["x-ms-access-tier"] = accessTier
    return headers
  }
}

/// What the service says of a blob ("Get Blob Properties").
struct AzureBlob: Sendable {
  var bytes: Int
  /// Changes with each new content under the name.
  var etag: String
  var md5: String?
  var sha256: String?
}
