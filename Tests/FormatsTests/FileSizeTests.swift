import ExportCore
import ExportTesting
import Foundation
import Formats
import Testing
import TimeZones
import ZoneTesting

/// When a file ends and the next one begins.
@Suite struct FileSizeTests {
  static func format(_ codec: Compression.Codec) -> FormatConformance {
    FormatConformance(format: .json, codec: codec, reader: "")
  }

  /// Events whose records take `bytes` each: 31 are the shortest.
  static func events(_ bytes: [Int], name: String = "E") -> [SampleEvent] {
    let shortest = "{\"ts\":20261124000000,\"eventProps\":{}}\n".utf8.count
    return bytes.enumerated().map { number, bytes in
      let filler = bytes - shortest - 5
      precondition(filler >= 0)
      return SampleEvent(
        ts: Instant("2026-11-24T00:00:00Z").seconds * 1000, sequence: Int64(number), name: name,
        properties: "{\"\":\"\(String(repeating: "x", count: filler))\"}")
    }
  }

  static func write(
    _ events: [SampleEvent], _ codec: Compression.Codec, maxFileBytes: Int, memory: Int = EventFiles.memory,
    delivered: [DeliveredEventFile] = []
  ) throws -> [CompletedFile] {
    try withTemporaryDirectory { directory in
      var variation = FormatConformance.Case()
      variation.maxFileBytes = maxFileBytes
      variation.memory = memory
      var random = SeededRandom(seed: 1)
      return try format(codec).write(events, variation, in: directory, delivered: delivered, random: &random)
        .sorted { $0.keys.lowerBound < $1.keys.lowerBound }
    }
  }

  /// The first line of each file, `"E"` and its end.
  static let header = 4

  @Test func aFileIsFilledToTheByte() throws {
    let events = Self.events([100, 100, 100, 100])
    #expect(try Self.write(events, .none, maxFileBytes: 204).map(\.file.bytes) == [204, 204])
    #expect(try Self.write(events, .none, maxFileBytes: 203).map(\.file.bytes) == [104, 104, 104, 104])
    #expect(try Self.write(events, .none, maxFileBytes: 404).map(\.file.bytes) == [404])
    #expect(try Self.write(events, .none, maxFileBytes: 403).map(\.file.bytes) == [304, 104])
  }

  @Test func aRecordThatFitsInNoFileGetsOneOfItsOwn() throws {
    let sizes = [100, 100, 500, 100, 700, 800, 100]
    let files = try Self.write(Self.events(sizes), .none, maxFileBytes: 300)
    #expect(files.map(\.file.bytes) == [204, 504, 104, 704, 804, 104])
    #expect(files.map(\.file.rows) == [2, 1, 1, 1, 1, 1])
    #expect(files.map(\.file.content) == (0..<6).map { .events(name: "E", date: "2026-11-24", index: $0) })
  }

  /// Larger than a chunk, and than what may wait in memory.
  @Test(arguments: [Compression.Codec.none, .gzip])
  func recordsOfMegabytes(codec: Compression.Codec) throws {
    let sizes = [100, 3_000_000, 100, 70_000, 5_000_000, 100]
    let files = try Self.write(Self.events(sizes), codec, maxFileBytes: 100_000_000, memory: 1 << 18)
    #expect(files.map(\.file.rows) == [6])
    if codec == .none { #expect(files[0].file.bytes == sizes.reduce(Self.header, +)) }
  }

  @Test(arguments: [Compression.Codec.none, .gzip], [1 << 18, EventFiles.memory])
  func noFileExceedsTheLimitNorEndsTooSoon(codec: Compression.Codec, memory: Int) throws {
    var random = SeededRandom(seed: 77)
    for _ in 0..<(Effort.isLong ? 200 : 20) {
      let limit = Int.random(in: 50...60_000, using: &random)
      let largest = Int.random(in: 45...3000, using: &random)
      let sizes = (0..<Int.random(in: 1...300, using: &random)).map { _ in
        Int.random(in: 44...largest, using: &random)
      }
      let files = try Self.write(Self.events(sizes), codec, maxFileBytes: limit, memory: memory)
      #expect(files.reduce(0) { $0 + $1.file.rows } == sizes.count)
      for (file, next) in zip(files, files.dropFirst()) {
        #expect(file.file.bytes <= limit || file.file.rows == 1)
        #expect(file.keys.upperBound.sequence + 1 == next.keys.lowerBound.sequence)
        let firstOfNext = sizes[Int(next.keys.lowerBound.sequence)]
        if codec == .none { #expect(file.file.bytes + firstOfNext > limit) }
      }
    }
  }

  /// What is incompressible takes most room, and the limit holds there, too.
  @Test(arguments: Array(0...9))
  func everyLevelOfGzipKeepsTheLimit(level: Int) throws {
    var random = SeededRandom(seed: UInt64(level))
    let events = (0..<60).map { number in
      let noise = (0..<3000).map { _ in
        String(Unicode.Scalar(UInt8.random(in: 0x5D...0x7E, using: &random)))
      }.joined()
      return SampleEvent(ts: 0, sequence: Int64(number), name: "E", properties: "{\"n\":\"\(noise)\"}")
    }
    try withTemporaryDirectory { directory in
      var variation = FormatConformance.Case()
      variation.maxFileBytes = 50_000
      let format = Self.format(.gzip)
      var revision = format.revision(variation, path: directory)
      revision.definition.compression.level = level
      let files = try EventFiles(
        format.fileNames, databaseId: "7", revision: revision, zone: .utc,
        catalogue: EventCatalogue(revision), stagingDirectory: directory)
      try files.append(EventBatch(events))
      var completed = files.takeCompleted()
      while case let some = try files.finish(), !some.isEmpty { completed += some }
      #expect(completed.count > 1)
      #expect(completed.allSatisfy { $0.file.bytes <= 50_000 })
      let output = try Python.run(
        "import sys, gzip\nprint(sum(gzip.open(p).read().count(b'\\n') - 1 for p in sys.argv[1:]))",
        arguments: completed.map(\.staged.path))
      #expect(output == "60\n")
    }
  }

  @Test func aLevelThatGzipDoesNotHaveIsRefused() throws {
    try withTemporaryDirectory { directory in
      var revision = Self.format(.gzip).revision(.init(), path: directory)
      revision.definition.compression.level = 12
      let error = #expect(throws: ExportError.self) {
        try EventFiles(
          Self.format(.gzip).fileNames, databaseId: "7", revision: revision, zone: .utc,
          catalogue: EventCatalogue(revision), stagingDirectory: directory)
      }
      #expect(error?.hint == "use a level from 0 to 9")
    }
  }

  @Test func filesAreThereWhileWritingGoesOn() throws {
    try withTemporaryDirectory { directory in
      var variation = FormatConformance.Case()
      variation.maxFileBytes = 250
      let files = try Self.format(.none).eventFiles(variation, in: directory)
      try files.append(EventBatch(Self.events([100, 100, 100, 100, 100])))
      // They are stored beside.
      var completed: [CompletedFile] = []
      for _ in 0..<2000 where completed.count < 2 {
        usleep(5000)
        completed += files.takeCompleted()
      }
      #expect(completed.map(\.file.rows) == [2, 2])
      for file in completed {
        #expect(try Data(contentsOf: URL(fileURLWithPath: file.staged.path)).count == file.file.bytes)
      }
      #expect(files.takeCompleted().isEmpty)
      #expect(try files.finish().map(\.file.rows) == [1])
      #expect(try files.finish().isEmpty)
    }
  }
}
