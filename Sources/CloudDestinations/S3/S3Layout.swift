import ExportCore

/// How objects are stored: in one piece or in parts, and with what properties.
struct S3Layout: Sendable {
  /// Larger files go in parts.
  var largestSingle = 16 << 20
  /// Parts are of this size, or as large as it takes to need no more than ``mostParts``; at AWS not below 5 MiB
  /// ("Amazon S3 multipart upload limits" in the User Guide).
  var part = 8 << 20
  /// Parts of one file that are on their way at the same time.
  var partsUnderWay = 4
  var storing = S3Storing()

  private static let mostParts = 10_000

  /// The size of all parts but the last one.
  func partSize(of bytes: Int) -> Int {
    Parts.size(of: bytes, wished: part, most: Self.mostParts)
  }
}

/// What a configuration says of each object.
struct S3Storing: Sendable {
  private var fixed: [String: String] = [:]

  init() {}

  init(_ configuration: S3Configuration) {
    fixed["x-amz-server-side-encryption"] = configuration.sse?.rawValue
    fixed["x-amz-server-side-encryption-aws-kms-key-id"] = configuration.kmsKeyId
    fixed["x-amz-storage-class"] = configuration.storageClass
    if !configuration.tags.isEmpty {
      fixed["x-amz-tagging"] = configuration.tags.percentEncoded
    }
  }

  /// Of the request that makes an object.
  /// - Parameter sha256: of the whole of it, lower-case hexadecimal; kept as its metadata.
  func headers(sha256: String) -> [String: String] {
    var headers = fixed
    headers[Self.digestHeader] = sha256
    return headers
  }

  /// The metadata that holds the SHA-256 of the whole object.
  static let digestHeader = "x-amz-meta-sha256"
}
