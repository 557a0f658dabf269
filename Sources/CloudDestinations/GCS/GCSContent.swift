import Crypto
import ExportCore
import Foundation
import NIOCore

/// What is to be stored under a name, and how it is known again.
struct GCSContent: Sendable {
  enum Source: Sendable {
    case bytes([UInt8])
    case file(OpenedFile)
  }

  let source: Source
  let bytes: Int
  /// As Cloud Storage writes it: Base64 of the four bytes, the highest first.
  let crc32c: String
  /// Lower-case hexadecimal.
  let sha256: String

  init(_ bytes: [UInt8]) {
    var checksum = CRC32C()
    bytes.withUnsafeBytes { checksum.update($0) }
    source = .bytes(bytes)
    self.bytes = bytes.count
    crc32c = Self.text(checksum)
    sha256 = SHA256.hash(data: bytes).hexadecimal
  }

  /// Reads the file once: what is sent is what was written, or nothing is.
  /// - Throws: ``ExportError`` when it has other content than when it was staged, or `CancellationError`.
  init(_ file: OpenedFile, sha256 expected: String) async throws {
    var (checksum, digest) = (CRC32C(), SHA256())
    try await file.forEachPiece { bytes in
      checksum.update(bytes)
      digest.update(bufferPointer: bytes)
    }
    source = .file(file)
    bytes = file.bytes
    crc32c = Self.text(checksum)
    sha256 = digest.finalize().hexadecimal
    guard sha256 == expected else { throw file.hasOtherContent }
  }

  private static func text(_ checksum: CRC32C) -> String {
    withUnsafeBytes(of: checksum.value.bigEndian) { Data($0).base64EncodedString() }
  }

  /// Whether the object that is there has this content.
  func isStored(as object: GCSObject) -> Bool {
    object.size == String(bytes) && object.crc32c == crc32c
  }

  static let contentType = "application/octet-stream"

  /// The metadata of the object to be ("Objects: insert"). With its CRC32C Cloud Storage takes nothing else.
  func resource(key: String, storageClass: String?) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try Array(
      encoder.encode(
        Resource(
          name: key, contentType: Self.contentType, crc32c: crc32c, storageClass: storageClass,
          metadata: [Self.digestName: sha256])))
  }

  /// The custom metadata that holds the SHA-256 of the whole object.
  static let digestName = "sha256"

  private struct Resource: Encodable {
    var name: String
    var contentType: String
    var crc32c: String
    var storageClass: String?
    var metadata: [String: String]
  }
}
