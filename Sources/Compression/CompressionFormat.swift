/// The formats of blocks, with their levels. A level is a promise on size: with the trait `Fast` and without it, a file is not
/// larger than the level says.
public enum CompressionFormat: Hashable, Sendable {
  /// A member of a gzip file (RFC 1952) without time and name; several in a row are a gzip file too. Levels 0 (stored) to
  /// 9 (smallest), zlib's: whatever makes the member, data of a usual kind takes no more than zlib makes of it
  /// at that level. Nil is 6.
  case gzip(level: Int? = nil)
  /// A Zstandard frame (RFC 8878) that tells the size of its content. Levels 1 to 22, zstd's. Nil is 3. Only with the
  /// trait `Fast`.
  case zstd(level: Int? = nil)

  /// - Throws: ``CompressionError``.
  public func makeCompressor() throws(CompressionError) -> any BlockCompressor {
    switch self {
    case .gzip(let level):
      #if Fast
        return try DeflateCompressor(zlibLevel: level ?? 6)
      #else
        return try ZlibCompressor(level: level ?? 6)
      #endif
    case .zstd(let level):
      #if Fast
        return try ZstdCompressor(level: level ?? 3)
      #else
        throw .zstdIsNotBuiltIn
      #endif
    }
  }

  /// Whether this build can write Zstandard.
  public static var hasZstd: Bool {
    #if Fast
      true
    #else
      false
    #endif
  }
}
