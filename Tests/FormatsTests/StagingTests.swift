import ExportCore
import ExportTesting
import Foundation
import Formats
import Testing
import ZoneTesting

/// The staging directory: what is in it, when it fills up, and when it cannot be used.
@Suite struct StagingTests {
  static let format = FormatConformance(format: .json, codec: .none, reader: "")

  static func leftovers(_ directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
  }

  @Test func filesUnderConstructionAreHiddenAndBearTheStem() throws {
    try withTemporaryDirectory { directory in
      var variation = FormatConformance.Case()
      variation.maxFileBytes = 200
      let files = try Self.format.eventFiles(variation, in: directory)
      try files.append(EventBatch(FileSizeTests.events([100, 100, 100])))
      // They are written beside.
      var left: [String] = []
      for _ in 0..<2000 where left.count < 2 {
        usleep(5000)
        left = try Self.leftovers(directory)
      }
      #expect(left == [".exportd-1690283492-1690300000-7-1.part", ".exportd-1690283492-1690300000-7-2.part"])
      for name in left { #expect(TemporaryFileName.isOurs(name, stem: Self.format.fileNames.stem)) }
      files.abandon()
      #expect(try Self.leftovers(directory).isEmpty)
    }
  }

  @Test func aFileOfADeadAttemptIsWrittenOver() throws {
    try withTemporaryDirectory { directory in
      let path = directory + "/.exportd-1690283492-1690300000-7-1.part"
      try Data("left by a crash, longer than what is written now, and then some more of it".utf8)
        .write(to: URL(fileURLWithPath: path))
      let files = try Self.format.eventFiles(.init(), in: directory)
      try files.append(EventBatch([SampleEvent(ts: 0, sequence: 1, name: "E")]))
      let completed = try files.finish()
      #expect(completed.map(\.staged.path) == [path])
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "\"E\"\n{\"ts\":19700101000000}\n")
    }
  }

  @Test func aMissingDirectoryIsMadeButNotItsParents() throws {
    try withTemporaryDirectory { directory in
      _ = try Self.format.eventFiles(.init(), in: directory + "/new")
      #expect(FileManager.default.fileExists(atPath: directory + "/new"))
      let error = #expect(throws: ExportError.self) {
        try Self.format.eventFiles(.init(), in: directory + "/far/away")
      }
      #expect(error?.stage == .staging)
      #expect(error?.kind == .lasting)
      #expect(error?.hint?.contains("mkdir -p \(directory)/far/away") == true)
      try Data().write(to: URL(fileURLWithPath: directory + "/file"))
      let notADirectory = #expect(throws: ExportError.self) {
        try Self.format.eventFiles(.init(), in: directory + "/file")
      }
      #expect(notADirectory?.description.contains("Not a directory") == true)
    }
  }

  @Test func aFullDiskIsSaidSoAndNothingIsLeft() throws {
    try withFileSystem(size: "1m") { directory in
      let files = try Self.format.eventFiles(.init(), in: directory)
      let events = FileSizeTests.events(Array(repeating: 10_000, count: 200))
      let error = #expect(throws: ExportError.self) {
        try files.append(EventBatch(events))
        _ = try files.finish()
      }
      #expect(error?.stage == .staging)
      #expect(error?.kind == .passing)
      #expect(error?.object == directory)
      let problem = try #require(error?.problem)
      #expect(
        problem.contains(/^cannot write: No space left on device \(\d+ bytes needed, \d+ free\)$/),
        "\(problem)")
      #expect(error?.hint == "free space on the file system of \(directory)")
      files.abandon()
      #expect(try Self.leftovers(directory).isEmpty)
    }
  }

  @Test func aFileSystemThatMayNotBeWrittenIsSaidSo() throws {
    try withFileSystem(size: "1m", isReadOnly: true) { directory in
      let files = try Self.format.eventFiles(.init(), in: directory)
      let error = #expect(throws: ExportError.self) {
        try files.append(EventBatch(FileSizeTests.events([100])))
        _ = try files.finish()
      }
      #expect(error?.kind == .lasting)
      #expect(error?.hint?.contains("ReadWritePaths=\(directory)") == true)
      files.abandon()
    }
  }

  /// In a process of its own, because the limits are a process's and memory is counted for one.
  @Test(arguments: ["none", "gzip"])
  func sixtyThousandSeriesInLittleMemoryWithFewDescriptors(codec: String) throws {
    try withFileSystem(size: "1g") { directory in
      let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("FormatsBenchmark").path
      let output = try Python.run(
        """
        import resource, subprocess, sys
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
        subprocess.run(sys.argv[1:], preexec_fn=limit, check=True)
        """,
        arguments: [program, directory, "rows=120000", "names=20000", "dates=3", "codec=\(codec)"])
      let words = output.split(whereSeparator: \.isWhitespace).map(String.init)
      func figure(_ name: String) throws -> Int {
        try #require(words.firstIndex(of: name).flatMap { Int(words[$0 + 1]) }, "\(output)")
      }
      #expect(try figure("rows") == 120_000)
      #expect(try figure("files") == 60_000)
      #expect(try figure("descriptors") < 16)
      // About 40 MiB of it are the rows that the program makes before.
      #expect(try figure("peakKiB") < 128 << 10)
      #expect(try Self.leftovers(directory).isEmpty)
    }
  }
}
