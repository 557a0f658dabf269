import ExportCore
import ExportTesting
import Foundation
import Formats
import Testing
import ZoneTesting

/// Which files profiles make, and how they are stored.
@Suite struct ProfileFilesTests {
  static let json = FormatConformance(format: .json, codec: .gzip, reader: "")

  /// Profiles that gzip cannot make smaller by much.
  static func profiles(_ count: Int, bytes: Int) -> [SampleProfile] {
    var random = SeededRandom(seed: 3)
    return (0..<count).map { number in
      let noise = (0..<bytes).map { _ in
        String(Unicode.Scalar(UInt8.random(in: 0x5D...0x7E, using: &random)))
      }.joined()
      return SampleProfile(sequence: Int64(number), properties: "{\"n\":\"\(noise)\"}")
    }
  }

  @Test func filesFollowOneAnotherAndNoneExceedsTheLimit() throws {
    try withTemporaryDirectory { directory in
      var variation = FormatConformance.Case()
      variation.maxFileBytes = 50_000
      let files = try Self.json.profileFiles(variation, in: directory)
      try files.append(ProfileBatch(Self.profiles(60, bytes: 3000)))
      var completed = files.takeCompleted()
      #expect(!completed.isEmpty, "files are there while writing goes on")
      #expect(files.takeCompleted().isEmpty)
      while case let some = try files.finish(), !some.isEmpty { completed += some }
      #expect(completed.count > 2)
      #expect(completed.allSatisfy { $0.file.bytes <= 50_000 })
      #expect(completed.reduce(0) { $0 + $1.file.rows } == 60)
      for (index, file) in completed.enumerated() {
        let number = index == 0 ? "" : "-\(index)"
        #expect(file.file.name == "1-1690283492-1690300000-7\(number)-json.gz")
        #expect(file.file.content == .profiles(index: index))
        #expect(file.file.databaseId == "7")
        #expect(try Data(contentsOf: URL(fileURLWithPath: file.staged.path)).count == file.file.bytes)
      }
    }
  }

  @Test func aRecordThatFitsInNoFileGetsOneOfItsOwn() throws {
    try withTemporaryDirectory { directory in
      var variation = FormatConformance.Case()
      variation.maxFileBytes = 2000
      var profiles = Self.profiles(3, bytes: 100)
      profiles[1].properties = Self.profiles(1, bytes: 9000)[0].properties
      var random = SeededRandom(seed: 1)
      let completed = try Self.json.write(profiles, variation, in: directory, random: &random)
      #expect(completed.map(\.file.rows) == [1, 1, 1])
      #expect(completed.map { $0.file.bytes > 2000 } == [false, true, false])
    }
  }

  /// Whatever the memory, chunks are gzip members, and any reader takes them as one.
  @Test(arguments: [(256 << 10, 8), (ProfileFiles.memory, 3)])
  func largeFilesHaveSeveralMembers(memory: Int, least: Int) throws {
    try withTemporaryDirectory { directory in
      var variation = FormatConformance.Case()
      variation.memory = memory
      var random = SeededRandom(seed: 1)
      let profiles = Self.profiles(400, bytes: 6000)
      let completed = try Self.json.write(profiles, variation, in: directory, random: &random)
      #expect(completed.map(\.file.rows) == [400])
      let output = try Python.run(
        """
        import gzip, sys, zlib
        data, members = open(sys.argv[1], "rb").read(), 0
        lines = gzip.decompress(data).count(b"\\n")
        while data:
            member = zlib.decompressobj(wbits=31)
            member.decompress(data)
            data, members = member.unused_data, members + 1
        print(lines, members)
        """,
        arguments: [completed[0].staged.path])
      let figures = output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
      #expect(figures[0] == 400)
      #expect(figures[1] >= least, "\(output)")
    }
  }

  /// Names end in .gz, so that the files are gzip even for a definition that asks for something else.
  @Test(arguments: [Compression.Codec.none, .gzip])
  func theyAreAlwaysCompressed(codec: Compression.Codec) throws {
    try withTemporaryDirectory { directory in
      var random = SeededRandom(seed: 1)
      let completed = try FormatConformance(format: .json, codec: codec, reader: "")
        .write([SampleProfile(sequence: 1)], .init(), in: directory, random: &random)
      #expect(completed.map(\.file.name) == ["1-1690283492-1690300000-7-json.gz"])
      let data = try Data(contentsOf: URL(fileURLWithPath: completed[0].staged.path))
      #expect(data.starts(with: [0x1F, 0x8B]))
    }
  }

  @Test func theLevelIsTheDefinitions() throws {
    func bytes(level: Int?) throws -> Int {
      try withTemporaryDirectory { directory in
        var revision = Self.json.revision(.init(), path: directory, data: .profiles)
        revision.definition.compression.level = level
        let files = try ProfileFiles(
          Self.json.fileNames(of: .profiles), databaseId: "7", revision: revision,
          catalogue: ProfileCatalogue(revision, known: []), stagingDirectory: directory)
        try files.append(
          ProfileBatch((0..<2000).map { SampleProfile(sequence: $0, properties: "{\"n\":\($0 * $0 % 977)}") })
        )
        return try files.finish().reduce(0) { $0 + $1.file.bytes }
      }
    }
    #expect(try bytes(level: 1) > bytes(level: 9))
    #expect(try bytes(level: nil) == bytes(level: 6))
    let error = #expect(throws: ExportError.self) { try bytes(level: 12) }
    #expect(error?.hint == "use a level from 0 to 9")
  }

  @Test func aRunOfRejectedProfilesHasNoDataFile() throws {
    try withTemporaryDirectory { directory in
      let files = try Self.json.profileFiles(.init(), in: directory)
      try files.append(ProfileBatch([SampleProfile(sequence: 4, properties: "[")]))
      #expect(files.rejectedRows == 1)
      let completed = try files.finish()
      #expect(completed.map(\.file.content) == [.rejected])
      #expect(completed.map(\.file.rows) == [1])
      let four = ReadKey(pass: 0, order: 0, sequence: 4)
      #expect(completed.map(\.keys) == [four...four])
      #expect(try files.finish().isEmpty)
    }
  }

  @Test func whatIsAbandonedLeavesNothing() throws {
    try withTemporaryDirectory { directory in
      var variation = FormatConformance.Case()
      variation.maxFileBytes = 10_000
      let files = try Self.json.profileFiles(variation, in: directory)
      try files.append(ProfileBatch(Self.profiles(20, bytes: 3000)))
      // They are stored by another thread, in its own time.
      var left: [String] = []
      for _ in 0..<500 where left.count <= 2 {
        Thread.sleep(forTimeInterval: 0.01)
        left = try FileManager.default.contentsOfDirectory(atPath: directory)
      }
      #expect(left.count > 2)
      for name in left { #expect(TemporaryFileName.isOurs(name, stem: Self.json.fileNames.stem)) }
      files.abandon()
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }
  }

  @Test func profilesOutOfOrderAreSaidSo() throws {
    try withTemporaryDirectory { directory in
      let files = try Self.json.profileFiles(.init(), in: directory)
      try files.append(ProfileBatch([5, 3].map { SampleProfile(sequence: $0) }))
      let error = #expect(throws: ExportError.self) { try files.finish() }
      #expect(error?.problem == "rows came out of the order of their keys")
    }
  }
}
