import Compression
import ExportCore

/// Stores each chunk as one gzip member (RFC 1952; section 2.2 lets a file have several, and readers take
/// them as one).
final class GzipCodec: ChunkCodec {
  /// A member begins without history; in one this large that costs less than a percent.
  static let chunkBytes = 1 << 20
  static let isExact = false
  static let lanes = 2

  private let compressor: any BlockCompressor
  private var member = OutputBytes(capacity: 64)

  /// - Parameter compressor: makes gzip members.
  init(_ compressor: any BlockCompressor) { self.compressor = compressor }

  /// Deflate stores what does not shrink in blocks (RFC 1951, section 3.2.4), which takes libdeflate and zlib less than
  /// a byte in 512, and a member's header and trailer.
  static func bound(_ count: Int, overhead: Int) -> Int {
    count + count >> 9 + (count / chunkBytes + 2) * 128
  }

  func store(
    _ bytes: UnsafeRawBufferPointer, of file: Int,
    _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError) {
    var rest = bytes
    while !rest.isEmpty {
      let chunk = UnsafeRawBufferPointer(rebasing: rest.prefix(GzipCodec.chunkBytes))
      member.removeAll(keepingCapacityUpTo: .max)
      member.append(upTo: compressor.bound(chunk.count)) { compressor.compress(chunk, into: $0) }
      try write(member.bytes)
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(chunk.count))
    }
  }
}
