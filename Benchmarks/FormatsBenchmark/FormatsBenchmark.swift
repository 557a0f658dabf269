import ExportCore
import Formats
import Glibc
import TimeZones

/// Writes events with 325 bytes of properties each to files and prints one line of figures: how fast, and with
/// how much memory and how many descriptors. Instructions a row: run it under
/// `valgrind --tool=callgrind --toggle-collect='*EventFilesC6append*'`.
@main struct FormatsBenchmark {
  static let usage = """
    usage: FormatsBenchmark DIRECTORY [rows=1000000] [names=1] [dates=1] [format=json|csv|xml|parquet]
           [codec=none|gzip|zstd] [spaced=0|1] [asString=0|1]
    """

  var directory: String
  var rows = 1_000_000
  var names = 1
  var dates = 1
  var format = Format.json
  var codec = Compression.Codec.none
  var spaced = false
  var asString = false

  static func main() throws {
    guard let benchmark = FormatsBenchmark(CommandLine.arguments.dropFirst()) else {
      print(usage)
      exit(64)
    }
    try benchmark.run()
  }

  init?(_ arguments: some Collection<String>) {
    guard let directory = arguments.first else { return nil }
    self.directory = directory
    for argument in arguments.dropFirst() {
      let parts = argument.split(separator: "=").map(String.init)
      guard parts.count == 2 else { return nil }
      if parts[0] == "codec", let codec = Compression.Codec(rawValue: parts[1]) {
        self.codec = codec
        continue
      }
      if parts[0] == "format", let format = Format(rawValue: parts[1]) {
        self.format = format
        continue
      }
      guard let number = Int(parts[1]) else { return nil }
      switch parts[0] {
      case "rows": rows = number
      case "names": names = number
      case "dates": dates = number
      case "spaced": spaced = number != 0
      case "asString": asString = number != 0
      default: return nil
      }
    }
  }

  func run() throws {
    // Made once and appended over and over, so that making them does not count.
    let made = min(rows, max(20_000, names * dates))
    var batches = (0..<(made + 499) / 500).map { batch(from: $0 * 500, rows: min(500, made - $0 * 500)) }
    let files = try eventFiles(batches)
    var (appended, stored, count, descriptors, seconds, number) = (0, 0, 0, 0, 0.0, 0)
    let begin = FormatsBenchmark.clock(CLOCK_MONOTONIC)
    func take(_ completed: [CompletedFile]) {
      for file in completed {
        stored += file.file.bytes
        count += 1
        unlink(file.staged.path)
      }
    }
    while appended < rows {
      for i in batches[number].rows.indices { batches[number].rows[i].key.sequence = Int64(appended + i) }
      let before = FormatsBenchmark.clock(CLOCK_PROCESS_CPUTIME_ID)
      try files.append(batches[number])
      seconds += FormatsBenchmark.clock(CLOCK_PROCESS_CPUTIME_ID) - before
      appended += batches[number].rows.count
      number = (number + 1) % batches.count
      descriptors = max(descriptors, FormatsBenchmark.openDescriptors)
      take(files.takeCompleted())
    }
    while case let completed = try files.finish(), !completed.isEmpty { take(completed) }
    let elapsed = FormatsBenchmark.clock(CLOCK_MONOTONIC) - begin
    print(
      "rows \(appended) files \(count) stored \(stored) rowsPerSecond \(Int(Double(appended) / elapsed))",
      "rowsPerCPUSecond \(Int(Double(appended) / seconds)) descriptors \(descriptors)",
      "peakKiB \(FormatsBenchmark.peakKiB)")
  }

  /// - Parameter batches: whose properties get their columns beforehand, so that one pass does.
  private func eventFiles(_ batches: [EventBatch]) throws -> EventFiles {
    let definition = Definition(
      source: "s", destination: "d", data: .allEvents, frequency: .once(.today), format: format,
      asString: asString, compression: Compression(codec: codec))
    let revision = Revision(
      account: "1", definition: definition,
      source: .sqlite(SQLiteSourceConfiguration(databases: [], events: nil, profiles: nil)),
      destination: .directory(DirectoryConfiguration(path: directory)), timeZone: "UTC",
      identifiers: [.identity], timing: .recurring(from: LocalDate(daysSinceEpoch: 20_000)))
    let names = RunFileNames(
      account: "1", export: "e", requestId: 1, runTimestamp: 2, date: LocalDate(daysSinceEpoch: 20_000),
      dataType: .events, format: format, codec: codec, prefix: .none)
    let catalogue = EventCatalogue(revision)
    if catalogue.need != .nothing {
      let look = EventLookAhead(catalogue, revision: revision, zone: .utc, rows: .max)
      for batch in batches { _ = try look.append(batch) }
    }
    catalogue.beginPass()
    return try EventFiles(
      names, databaseId: "0", revision: revision, zone: .utc, catalogue: catalogue,
      stagingDirectory: directory)
  }

  private func batch(from first: Int, rows: Int) -> EventBatch {
    var batch = EventBatch()
    func put(_ text: String) -> ByteRange {
      let offset = batch.bytes.count
      batch.bytes.append(contentsOf: text.utf8)
      return ByteRange(offset: UInt32(offset), count: UInt32(batch.bytes.count - offset))
    }
    for i in first..<first + rows {
      let random = UInt64(i) &* 0x9E37_79B9_7F4A_7C15 >> 20
      var row = EventRow(
        ts: 1_764_000_000_000 + Int64(i / names % dates) * 86_400_000 + Int64(i),
        key: ReadKey(pass: 0, order: 0, sequence: 0))
      row.name = put("Event number \(i % names)")
      row.objectId = put("o-\(random % 200_000)")
      row.identity = put("user\(random % 200_000)@example.com")
      row.platform = put("Android")
      row.properties = put(properties(random))
      batch.rows.append(row)
    }
    return batch
  }

  private func properties(_ random: UInt64) -> String {
    let members = [
      "\"Amount\":\(random % 100_000).\(random % 100)", "\"Currency\":\"INR\"",
      "\"Category\":\"Electronics and gadgets\"",
      "\"Product name\":\"Casio Chronograph Watch \(random % 1000)\"", "\"Quantity\":\(random % 9)",
      "\"ct_connected_to_wifi\":false", "\"ct_bluetooth_version\":\"ble\"", "\"ct_latitude\":-6.1975594",
      "\"ct_longitude\":106.52913", "\"ct_os_version\":\"5.1.1\"", "\"ct_network_carrier\":\"Vodafone\"",
      "\"Coupon\":null", "\"ct_sdk_version\":30107",
    ]
    guard spaced else { return "{" + members.joined(separator: ",") + "}" }
    return "{" + members.map { $0.replacing("\":", with: "\": ") }.joined(separator: ", ") + "}"
  }

  private static func clock(_ id: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(id, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static var openDescriptors: Int {
    (0..<1024).count { fcntl($0, F_GETFD) >= 0 }
  }

  /// Of this program alone; what `getrusage` gives begins with the parent's.
  private static var peakKiB: Int {
    guard let status = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(status) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), status) != nil {
      let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        .split(whereSeparator: \.isWhitespace)
      if words.first == "VmHWM:", words.count > 1, let size = Int(words[1]) { return size }
    }
    return 0
  }
}
