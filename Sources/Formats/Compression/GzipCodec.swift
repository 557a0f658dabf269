import CZlib
import ExportCore

/// Stores each chunk as one gzip member (RFC 1952; section 2.2 lets a file have several, and readers take
/// them as one). Neither time nor name is in a header, so the same bytes give the same member.
final class GzipCodec: ChunkCodec {
  /// A member begins without history; in one this large that costs less than a percent.
  let chunkBytes = 1 << 20
  let isExact = false

  /// zlib keeps the address of its stream, so the stream must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var member: OutputBytes

  /// Window of 32 KiB, and a gzip header and trailer around the data (zlib.h, `deflateInit2`).
  private static let gzipWindowBits: Int32 = 15 + 16
  private static let memoryLevel: Int32 = 8

  /// - Parameter level: 0 (stored) to 9 (smallest); nil takes zlib's default, 6.
  /// - Throws: ``ExportError`` for another level, or when there is no memory.
  init(level: Int?) throws(ExportError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    member = OutputBytes(capacity: 64)
    let status = deflateInit2_(
      stream, Int32(clamping: level ?? Int(Z_DEFAULT_COMPRESSION)), Z_DEFLATED, GzipCodec.gzipWindowBits,
      GzipCodec.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      throw ExportError(
        .encoding, .lasting, object: "compression", problem: "zlib refused to start (\(status))",
        hint: status == Z_STREAM_ERROR ? "use a level from 0 to 9" : nil)
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Looser than `deflateBound`, which allows for a few bytes in every 4 KiB and 25 more.
  func bound(_ count: Int) -> Int { count + count >> 10 + 64 * (count / chunkBytes + 2) }

  func store(
    _ bytes: UnsafeRawBufferPointer, _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError) {
    var rest = bytes
    while !rest.isEmpty {
      let chunk = UnsafeRawBufferPointer(rebasing: rest.prefix(chunkBytes))
      member.removeAll(keepingCapacityUpTo: .max)
      compress(chunk)
      try write(member.bytes)
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(chunk.count))
    }
  }

  private func compress(_ chunk: UnsafeRawBufferPointer) {
    deflateReset(stream)
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: chunk.baseAddress?.assumingMemoryBound(to: Bytef.self))
    stream.pointee.avail_in = uInt(chunk.count)
    member.append(upTo: Int(deflateBound(stream, uLong(chunk.count)))) { room in
      stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: Bytef.self)
      stream.pointee.avail_out = uInt(room.count)
      let status = deflate(stream, Z_FINISH)
      precondition(status == Z_STREAM_END, "zlib's own bound holds for a whole member in one call")
      return room.count - Int(stream.pointee.avail_out)
    }
    assert(member.count <= bound(chunk.count))
  }
}
