import CZlib

/// Gzip members (RFC 1952) by zlib, which is always there.
package final class ZlibCompressor: BlockCompressor {
  package static let levels = 0...9

  /// zlib keeps the address of its stream, so the stream must not move.
  private let stream: UnsafeMutablePointer<z_stream>

  /// Window of 32 KiB, and a gzip header and trailer around the data (zlib.h, `deflateInit2`).
  private static let gzipWindowBits: Int32 = 15 + 16
  private static let memoryLevel: Int32 = 8

  /// - Parameter level: 0 (stored) to 9 (smallest).
  /// - Throws: ``CompressionError`` for another level, or when there is no memory.
  package init(level: Int) throws(CompressionError) {
    guard ZlibCompressor.levels.contains(level) else { throw .level(level, allowed: ZlibCompressor.levels) }
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = deflateInit2_(
      stream, Int32(level), Z_DEFLATED, ZlibCompressor.gzipWindowBits, ZlibCompressor.memoryLevel,
      Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw .outOfMemory("zlib refused to start (\(status))") }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  package func bound(_ count: Int) -> Int {
    // Of a stream that has ended zlib forgets that it has a header and a trailer.
    deflateReset(stream)
    return Int(deflateBound(stream, uLong(count)))
  }

  package func compress(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int {
    deflateReset(stream)
    var rest = bytes
    var written = 0
    // zlib counts in 32 bits.
    repeat {
      let part = rest.prefix(Int(uInt.max))
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
      let left = min(room.count - written, Int(uInt.max))
      stream.pointee.next_in = UnsafeMutablePointer(
        mutating: UnsafeRawBufferPointer(rebasing: part).baseAddress?.assumingMemoryBound(to: Bytef.self))
      stream.pointee.avail_in = uInt(part.count)
      stream.pointee.next_out = (room.baseAddress! + written).assumingMemoryBound(to: Bytef.self)
      stream.pointee.avail_out = uInt(left)
      let status = deflate(stream, rest.isEmpty ? Z_FINISH : Z_NO_FLUSH)
      written += left - Int(stream.pointee.avail_out)
      precondition(
        stream.pointee.avail_in == 0 && status == (rest.isEmpty ? Z_STREAM_END : Z_OK),
        "zlib's own bound holds for a whole member")
    } while !rest.isEmpty
    return written
  }
}
