#if Fast
  import CDeflate

  /// Gzip members (RFC 1952) by libdeflate, which makes a block at once, twice as fast as zlib and smaller.
  package final class DeflateCompressor: BlockCompressor {
    private let compressor: OpaquePointer

    /// By zlib's level: the lowest of libdeflate whose files are not larger than those of zlib at that level. Measured;
    /// `Benchmarks/CompressionBenchmark` does it again. Of 9, columns of text alone take more at 6 than zlib makes of them.
    private static let levels = [0, 1, 1, 1, 4, 5, 5, 5, 6, 8]

    /// - Parameter zlibLevel: 0 (stored) to 9 (smallest), as zlib counts.
    /// - Throws: ``CompressionError`` for another level, or when there is no memory.
    package convenience init(zlibLevel: Int) throws(CompressionError) {
      guard ZlibCompressor.levels.contains(zlibLevel) else {
        throw .level(zlibLevel, allowed: ZlibCompressor.levels)
      }
      try self.init(level: DeflateCompressor.levels[zlibLevel])
    }

    /// - Parameter level: 0 (stored) to 12 (smallest), as libdeflate counts.
    /// - Throws: ``CompressionError`` when there is no memory.
    package init(level: Int) throws(CompressionError) {
      guard let compressor = libdeflate_alloc_compressor(Int32(clamping: level)) else {
        throw .outOfMemory("libdeflate refused to start at level \(level)")
      }
      self.compressor = compressor
    }

    deinit { libdeflate_free_compressor(compressor) }

    package func bound(_ count: Int) -> Int { libdeflate_gzip_compress_bound(compressor, count) }

    package func compress(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int {
      let written = libdeflate_gzip_compress(
        compressor, bytes.baseAddress, bytes.count, room.baseAddress, room.count)
      precondition(written > 0, "libdeflate's own bound holds")
      return written
    }
  }
#endif
