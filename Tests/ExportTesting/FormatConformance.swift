package import ExportCore
import Foundation
package import Formats
import Testing
import TimeZones
import ZoneTesting

/// What every format must do, whatever its files look like: each row once, in the file of its series, with
/// every value as the source had it; names, sizes and digests as promised; the same rows, the same bytes. What
/// the files hold is read by Python, which also works out on its own what they should hold.
///
/// One value is for events or for profiles, as its reader is.
package struct FormatConformance: Sendable, CustomTestStringConvertible {
  package let format: Format
  package let codec: Compression.Codec
  /// Python. For events, `def records(path)` yields, for each record of a file, a pair of the event's name and a
  /// dict of `profile`, `ts`, `deviceInfo`, `eventProps`, `session_props`, `controlGroupName`, absent ones left
  /// out. For profiles, it yields whatever a record is, and `def form(profile)` tells what that should be for a dict
  /// of `identity`, `all_identities`, `objectId`, `device`, `communication`, `properties`, `deleted`, absent ones
  /// left out. `parse(text, hook)` is there to read JSON: a number becomes a `Number` of its digits. It may define
  /// anew what `form(record, note)`, `named(name)` and `whole(paths, records)` say of events.
  package let reader: String

  package var testDescription: String { "\(format.rawValue), \(codec.rawValue)" }

  package init(format: Format, codec: Compression.Codec, reader: String) {
    self.format = format
    self.codec = codec
    self.reader = reader
  }

  /// What varies from one case to the next.
  package struct Case: Sendable {
    package var asString = false
    package var includeObjectId = true
    package var identifiers: [Identifier] = [.identity]
    package var maxFileBytes = 100_000_000
    package var timeZone = "UTC"
    package var memory = EventFiles.memory

    package init() {}
  }

  package func revision(
    _ variation: Case, path: String, data: DataSelection = .allEvents
  ) -> Revision {
    let definition = Definition(
      source: "s", destination: "d", data: data, frequency: .once(.today), format: format,
      asString: variation.asString, includeObjectId: variation.includeObjectId,
      compression: Compression(codec: codec), maxFileBytes: variation.maxFileBytes)
    return Revision(
      account: "1", definition: definition,
      source: .sqlite(SQLiteSourceConfiguration(databases: [], events: nil, profiles: nil)),
      destination: .directory(DirectoryConfiguration(path: path)), timeZone: variation.timeZone,
      identifiers: variation.identifiers, timing: .recurring(from: LocalDate(daysSinceEpoch: 20_000)))
  }

  package var fileNames: RunFileNames { fileNames(of: .events) }

  package func fileNames(of dataType: DataType) -> RunFileNames {
    RunFileNames(
      account: "1", export: "e", requestId: 1_690_283_492, runTimestamp: 1_690_300_000,
      date: LocalDate(daysSinceEpoch: 20_000), dataType: dataType, format: format, codec: codec, prefix: .none
    )
  }

  /// - Parameter catalogue: in a pass that has begun; nil makes a new one.
  package func eventFiles(
    _ variation: Case, in directory: String, _ catalogue: EventCatalogue? = nil,
    delivered: [DeliveredEventFile] = []
  ) throws -> EventFiles {
    let revision = revision(variation, path: directory)
    return try EventFiles(
      fileNames, databaseId: "7", revision: revision,
      zone: try ZoneDatabase().zone(named: variation.timeZone),
      catalogue: catalogue ?? EventCatalogue(revision), stagingDirectory: directory,
      delivered: delivered, memory: variation.memory)
  }

  /// Writes the events, cut into batches of random sizes, and gives every finished file.
  package func write(
    _ events: [SampleEvent], _ variation: Case, in directory: String, delivered: [DeliveredEventFile] = [],
    random: inout some RandomNumberGenerator
  ) throws -> [CompletedFile] {
    let catalogue = EventCatalogue(revision(variation, path: directory))
    var completed: [CompletedFile] = []
    var delivered = delivered
    repeat {
      catalogue.beginPass()
      let files = try eventFiles(variation, in: directory, catalogue, delivered: delivered)
      var rest = events[...]
      while !rest.isEmpty {
        let batch = rest.prefix(Int.random(in: 1...40, using: &random))
        rest = rest.dropFirst(batch.count)
        try files.append(EventBatch(batch))
        completed += files.takeCompleted()
      }
      while case let some = try files.finish(atMost: 3), !some.isEmpty { completed += some }
      completed = files.valid(completed)
      if !catalogue.grown.isEmpty { try Self.putAside(&completed) }
      delivered = []
    } while !catalogue.grown.isEmpty
    return completed
  }

  /// Out of the way of the files of the next pass, as if they had been delivered.
  private static func putAside(_ completed: inout [CompletedFile]) throws {
    for index in completed.indices {
      let path = completed[index].staged.path
      completed[index].staged.path += "+"
      try FileManager.default.moveItem(atPath: path, toPath: path + "+")
    }
  }

  /// Random events through random variations; `rounds` of them.
  package func run(seed: UInt64, rounds: Int) throws {
    try runEvents(rounds, seed: seed) { _, random in
      var samples = SampleEvents(random: random)
      let count = Int.random(in: 0...300, using: &random)
      return Round(
        title: "seed \(seed)", variation: Case(random: &random), rows: (0..<count).map { _ in samples.next() }
      )
    }
  }

  func runEvents(
    _ rounds: Int, seed: UInt64, _ round: (Int, inout SeededRandom) -> Round<SampleEvent>
  ) throws {
    try run(rounds, seed: seed, judge: Self.eventJudge, round) {
      try write($0.rows, $0.variation, in: $1, random: &$2)
    }
  }

  /// What is written and judged at a time.
  struct Round<Sample> {
    /// What a complaint names it by.
    let title: String
    let variation: Case
    let rows: [Sample]
  }

  /// - Parameters:
  ///   - judge: Python that defines `judge(directory)`.
  ///   - round: makes the round of a number.
  func run<Sample: Encodable>(
    _ rounds: Int, seed: UInt64, judge: String, _ round: (Int, inout SeededRandom) -> Round<Sample>,
    write: (Round<Sample>, String, inout SeededRandom) throws -> [CompletedFile]
  ) throws {
    var random = SeededRandom(seed: seed)
    try withTemporaryDirectory { root in
      for number in 0..<rounds {
        let directory = "\(root)/\(number)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let round = round(number, &random)
        _ = random.next()
        let completed = try write(round, directory, &random)
        // The same rows in other batches make the same files.
        let again = "\(root)/again"
        let second = try write(round, again, &random)
        #expect(second.map(\.file) == completed.map(\.file), "\(round.title)")
        #expect(second.map(\.keys) == completed.map(\.keys), "\(round.title)")
        try FileManager.default.removeItem(atPath: again)
        try note(completed, round, in: directory)
      }
      let program = [Self.reading, reader, judge, Self.judging].joined(separator: "\n")
      let complaints = try Python.run(program, arguments: [root], needsReaders: format == .parquet)
      #expect(complaints == "judged \(rounds)\n")
    }
  }

  /// Puts beside the files what the judge needs to know.
  private func note(
    _ completed: [CompletedFile], _ round: Round<some Encodable>, in directory: String
  ) throws {
    let variation = round.variation
    let files = completed.map {
      Note.File(
        path: $0.staged.path, name: $0.file.name, rows: $0.file.rows, bytes: $0.file.bytes,
        sha256: $0.file.sha256,
        first: $0.keys.lowerBound.sequence, last: $0.keys.upperBound.sequence)
    }
    let note = Note(
      title: round.title, files: files, asString: variation.asString,
      includeObjectId: variation.includeObjectId,
      identifiers: variation.identifiers, maxFileBytes: variation.maxFileBytes, timeZone: variation.timeZone,
      format: format, fileExtension: fileNames.fileExtension)
    try JSONEncoder().encode(note).write(to: URL(fileURLWithPath: "\(directory)/note.json"))
    try JSONEncoder().encode(round.rows).write(to: URL(fileURLWithPath: "\(directory)/samples.json"))
  }

  private struct Note: Encodable {
    struct File: Encodable {
      var path, name: String
      var rows, bytes: Int
      var sha256: String
      var first, last: Int64
    }
    var title: String
    var files: [File]
    var asString, includeObjectId: Bool
    var identifiers: [Identifier]
    var maxFileBytes: Int
    var timeZone: String
    var format: Format
    var fileExtension: String
  }
}

extension FormatConformance.Case {
  init(random: inout some RandomNumberGenerator) {
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
