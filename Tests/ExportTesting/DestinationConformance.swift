import Crypto
package import ExportCore
import Foundation
import Testing

/// What every destination must do. Each requirement is tried on an empty destination of its own.
package struct DestinationConformance {
  /// Makes an empty destination.
  let destination: any Destination
  /// Where files are staged for it.
  let staging: String
  /// Bytes that the destination sends at a time, if it does so; larger files go in parts.
  let part: Int
  /// What is on its way and not visible: names of uploads, hidden files.
  let unfinished: @Sendable () async throws -> [String]
  let stem = "1690283492-1690300000-"

  package init(
    _ destination: any Destination, staging: String, part: Int = 8 << 20,
    unfinished: @escaping @Sendable () async throws -> [String]
  ) {
    self.destination = destination
    self.staging = staging
    self.part = part
    self.unfinished = unfinished
  }

  /// A requirement, by the words that a failure is reported with.
  package enum Requirement: String, CaseIterable, Sendable {
    case deliversFiles, replacesWhatIsThere, putsBytes, deletes, lists, refusesNamesThatLeadAstray
    case readsBack, takesManyAtOnce, removesLeftovers, probes, leavesNothingOnFailure, canBeCancelled
    case takesEverySize, takesLargeFiles, showsNothingBeforeItIsWhole, canBeCancelledInMidDelivery
  }

  package func check(_ requirement: Requirement) async throws {
    switch requirement {
    case .deliversFiles: try await deliversFiles()
    case .replacesWhatIsThere: try await replacesWhatIsThere()
    case .putsBytes: try await putsBytes()
    case .deletes: try await deletes()
    case .lists: try await lists()
    case .refusesNamesThatLeadAstray: try await refusesNamesThatLeadAstray()
    case .readsBack: try await readsBack()
    case .takesManyAtOnce: try await takesManyAtOnce()
    case .removesLeftovers: try await removesLeftovers()
    case .probes: try await probes()
    case .leavesNothingOnFailure: try await leavesNothingOnFailure()
    case .canBeCancelled: try await canBeCancelled()
    case .takesEverySize: try await takesEverySize()
    case .takesLargeFiles: try await takesLargeFiles()
    case .showsNothingBeforeItIsWhole: try await showsNothingBeforeItIsWhole()
    case .canBeCancelledInMidDelivery: try await canBeCancelledInMidDelivery()
    }
  }

  private func stage(_ bytes: [UInt8], _ label: String = "0-1", stem: String? = nil) throws -> StagedFile {
    let path = "\(staging)/\(TemporaryFileName.of((stem ?? self.stem) + label))"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return StagedFile(path: path, bytes: bytes.count, sha256: SHA256.hash(data: bytes).hexadecimal)
  }

  func names(prefix: String = "", stem: String = "") async throws -> [String] {
    try await destination.list(prefix: prefix, stem: stem).map(\.name).sorted()
  }

  private func deliversFiles() async throws {
    try await destination.removeLeftovers(stem: stem)
    let contents: [String: [UInt8]] = [
      "\(stem)Charged-20261124-0-0.json": Array("content".utf8),
      "\(stem)empty-20261124-0-0.json": [],
      "raw/dt=2026-11-24/नमस्ते-👩‍👩‍👧/\(stem)नमस्ते-👩‍👩‍👧-20261124-0-0.json": Array("deep".utf8),
      "raw/\(stem)a?b*c:d'\"$(e)%2F-20261124-0-0.json": Array("odd".utf8),
      "raw/a b+c/#1/\(stem)a&b=c;d%-20261124-0-0.json": [0],
      "\(stem)large-20261124-0-0.json": (0..<3_000_000).map {
        UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7)
      },
    ]
    for (name, bytes) in contents {
      let file = try stage(bytes)
      try await destination.deliver(file, as: name)
      #expect(!FileManager.default.fileExists(atPath: file.path), "the staged file is still there")
      let digest = try await destination.digest(name)
      #expect(digest?.bytes == bytes.count)
      #expect(digest?.sha256 == file.sha256)
    }
    #expect(try await names() == contents.keys.sorted())
  }

  private func replacesWhatIsThere() async throws {
    try await destination.removeLeftovers(stem: stem)
    for text in ["first", "first", "second, longer", "3"] {
      try await destination.deliver(try stage(Array(text.utf8)), as: "a/\(stem)x")
      #expect(try await destination.contents("a/\(stem)x", limit: 100) == Array(text.utf8))
    }
    try await destination.put(Array("put".utf8), as: "a/\(stem)x")
    #expect(try await destination.contents("a/\(stem)x", limit: 100) == Array("put".utf8))
    #expect(try await names() == ["a/\(stem)x"])
  }

  private func putsBytes() async throws {
    for name in ["\(stem)manifest.json", "a/b/\(stem)manifest.json"] {
      try await destination.put(Array("{}".utf8), as: name)
      try await destination.put(Array("{}".utf8), as: name)
      #expect(try await destination.contents(name, limit: 2) == Array("{}".utf8))
    }
    try await destination.put([], as: "\(stem)nothing")
    #expect(try await destination.contents("\(stem)nothing", limit: 0) == [])
  }

  private func deletes() async throws {
    try await destination.delete("not/there")
    for name in ["a/b/x", "a/b/y", "z"] { try await destination.put([1], as: name) }
    try await destination.delete("a/b/x")
    #expect(try await names() == ["a/b/y", "z"])
    #expect(try await destination.digest("a/b/x") == nil)
    try await destination.delete("a/b/x")
    try await destination.delete("a/b/y")
    try await destination.delete("z")
    #expect(try await names().isEmpty)
    try await destination.put([2], as: "a/b/x")
    #expect(try await names() == ["a/b/x"])
  }

  private func lists() async throws {
    #expect(try await names().isEmpty)
    #expect(try await names(prefix: "not/there/").isEmpty)
    for name in ["1-2-x", "1-22-x", "2-2-x", "a/1-2-y", "a/b/1-2-z", "ab/1-2-z"] {
      try await destination.put([1, 2, 3], as: name)
    }
    #expect(try await names(stem: "1-2-") == ["1-2-x", "a/1-2-y", "a/b/1-2-z", "ab/1-2-z"])
    #expect(try await names(prefix: "a/", stem: "1-2-") == ["a/1-2-y", "a/b/1-2-z"])
    #expect(try await names(prefix: "a/b/", stem: "") == ["a/b/1-2-z"])
    #expect(try await destination.list(prefix: "", stem: "2-").map(\.bytes) == [3])
  }

  private func refusesNamesThatLeadAstray() async throws {
    try await destination.removeLeftovers(stem: stem)
    for name in ["", "/", "/etc/x", "../x", "a/../../x", "a//b", "a/", "./a", "..", "a\0b"] {
      await #expect(throws: ExportError.self, "put \(name)") { try await destination.put([1], as: name) }
      await #expect(throws: ExportError.self, "delete \(name)") { try await destination.delete(name) }
      await #expect(throws: ExportError.self, "digest \(name)") { _ = try await destination.digest(name) }
      let file = try stage([1])
      await #expect(throws: ExportError.self, "deliver \(name)") {
        try await destination.deliver(file, as: name)
      }
      #expect(FileManager.default.fileExists(atPath: file.path))
      try FileManager.default.removeItem(atPath: file.path)
    }
    #expect(try await names().isEmpty)
  }

  private func readsBack() async throws {
    #expect(try await destination.digest("x") == nil)
    #expect(try await destination.contents("x", limit: 10) == nil)
    #expect(try await destination.contents("a/b/x", limit: 10) == nil)
    try await destination.put(Array("abc".utf8), as: "x")
    let digest = try await destination.digest("x")
    #expect(digest?.bytes == 3)
    #expect(digest?.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(try await destination.contents("x", limit: 3) == Array("abc".utf8))
    await #expect(throws: ExportError.self) { _ = try await destination.contents("x", limit: 2) }
  }

  private func takesManyAtOnce() async throws {
    try await destination.removeLeftovers(stem: stem)
    let count = 200
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<count {
        let file = try stage(Array("\(number)".utf8), "0-\(number)")
        group.addTask { try await destination.deliver(file, as: "d\(number % 7)/e/\(stem)\(number)") }
      }
      try await group.waitForAll()
    }
    #expect(try await destination.list(prefix: "", stem: stem).count == count)
    #expect(try await destination.contents("d3/e/\(stem)199", limit: 10) == Array("199".utf8))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<count {
        group.addTask { try await destination.delete("d\(number % 7)/e/\(stem)\(number)") }
        group.addTask { try await destination.put([1], as: "d\(number % 7)/e/again-\(number)") }
      }
      try await group.waitForAll()
    }
    #expect(try await destination.list(prefix: "", stem: "").count == count)
    #expect(try await destination.list(prefix: "", stem: "again-").count == count)
  }

  private func removesLeftovers() async throws {
    try await destination.removeLeftovers(stem: stem)
    let ours = try stage([1], "0-1")
    let other = try stage([1], "0-1", stem: "1690283492-16903000001-")
    try await destination.put([1], as: "\(stem)manifest.json")
    #expect(try await names() == ["\(stem)manifest.json"], "a staged file is listed")
    try await destination.removeLeftovers(stem: stem)
    #expect(!FileManager.default.fileExists(atPath: ours.path))
    #expect(FileManager.default.fileExists(atPath: other.path))
    #expect(try await names() == ["\(stem)manifest.json"])
    try await destination.removeLeftovers(stem: "")
    #expect(!FileManager.default.fileExists(atPath: other.path))
  }

  private func probes() async throws {
    try await destination.probe()
    #expect(try await names().isEmpty)
  }

  private func leavesNothingOnFailure() async throws {
    try await destination.removeLeftovers(stem: stem)
    let gone = StagedFile(path: "\(staging)/\(TemporaryFileName.of(stem + "gone"))", bytes: 1, sha256: "")
    let error = await #expect(throws: ExportError.self) { try await destination.deliver(gone, as: "x") }
    #expect(error?.stage == .destination)
    var changed = try stage([1, 2, 3])
    changed.bytes = 4
    await #expect(throws: ExportError.self) { try await destination.deliver(changed, as: "x") }
    #expect(FileManager.default.fileExists(atPath: changed.path))
    #expect(try await names().isEmpty)
  }

  private func canBeCancelled() async throws {
    try await destination.removeLeftovers(stem: stem)
    let file = try stage([1])
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await destination.deliver(file, as: "x")
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(FileManager.default.fileExists(atPath: file.path))
    #expect(try await names().isEmpty)
  }
}
