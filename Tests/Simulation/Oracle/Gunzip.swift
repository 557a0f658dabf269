import CZlib

/// What a gzip file (RFC 1952) holds; nil when it is not whole.
func gunzip(_ bytes: [UInt8]) -> [UInt8]? {
  var stream = z_stream()
  // 15 bits of window, and the gzip header.
  guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
    return nil
  }
  defer { inflateEnd(&stream) }
  var input = bytes
  var output: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  return input.withUnsafeMutableBufferPointer { input in
    stream.next_in = input.baseAddress
    stream.avail_in = UInt32(input.count)
    while true {
      let code = buffer.withUnsafeMutableBufferPointer { buffer -> Int32 in
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(buffer.count)
        return inflate(&stream, Z_NO_FLUSH)
      }
      output += buffer.prefix(buffer.count - Int(stream.avail_out))
      if code == Z_STREAM_END {
        guard stream.avail_in > 0 else { return output }
        // Several members in one file are valid gzip.
        guard inflateReset(&stream) == Z_OK else { return nil }
      } else if code != Z_OK {
        return nil
      }
    }
  }
}
