package import ExportCore
import Foundation
package import Formats
import Testing
import TimeZones

/// What every format must do, whatever its files look like: each row once, in the file of its series, with
/// every value as the source had it; names, sizes and digests as promised; the same rows, the same bytes. What
/// the files hold is read by Python, which also works out on its own what they should hold.
package struct FormatConformance {
  package let format: Format
  package let codec: Compression.Codec
  /// Python: `def records(path)` yields, for each record of a file, a pair of the event's name and a
  /// dict of `profile`, `ts`, `deviceInfo`, `eventProps`, `session_props`, `controlGroupName`, absent ones left
  /// out. `parse(text)` is there to read JSON: a number becomes a `Number` of its digits.
  package let reader: String

  package init(format: Format, codec: Compression.Codec, reader: String) {
    self.format = format
    self.codec = codec
    self.reader = reader
  }

  /// What varies from one case to the next.
  package struct Case {
    package var asString = false
    package var includeObjectId = true
    package var identifiers: [Identifier] = [.identity]
    package var maxFileBytes = 100_000_000
    package var timeZone = "UTC"
    package var memory = EventFiles.memory

    package init() {}
  }

  package func revision(_ variation: Case, path: String) -> Revision {
    let definition = Definition(
      source: "s", destination: "d", data: .allEvents, frequency: .once(.today), format: format,
      asString: variation.asString, includeObjectId: variation.includeObjectId,
      compression: Compression(codec: codec), maxFileBytes: variation.maxFileBytes)
    return Revision(
      account: "1", definition: definition,
      source: .sqlite(SQLiteSourceConfiguration(databases: [], events: nil, profiles: nil)),
      destination: .directory(DirectoryConfiguration(path: path)), timeZone: variation.timeZone,
      identifiers: variation.identifiers, timing: .recurring(from: LocalDate(daysSinceEpoch: 20_000)))
  }

  package var fileNames: RunFileNames {
    RunFileNames(
      account: "1", export: "e", requestId: 1_690_283_492, runTimestamp: 1_690_300_000,
      date: LocalDate(daysSinceEpoch: 20_000), dataType: .events, format: format, codec: codec, prefix: .none)
  }

  package func eventFiles(
    _ variation: Case, in directory: String, delivered: [DeliveredEventFile] = []
  ) throws -> EventFiles {
    try EventFiles(
      fileNames, databaseId: "7", revision: revision(variation, path: directory),
      zone: try ZoneDatabase().zone(named: variation.timeZone), stagingDirectory: directory,
      delivered: delivered, memory: variation.memory)
  }

  /// Writes the events, cut into batches of random sizes, and gives every finished file.
  package func write(
    _ events: [SampleEvent], _ variation: Case, in directory: String, delivered: [DeliveredEventFile] = [],
    random: inout some RandomNumberGenerator
  ) throws -> [CompletedFile] {
    let files = try eventFiles(variation, in: directory, delivered: delivered)
    var completed: [CompletedFile] = []
    var rest = events[...]
    while !rest.isEmpty {
      let batch = rest.prefix(Int.random(in: 1...40, using: &random))
      rest = rest.dropFirst(batch.count)
      try files.append(EventBatch(batch))
      completed += files.takeCompleted()
    }
    while case let some = try files.finish(atMost: 3), !some.isEmpty { completed += some }
    return completed
  }

  /// Random rows through random variations; `rounds` of them.
  package func run(seed: UInt64, rounds: Int, random: inout some RandomNumberGenerator) throws {
    try withTemporaryDirectory { root in
      for round in 0..<rounds {
        let directory = "\(root)/\(round)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let variation = Case(random: &random)
        var samples = SampleEvents(random: random)
        let events = (0..<Int.random(in: 0...300, using: &random)).map { _ in samples.next() }
        _ = random.next()
        let completed = try write(events, variation, in: directory, random: &random)
        try expectSameBytes(completed, events, variation, root: root, &random)
        try note(completed, events, variation, in: directory)
      }
      let complaints = try Python.run(Self.judge.replacing("#READER", with: reader), arguments: [root])
      #expect(complaints == "judged \(rounds)\n", "seed \(seed)")
    }
  }

  /// The same rows in other batches make the same files.
  private func expectSameBytes(
    _ completed: [CompletedFile], _ events: [SampleEvent], _ variation: Case, root: String,
    _ random: inout some RandomNumberGenerator
  ) throws {
    let again = "\(root)/again"
    let second = try write(events, variation, in: again, random: &random)
    #expect(second.map(\.file) == completed.map(\.file))
    #expect(second.map(\.keys) == completed.map(\.keys))
    try FileManager.default.removeItem(atPath: again)
  }

  /// Puts beside the files what the judge needs to know.
  private func note(
    _ completed: [CompletedFile], _ events: [SampleEvent], _ variation: Case, in directory: String
  ) throws {
    let encoder = JSONEncoder()
    let files = completed.map {
      Note.File(
        path: $0.staged.path, name: $0.file.name, rows: $0.file.rows, bytes: $0.file.bytes,
        sha256: $0.file.sha256,
        first: $0.keys.lowerBound.sequence, last: $0.keys.upperBound.sequence)
    }
    let note = Note(
      events: events, files: files, asString: variation.asString, includeObjectId: variation.includeObjectId,
      identifiers: variation.identifiers, maxFileBytes: variation.maxFileBytes, timeZone: variation.timeZone,
      fileExtension: fileNames.fileExtension)
    try encoder.encode(note).write(to: URL(fileURLWithPath: "\(directory)/note.json"))
  }

  private struct Note: Encodable {
    struct File: Encodable {
      var path, name: String
      var rows, bytes: Int
      var sha256: String
      var first, last: Int64
    }
    var events: [SampleEvent]
    var files: [File]
    var asString, includeObjectId: Bool
    var identifiers: [Identifier]
    var maxFileBytes: Int
    var timeZone: String
    var fileExtension: String
  }
}

extension FormatConformance.Case {
  fileprivate init(random: inout some RandomNumberGenerator) {
    asString = .random(using: &random)
    includeObjectId = .random(using: &random)
    identifiers = Array(
      Identifier.allCases.shuffled(using: &random).prefix(.random(in: 1...3, using: &random)))
    maxFileBytes = [1, 200, 3_000, 40_000, 100_000_000].randomElement(using: &random)!
    timeZone = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia"]
      .randomElement(using: &random)!
    // The least leaves room for few pages, so that most files are written in many small chunks.
    memory = [256 << 10, EventFiles.memory].randomElement(using: &random)!
  }
}
