import Compression
import ExportCore

/// Stores each chunk as one gzip member (RFC 1952; section 2.2 lets a file have several, and readers take
/// them as one).
final class GzipCodec: ChunkCodec {
  /// A member begins without history; in one this large that costs less than a percent.
  let chunkBytes = 1 << 20
  let isExact = false

  private let compressor: any BlockCompressor
  private var member = OutputBytes(capacity: 64)

  /// - Parameter compressor: makes gzip members.
  init(_ compressor: any BlockCompressor) { self.compressor = compressor }

  /// Beside the whole chunks two pieces at most, and two pieces take no more than one of their size and an empty one.
  func bound(_ count: Int, of file: Int) -> Int {
    count / chunkBytes * compressor.bound(chunkBytes) + compressor.bound(count % chunkBytes)
      + compressor.bound(0)
  }

  func store(
    _ bytes: UnsafeRawBufferPointer, of file: Int,
    _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError) {
    var rest = bytes
    while !rest.isEmpty {
      let chunk = UnsafeRawBufferPointer(rebasing: rest.prefix(chunkBytes))
      member.removeAll(keepingCapacityUpTo: .max)
      member.append(upTo: compressor.bound(chunk.count)) { compressor.compress(chunk, into: $0) }
      try write(member.bytes)
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(chunk.count))
    }
  }
}
