import CSQLite
import Compression
import Crypto
import Glibc

/// One piece of an export's work alone, on one core: what no export can do without. Prints the seconds and the bytes it
/// came to.
@main struct FloorsBenchmark {
  static let usage = """
    usage: FloorsBenchmark scan DATABASE SQL     steps through the rows and asks for each of their values
           FloorsBenchmark hash FILE…            SHA-256
           FloorsBenchmark write OUTPUT FILE…    writes the bytes of each file to OUTPUT, in pieces of 1 MiB
           FloorsBenchmark gzip FILE…            as exports do, in blocks of 1 MiB
           FloorsBenchmark gzip-LEVEL FILE…      the same at this level of an export's
           FloorsBenchmark zstd FILE…            the same with zstd
           FloorsBenchmark libdeflate-LEVEL FILE…  the same with this level of libdeflate's own
    """

  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let work = arguments.first, arguments.count > 1 else { stop(usage, 64) }
    var (seconds, bytes) = (0.0, 0)
    if work == "scan", arguments.count == 3 {
      (seconds, bytes) = timed { scan(arguments[1], arguments[2]) }
    } else {
      let piece = try piece(work, output: arguments[1])
      for file in arguments.dropFirst(work == "write" ? 2 : 1) {
        let content = mapped(file)
        let one = timed { piece(content) }
        seconds += one.seconds
        bytes += one.bytes
        munmap(UnsafeMutableRawPointer(mutating: content.baseAddress), content.count)
        // Each anew, and never more than one of them at once.
        if work == "write" { unlink(arguments[1]) }
      }
    }
    print("{\"seconds\": \(seconds), \"bytes\": \(bytes)}")
  }

  /// What is done with each file.
  private static func piece(_ work: String, output: String) throws -> (UnsafeRawBufferPointer) -> Int {
    switch work {
    case "write": return { write($0, to: output) }
    case "hash": return hash
    case "gzip": return compress(try CompressionFormat.gzip().makeCompressor())
    case "zstd": return compress(try CompressionFormat.zstd().makeCompressor())
    default:
      if work.hasPrefix("gzip-"), let level = Int(work.dropFirst("gzip-".count)) {
        return compress(try CompressionFormat.gzip(level: level).makeCompressor())
      }
      #if Fast
        if work.hasPrefix("libdeflate-"), let level = Int(work.dropFirst("libdeflate-".count)) {
          return compress(try DeflateCompressor(level: level))
        }
      #endif
      stop(usage, 64)
    }
  }

  private static func scan(_ path: String, _ sql: String) -> Int {
    var (database, statement): (OpaquePointer?, OpaquePointer?)
    guard sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, nil) == SQLITE_OK,
      sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK
    else { stop("\(path): \(String(cString: sqlite3_errmsg(database)))", 1) }
    defer {
      sqlite3_finalize(statement)
      sqlite3_close(database)
    }
    let columns = sqlite3_column_count(statement)
    var bytes = 0
    while sqlite3_step(statement) == SQLITE_ROW {
      for column in 0..<columns {
        if sqlite3_column_type(statement, column) == SQLITE_INTEGER {
          bytes += sqlite3_column_int64(statement, column) == 0 ? 1 : 8
        } else if sqlite3_column_text(statement, column) != nil {
          bytes += Int(sqlite3_column_bytes(statement, column))
        }
      }
    }
    guard sqlite3_errcode(database) == SQLITE_DONE else {
      stop("\(path): \(String(cString: sqlite3_errmsg(database)))", 1)
    }
    return bytes
  }

  private static func hash(_ content: UnsafeRawBufferPointer) -> Int {
    var hash = SHA256()
    hash.update(bufferPointer: content)
    return hash.finalize().withUnsafeBytes { $0.isEmpty ? 0 : content.count }
  }

  private static func write(_ content: UnsafeRawBufferPointer, to path: String) -> Int {
    let output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard output >= 0 else { stop("\(path): \(String(cString: strerror(errno)))", 1) }
    defer { close(output) }
    for block in blocks(of: content) {
      guard Glibc.write(output, block.baseAddress, block.count) == block.count else {
        stop("\(path): \(String(cString: strerror(errno)))", 1)
      }
    }
    return content.count
  }

  private static func compress(_ compressor: any BlockCompressor) -> (UnsafeRawBufferPointer) -> Int {
    let room = UnsafeMutableRawBufferPointer.allocate(
      byteCount: compressor.bound(blockBytes), alignment: 1)
    return { content in blocks(of: content).reduce(0) { $0 + compressor.compress($1, into: room) } }
  }

  private static let blockBytes = 1 << 20

  private static func blocks(of content: UnsafeRawBufferPointer) -> some Sequence<UnsafeRawBufferPointer> {
    stride(from: 0, to: content.count, by: blockBytes).lazy.map {
      UnsafeRawBufferPointer(rebasing: content[$0..<min($0 + blockBytes, content.count)])
    }
  }

  /// The content of a file that is not empty, its pages there already, until they are unmapped.
  private static func mapped(_ path: String) -> UnsafeRawBufferPointer {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    let count = Int(lseek(file, 0, SEEK_END))
    guard file >= 0, let bytes = mmap(nil, count, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0),
      bytes != MAP_FAILED
    else { stop("\(path): \(String(cString: strerror(errno)))", 1) }
    return UnsafeRawBufferPointer(start: bytes, count: count)
  }

  private static func timed(_ work: () -> Int) -> (seconds: Double, bytes: Int) {
    let begin = clock()
    let bytes = work()
    return (clock() - begin, bytes)
  }

  private static func clock() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func stop(_ message: String, _ code: Int32) -> Never {
    let line = Array((message + "\n").utf8)
    _ = Glibc.write(STDERR_FILENO, line, line.count)
    exit(code)
  }
}
