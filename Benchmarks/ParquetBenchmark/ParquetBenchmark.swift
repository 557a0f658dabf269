import Glibc
import Parquet

/// Writes a million rows of twenty typed columns as a Parquet file and prints one line of figures: how fast, and with how
/// much memory. Nothing is compressed: what that costs is the codec's affair.
@main struct ParquetBenchmark {
  static let usage = "usage: ParquetBenchmark FILE [rows=1000000] [groupBytes=16777216]"

  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard let path = arguments.first else {
      print(usage)
      exit(64)
    }
    var (rows, groupBytes) = (1_000_000, 16 << 20)
    for argument in arguments.dropFirst() {
      let parts = argument.split(separator: "=")
      guard parts.count == 2, let number = Int(parts[1]) else {
        print(usage)
        exit(64)
      }
      if parts[0] == "rows" { rows = number } else { groupBytes = number }
    }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { fatalError("cannot open \(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    try write(rows: rows, groupBytes: groupBytes, to: descriptor)
  }

  /// Four columns of each kind: time and ids, numbers, few distinct texts, many distinct texts, rare ones.
  static let fields: [Field] = [
    Field("ts", .required, .timestampMilliseconds), Field("id", .required, .int64),
    Field("user", .optional, .string), Field("session", .optional, .int64),
    Field("amount", .optional, .double), Field("quantity", .optional, .int64),
    Field("discount", .optional, .double), Field("rating", .optional, .int32),
    Field("event", .required, .string), Field("category", .optional, .string),
    Field("platform", .optional, .string), Field("city", .optional, .string),
    Field("url", .optional, .string), Field("order", .optional, .string),
    Field("referrer", .optional, .string), Field("note", .optional, .string),
    Field("isFirst", .optional, .boolean), Field("coupon", .optional, .string),
    Field("error", .optional, .string), Field("retries", .optional, .int64),
  ]

  static func write(rows: Int, groupBytes: Int, to descriptor: Int32) throws {
    let schema = try Schema(fields)
    var group = try RowGroupWriter(schema)
    var file = FileWriter(schema, createdBy: "ParquetBenchmark version 1")
    var random = SplitMix(state: 1)
    let sink = { (bytes: UnsafeRawBufferPointer) in
      guard Glibc.write(descriptor, bytes.baseAddress, bytes.count) == bytes.count else {
        fatalError("cannot write: \(String(cString: strerror(errno)))")
      }
    }
    let texts = Texts()
    var (appending, writing) = (0.0, 0.0)
    var begin = clock()
    for row in 0..<rows {
      append(row, to: &group, texts, &random)
      if group.bytes >= groupBytes {
        let end = clock()
        appending += end - begin
        file.write(&group, to: sink)
        begin = clock()
        writing += begin - end
      }
    }
    appending += clock() - begin
    begin = clock()
    file.write(&group, to: sink)
    let metadata = file.close(to: sink)
    writing += clock() - begin
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    print(
      """
      rows=\(rows) groups=\(metadata.rowGroups.count) bytes=\(metadata.bytes) appending=\(rounded(appending))s \
      writing=\(rounded(writing))s peak=\(usage.ru_maxrss >> 10)MiB
      """)
  }

  /// Texts made beforehand, so that making them does not count.
  struct Texts {
    let few = Texts.made(64) { "value number \($0)" }
    let many = Texts.made(65_536) { "https://shop.example/item/\($0 &* 7919)?from=mail" }

    /// A power of two of them, each filled up to 48 bytes, behind its length.
    private static func made(_ count: Int, _ text: (Int) -> String) -> UnsafeRawBufferPointer {
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count * 64, alignment: 64)
      for i in 0..<count {
        let text = Array(text(i).utf8.prefix(48))
        bytes[i * 64] = UInt8(text.count)
        UnsafeMutableRawBufferPointer(rebasing: bytes[(i * 64 + 1)...]).copyBytes(from: text)
      }
      return UnsafeRawBufferPointer(bytes)
    }
  }

  @inline(__always)
  static func append(_ row: Int, to group: inout RowGroupWriter, _ texts: Texts, _ random: inout SplitMix) {
    let bits = random.next()
    func text(_ texts: UnsafeRawBufferPointer, _ bits: UInt64, _ column: Int) {
      let start = texts.baseAddress.unsafelyUnwrapped + Int(bits << 6 & UInt64(texts.count - 1))
      group.append(
        UnsafeRawBufferPointer(start: start + 1, count: Int(start.load(as: UInt8.self))), to: column)
    }
    group.append(Int64(1_700_000_000_000 + row * 37), to: 0)
    group.append(Int64(row), to: 1)
    text(texts.many, bits, 2)
    group.append(Int64(bits >> 44), to: 3)
    group.append(Double(bits >> 50) / 100, to: 4)
    group.append(Int64(bits & 7), to: 5)
    group.append(Double(bits >> 60), to: 6)
    group.append(Int32(bits & 3), to: 7)
    text(texts.few, 3, 8)
    text(texts.few, bits >> 8, 9)
    text(texts.few, bits >> 10 & 3, 10)
    text(texts.few, bits >> 12, 11)
    text(texts.many, bits >> 14, 12)
    text(texts.many, bits >> 16, 13)
    if bits & 16 == 0 { text(texts.many, bits >> 18, 14) }
    if bits & 32 == 0 { text(texts.many, bits >> 20, 15) }
    group.append(bits & 64 == 0, to: 16)
    if bits & 0xF00 == 0 { text(texts.few, bits >> 22, 17) }
    if bits & 0xFFF000 == 0 { text(texts.few, bits >> 24, 18) }
    if bits & 0xF000 == 0 { group.append(Int64(bits & 1), to: 19) }
    group.endRow()
  }

  static func clock() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  static func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }
}

/// Steele, Lea and Flood's SplitMix64: every run has the same rows.
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
