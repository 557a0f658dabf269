import DirectoryDestination
import ExportCore
import ExportTesting
import Foundation
import Glibc
import Testing

@Suite struct LocalDirectoryTests {
  @Test(arguments: DestinationConformance.Requirement.allCases)
  func conforms(requirement: DestinationConformance.Requirement) async throws {
    try await withTemporaryDirectory { root in
      let path = root + "/exports"
      try await DestinationConformance(
        LocalDirectory(DirectoryConfiguration(path: path)), staging: path,
        unfinished: {
          try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasPrefix(".") }
        }
      ).check(requirement)
      #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["exports"], "wrote beside it")
    }
  }

  static func status(_ path: String) throws -> stat {
    var status = stat()
    try #require(lstat(path, &status) == 0, "\(path) is not there")
    return status
  }

  static func stage(_ text: String, in directory: String) throws -> StagedFile {
    let path = directory + "/.exportd-1-2-0-1.part"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return StagedFile(path: path, bytes: text.utf8.count, sha256: "")
  }

  /// In a process of its own: the umask is the whole process's, and other tests make files meanwhile.
  @Test func modesWhateverTheUmask() async {
    await #expect(processExitsWith: .success) {
      umask(0o077)
      for (file, directory) in [
        (0o640, 0o750), (0o600, 0o700), (0o644, 0o755), (0o660, 0o770), (0o440, 0o750), (0o664, 0o775),
      ] {
        try await withTemporaryDirectory { root in
          let path = root + "/exports"
          let local = LocalDirectory(DirectoryConfiguration(path: path, mode: UInt32(file)))
          try await local.removeLeftovers(stem: "1-2-")
          try await local.deliver(try Self.stage("x", in: path), as: "a/b/x")
          try await local.put([1], as: "m")
          for name in ["a/b/x", "m"] {
            #expect(try Self.status("\(path)/\(name)").st_mode & 0o7777 == UInt32(file))
          }
          for name in ["", "/a", "/a/b"] {
            #expect(try Self.status(path + name).st_mode & 0o7777 == UInt32(directory))
          }
        }
      }
    }
  }

  @Test func theGroupIsGivenToFilesAndDirectories() async throws {
    let group = try #require(getgrnam("daemon"), "this test needs the group daemon").pointee.gr_gid
    try await withTemporaryDirectory { root in
      let path = root + "/exports"
      let local = LocalDirectory(DirectoryConfiguration(path: path, group: "daemon"))
      try await local.put([1], as: "a/x")
      for name in ["", "/a", "/a/x"] { #expect(try Self.status(path + name).st_gid == group) }
    }
  }

  @Test func aGroupThatIsNotThere() async throws {
    try await withTemporaryDirectory { root in
      let local = LocalDirectory(DirectoryConfiguration(path: root, group: "no-such-group"))
      let error = await #expect(throws: ExportError.self) { try await local.put([1], as: "x") }
      #expect(
        error?.description
          == "no-such-group: there is no such group; make it with groupadd --system no-such-group, or change the destination's \"group\""
      )
      #expect(error?.kind == .lasting)
      let left = try? FileManager.default.contentsOfDirectory(atPath: root)
      #expect(left?.isEmpty == true)
    }
  }

  @Test func directoriesThatBecomeEmptyGoWithTheirLastFile() async throws {
    try await withTemporaryDirectory { root in
      let local = LocalDirectory(DirectoryConfiguration(path: root))
      for name in ["a/b/c/x", "a/y"] { try await local.put([1], as: name) }
      try await local.delete("a/b/c/x")
      #expect(try FileManager.default.subpathsOfDirectory(atPath: root).sorted() == ["a", "a/y"])
      try await local.delete("a/y")
      #expect(try FileManager.default.contentsOfDirectory(atPath: root).isEmpty)
      #expect(FileManager.default.fileExists(atPath: root))
    }
  }

  @Test func linksBelowTheDirectoryAreNotFollowed() async throws {
    try await withTemporaryDirectory { root in
      let (path, outside) = (root + "/exports", root + "/outside")
      for directory in [path, outside] {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
      }
      try Data("secret".utf8).write(to: URL(fileURLWithPath: outside + "/x"))
      try FileManager.default.createSymbolicLink(atPath: path + "/link", withDestinationPath: outside)
      try FileManager.default.createSymbolicLink(atPath: path + "/file", withDestinationPath: outside + "/x")
      let local = LocalDirectory(DirectoryConfiguration(path: path))
      let error = await #expect(throws: ExportError.self) { try await local.put([1], as: "link/x") }
      #expect(error?.problem == "cannot open the directory: a level of it is no directory")
      #expect(error?.kind == .lasting)
      await #expect(throws: ExportError.self) { try await local.delete("link/x") }
      await #expect(throws: ExportError.self) { _ = try await local.contents("link/x", limit: 100) }
      await #expect(throws: ExportError.self) { _ = try await local.digest("file") }
      #expect(try await local.list(prefix: "", stem: "").isEmpty)
      // A link in the place of a file is replaced, not written through.
      try await local.put([1], as: "file")
      #expect(try String(contentsOfFile: outside + "/x", encoding: .utf8) == "secret")
      #expect(try await local.contents("file", limit: 10) == [1])
    }
  }

  @Test func theDirectoryItselfMayBeALink() async throws {
    try await withTemporaryDirectory { root in
      try FileManager.default.createDirectory(atPath: root + "/real", withIntermediateDirectories: false)
      try FileManager.default.createSymbolicLink(atPath: root + "/link", withDestinationPath: root + "/real")
      try await LocalDirectory(DirectoryConfiguration(path: root + "/link")).put([1], as: "a/x")
      #expect(FileManager.default.fileExists(atPath: root + "/real/a/x"))
    }
  }

  @Test func whatIsInTheWayIsNamed() async throws {
    try await withTemporaryDirectory { root in
      let local = LocalDirectory(DirectoryConfiguration(path: root))
      try await local.put([1], as: "a")
      try await local.put([1], as: "d/x")
      let level = await #expect(throws: ExportError.self) { try await local.put([1], as: "a/x") }
      #expect(level?.object == root + "/a")
      let directory = await #expect(throws: ExportError.self) { try await local.put([1], as: "d") }
      #expect(directory?.object == root + "/d")
      #expect(try FileManager.default.subpathsOfDirectory(atPath: root).sorted() == ["a", "d", "d/x"])
    }
  }

  @Test func aParentThatIsNotThere() async throws {
    try await withTemporaryDirectory { root in
      let path = root + "/far/away"
      let error = await #expect(throws: ExportError.self) {
        try await LocalDirectory(DirectoryConfiguration(path: path)).probe()
      }
      #expect(
        error?.description
          == "\(path): cannot open the directory: No such file or directory; create it with mkdir -p \(path) and chown it to the user that exportd runs as"
      )
    }
  }

  @Test func aFullDisk() async throws {
    try await withFileSystem(size: "64k") { path in
      let local = LocalDirectory(DirectoryConfiguration(path: path))
      let error = await #expect(throws: ExportError.self) {
        try await local.put([UInt8](repeating: 7, count: 1 << 20), as: "x")
      }
      #expect(error?.kind == .passing)
      #expect(error?.hint == "free space on the file system of \(path)")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: path).isEmpty, "something half-written is left")
      try await local.put([1], as: "x")
    }
  }

  @Test func aFileSystemThatMayNotBeWritten() async throws {
    try await withFileSystem(size: "64k", isReadOnly: true) { path in
      let local = LocalDirectory(DirectoryConfiguration(path: path))
      let error = await #expect(throws: ExportError.self) { try await local.put([1], as: "a/x") }
      #expect(error?.kind == .lasting)
      #expect(error?.hint?.contains("add ReadWritePaths=\(path) to a drop-in") == true)
    }
  }

  /// Staged on one file system, delivered to another.
  @Test func fromAnotherFileSystem() async throws {
    try await withFileSystem(size: "8m") { path in
      try await withTemporaryDirectory { staging in
        let local = LocalDirectory(DirectoryConfiguration(path: path))
        let text = String(repeating: "0123456789", count: 100_000)
        let file = try Self.stage(text, in: staging)
        try await local.deliver(file, as: "a/x")
        #expect(try await local.contents("a/x", limit: 2_000_000) == Array(text.utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: staging).isEmpty)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: path).sorted() == ["a", "a/x"])
        #expect(try Self.status(path + "/a/x").st_mode & 0o7777 == 0o640)
      }
    }
  }
}
