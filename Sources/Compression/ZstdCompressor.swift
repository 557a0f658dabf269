#if Fast
  import CZstd

  /// Zstandard frames (RFC 8878) by libzstd, one a block, each with the size of its content.
  package final class ZstdCompressor: BlockCompressor {
    package static let levels = 1...22

    private let context: OpaquePointer
    private let level: Int32

    /// - Parameter level: 1 to 22 (smallest).
    /// - Throws: ``CompressionError`` for another level, or when there is no memory.
    package init(level: Int) throws(CompressionError) {
      guard ZstdCompressor.levels.contains(level) else {
        throw .level(level, allowed: ZstdCompressor.levels)
      }
      guard let context = ZSTD_createCCtx() else { throw .outOfMemory("libzstd refused to start") }
      self.context = context
      self.level = Int32(level)
    }

    deinit { ZSTD_freeCCtx(context) }

    package func bound(_ count: Int) -> Int { ZSTD_compressBound(count) }

    package func compress(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int {
      let written = ZSTD_compressCCtx(
        context, room.baseAddress, room.count, bytes.baseAddress, bytes.count, level)
      precondition(ZSTD_isError(written) == 0, "libzstd: \(String(cString: ZSTD_getErrorName(written)))")
      return written
    }
  }
#endif
