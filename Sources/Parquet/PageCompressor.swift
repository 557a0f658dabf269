/// How the bytes of a page are stored (parquet.thrift, `CompressionCodec`).
public enum CompressionCodec: Int32, Hashable, Sendable {
  case uncompressed = 0
  /// One gzip member (RFC 1952).
  case gzip = 2
  /// One Zstandard frame (RFC 8878).
  case zstd = 6
}

/// Compresses pages, one after another. The same bytes give the same bytes.
public protocol PageCompressor: AnyObject {
  /// What readers are told.
  var codec: CompressionCodec { get }

  /// The most bytes that compressing `count` bytes takes.
  func bound(_ count: Int) -> Int

  /// Compresses a page whole into `room`, which has as many bytes as ``bound(_:)`` says.
  /// - Returns: how many bytes it wrote.
  func compress(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int
}
