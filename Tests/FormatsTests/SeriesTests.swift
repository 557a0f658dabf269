import ExportCore
import ExportTesting
import Foundation
import Formats
import Testing
import TimeZones
import ZoneTesting

/// Names, indices, and going on after an interruption.
@Suite struct SeriesTests {
  static func content(_ files: [CompletedFile]) -> [String: [Int64]] {
    Dictionary(
      uniqueKeysWithValues: files.map {
        ($0.file.name, [$0.keys.lowerBound.sequence, $0.keys.upperBound.sequence])
      })
  }

  static func events(_ names: [String]) -> [SampleEvent] {
    names.enumerated().map {
      SampleEvent(ts: Instant("2026-11-24T00:00:00Z").seconds * 1000, sequence: Int64($0), name: $1)
    }
  }

  @Test func namesThatLookAlikeShareTheirIndices() throws {
    let names = ["A B", "A-B", "A/B", "A B", "C"]
    let files = try FileSizeTests.write(Self.events(names), .none, maxFileBytes: 10_000)
    #expect(
      Self.content(files) == [
        "1690283492-1690300000-A-B-20261124-0-7.json": [0, 3],
        "1690283492-1690300000-A-B-20261124-1-7.json": [1, 1],
        "1690283492-1690300000-A-B-20261124-2-7.json": [2, 2],
        "1690283492-1690300000-C-20261124-0-7.json": [4, 4],
      ])
    #expect(
      files.map(\.file.content)
        == ["A B", "A-B", "A/B", "C"].enumerated().map { number, name in
          .events(name: name, date: "2026-11-24", index: name == "C" ? 0 : number)
        })
  }

  @Test func deliveredRowsAreLeftOutAndTheirIndicesKept() throws {
    let names = Array(repeating: ["A B", "A-B"], count: 6).flatMap { $0 }
    let files = try FileSizeTests.write(
      Self.events(names), .none, maxFileBytes: 10_000,
      delivered: [
        DeliveredEventFile(
          eventName: "A B", date: "2026-11-24", index: 1,
          keys: ReadKey(pass: 0, order: 0, sequence: 0)...ReadKey(pass: 0, order: 0, sequence: 4))
      ])
    #expect(
      Self.content(files) == [
        "1690283492-1690300000-A-B-20261124-0-7.json": [1, 11],
        "1690283492-1690300000-A-B-20261124-2-7.json": [6, 10],
      ])
  }

  /// Whichever files were delivered before an interruption: the run as a whole holds each row once.
  @Test func goingOnAfterAnyInterruption() throws {
    var random = SeededRandom(seed: 5)
    for round in 0..<(Effort.isLong ? 300 : 30) {
      let names = (0..<200).map { _ in ["A B", "A-B", "C"].randomElement(using: &random)! }
      let events = Self.events(names)
      let codec: Compression.Codec = round % 2 == 0 ? .none : .gzip
      let limit = Int.random(in: 100...900, using: &random)
      let first = try FileSizeTests.write(events, codec, maxFileBytes: limit)
      let kept = first.filter { _ in Bool.random(using: &random) }
      let delivered = kept.map { file in
        guard case .events(let name, let date, let index) = file.file.content else { fatalError() }
        return DeliveredEventFile(eventName: name, date: date, index: index, keys: file.keys)
      }
      let second = try FileSizeTests.write(events, codec, maxFileBytes: limit, delivered: delivered)
      let all = kept + second
      #expect(Set(all.map(\.file.name)).count == all.count, "a name twice")
      #expect(all.reduce(0) { $0 + $1.file.rows } == events.count)
    }
  }

  @Test func rejectedRowsAreCollectedAnew() throws {
    var events = Self.events(["A", "A", "A"])
    events[1].properties = "{"
    let files = try FileSizeTests.write(
      events, .none, maxFileBytes: 10_000,
      delivered: [
        DeliveredEventFile(
          eventName: "A", date: "2026-11-24", index: 0,
          keys: ReadKey(pass: 0, order: 0, sequence: 0)...ReadKey(pass: 0, order: 0, sequence: 2))
      ])
    #expect(Self.content(files) == ["1690283492-1690300000-rejected-7.jsonl": [1, 1]])
  }

  @Test(arguments: [(Format.csv, Compression.Codec.zstd), (.json, .zstd)])
  func whatThisVersionCannotWriteIsRefused(format: Format, codec: Compression.Codec) throws {
    try withTemporaryDirectory { directory in
      let error = #expect(throws: ExportError.self) {
        try FormatConformance(format: format, codec: codec, reader: "").eventFiles(.init(), in: directory)
      }
      #expect(error?.stage == .configuration)
    }
  }
}
