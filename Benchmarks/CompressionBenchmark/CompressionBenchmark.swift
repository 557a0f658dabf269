import Compression
import Glibc

/// Compresses a file in blocks of 1 MiB with every level and prints a line for each: how long it took and how small it
/// became. Which level of libdeflate stands for one of zlib is read from it.
@main struct CompressionBenchmark {
  static func main() throws {
    guard CommandLine.arguments.count == 2, let file = fopen(CommandLine.arguments[1], "r") else {
      print("usage: CompressionBenchmark FILE")
      exit(64)
    }
    fseek(file, 0, SEEK_END)
    var data = [UInt8](repeating: 0, count: ftell(file))
    rewind(file)
    guard fread(&data, 1, data.count, file) == data.count else { exit(1) }

    print("codec level seconds bytes")
    for level in 1...9 { measure("zlib", level, try ZlibCompressor(level: level), data) }
    #if Fast
      for level in 1...12 { measure("libdeflate", level, try DeflateCompressor(level: level), data) }
      for level in 1...9 { measure("zstd", level, try ZstdCompressor(level: level), data) }
    #endif
  }

  private static func measure(
    _ codec: String, _ level: Int, _ compressor: some BlockCompressor, _ data: [UInt8]
  ) {
    let blockBytes = 1 << 20
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: compressor.bound(blockBytes), alignment: 1)
    defer { room.deallocate() }
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    let begin = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    var bytes = 0
    data.withUnsafeBytes { data in
      for offset in stride(from: 0, to: data.count, by: blockBytes) {
        let block = data[offset..<min(offset + blockBytes, data.count)]
        bytes += compressor.compress(UnsafeRawBufferPointer(rebasing: block), into: room)
      }
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    let hundredths = Int((Double(time.tv_sec) + Double(time.tv_nsec) / 1e9 - begin) * 100)
    print(
      "\(codec) \(level) \(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) \(bytes)")
    fflush(nil)
  }
}
