import CZlib
import Parquet

/// gzip pages by zlib.
final class ZlibPageCompressor: PageCompressor {
  let codec = CompressionCodec.gzip
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

  init(level: Int) {
    stream.initialize(to: z_stream())
    let status = deflateInit2_(
      stream, Int32(level), Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK)
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// What `deflateBound` says of a fresh stream, or a little more.
  func bound(_ count: Int) -> Int { count + count >> 11 + 64 }

  func compress(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int {
    deflateReset(stream)
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: bytes.baseAddress?.assumingMemoryBound(to: Bytef.self))
    stream.pointee.avail_in = uInt(bytes.count)
    stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: Bytef.self)
    stream.pointee.avail_out = uInt(room.count)
    let status = deflate(stream, Z_FINISH)
    precondition(status == Z_STREAM_END)
    return room.count - Int(stream.pointee.avail_out)
  }
}
