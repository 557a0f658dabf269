import ExportCore
import ExportTesting
import Foundation
import NIOHTTP1
import Testing

@testable import CloudDestinations

/// What becomes of uploads that are broken, refused, forgotten or lost.
@Suite(.serialized) struct AzureUploadTests {
  private static let block = 100_000
  /// Three blocks, the last of them 7 bytes.
  private static let size = 2 * block + 7

  private static let layout: AzureLayout = {
    var layout = AzureLayout()
    layout.largestSingle = 1000
    layout.block = block
    layout.blocksUnderWay = 1
    return layout
  }()

  /// Delivers a file `a/b` to a server that does what `faults` says.
  private func delivering(
    faults: String, bytes: Int = size,
    _ judge: (Result<Void, any Error>, StagedFile, TestAzureContainer) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      try await TestAzureContainer.made(staging: directory, layout: Self.layout, faults: faults) { test in
        let file = try stagedFile(in: directory, bytes: bytes)
        let result = await Result { () async throws in try await test.container.deliver(file, as: "a/b") }
        try await judge(result, file, test)
        let unfinished = try await test.unfinished()
        #expect(unfinished.isEmpty)
      }
    }
  }

  private static let block1 = "PUT put-block a/b"
  private static let commit = "PUT put-block-list a/b"
  private static let look = "HEAD get-properties a/b"
  private static let whole = [block1, block1, block1, commit]

  struct Case: Sendable, CustomTestStringConvertible {
    var faults: String
    var log: [String]
    var bytes = AzureUploadTests.size
    var testDescription: String { faults }
  }

  /// However it is interrupted: only the block that was under way is sent again, and a commit whose answer was lost is known.
  @Test(arguments: [
    Case(faults: "{}", log: [look] + whole),
    Case(faults: #"{"breaks": {"put-block": [0]}}"#, log: [look, block1] + whole),
    Case(faults: #"{"breaks": {"put-block": [50000, 99999]}}"#, log: [look, block1, block1] + whole),
    Case(faults: #"{"lost": {"put-block": 2}}"#, log: [look, block1, block1] + whole),
    Case(
      faults: #"{"fail": {"put-block": [[503, "ServerBusy", null], [500, "OperationTimedOut", null]]}}"#,
      log: [look, block1, block1] + whole),
    Case(
      faults: #"{"fail": {"put-block-list": [[500, "InternalError", null]]}}"#, log: [look] + whole + [commit]
    ),
    Case(faults: #"{"lost": {"put-block-list": 1}}"#, log: [look] + whole + [commit, look]),
    Case(faults: #"{"breaks": {"put-block-list": [10]}}"#, log: [look] + whole + [commit]),
    Case(
      faults: #"{"lost": {"put-blob": 1}}"#, log: ["PUT put-blob a/b", "PUT put-blob a/b", look], bytes: 1000),
    Case(
      faults: #"{"breaks": {"put-blob": [500]}}"#, log: ["PUT put-blob a/b", "PUT put-blob a/b"], bytes: 1000),
  ])
  func goesOnWhereItWas(it: Case) async throws {
    try await delivering(faults: it.faults, bytes: it.bytes) { result, file, test in
      try result.get()
      #expect(!FileManager.default.fileExists(atPath: file.path))
      #expect(try await test.log() == it.log)
      #expect(try await test.container.digest("a/b")?.sha256 == file.sha256)
    }
  }

  struct Failing: Sendable, CustomTestStringConvertible {
    var faults: String
    var words: String
    var kind = ExportError.Kind.passing
    var bytes = AzureUploadTests.size
    var testDescription: String { "\(faults) \(bytes)" }
  }

  private static let busy = String(
    repeating: #"[503, "ServerBusy", null],"#, count: impatient.attempts
  ).dropLast()

  @Test(arguments: [
    Failing(faults: "{\"fail\": {\"put-block\": [\(busy)]}}", words: "answered 503 ServerBusy"),
    Failing(faults: "{\"fail\": {\"put-block-list\": [\(busy)]}}", words: "answered 503 ServerBusy"),
    Failing(
      faults: #"{"breaks": {"put-block": [0, 0, 0, 0, 0, 0]}}"#, words: "closed the connection"),
    Failing(
      faults: #"{"deny": ["put-block-list"]}"#, words: "give the identity the role", kind: .lasting),
    Failing(faults: #"{"forget": 9}"#, words: "its blocks are not all there"),
    Failing(faults: #"{"corrupt": 9}"#, words: "has stored something else than block 1"),
    Failing(
      faults: #"{"corrupt": 1}"#, words: "has stored something else than was sent; it was deleted",
      bytes: 1000),
  ])
  func isDiscardedWhenItIsGivenUp(it: Failing) async throws {
    try await delivering(faults: it.faults, bytes: it.bytes) { result, file, test in
      let error = #expect(throws: ExportError.self) { try result.get() }
      #expect(error?.kind == it.kind)
      #expect(error?.description.contains(it.words) == true, "\(String(describing: error))")
      #expect(error?.object == "\(test.endpoint)/testaccount/\(test.name)/a/b")
      #expect(FileManager.default.fileExists(atPath: file.path))
      let left = try await test.container.list(prefix: "", stem: "")
      #expect(left.isEmpty)
    }
  }

  @Test func theSameContentIsNotStoredAgainAndOtherTakesItsPlace() async throws {
    try await withTemporaryDirectory { directory in
      try await TestAzureContainer.made(staging: directory, layout: Self.layout) { test in
        for bytes in [1000, Self.size] {
          for seed in [0, 0, 1] as [UInt8] {
            let file = try stagedFile(in: directory, bytes: bytes, seed: seed)
            try await test.container.deliver(file, as: "a/b")
            #expect(try await test.container.digest("a/b")?.sha256 == file.sha256)
          }
        }
        let log = try await test.log()
        #expect(log.count { $0 == Self.commit } == 2)
        let unfinished = try await test.unfinished()
        #expect(unfinished.isEmpty)
      }
    }
  }

  /// A process that dies leaves blocks; others' stay.
  @Test func whatACrashLeavesIsDiscarded() async throws {
    try await withTemporaryDirectory { directory in
      try await TestAzureContainer.made(staging: directory, layout: Self.layout, faults: #"{"page": 1}"#) {
        test in
        let store = try #require(test.container.store as? AzureContainer)
        for name in ["a/1-1-x", "a/1-1-y", "a/2-1-x"] {
          var call = AzureCall(method: .PUT, blob: name, body: .bytes([1, 2]), permission: .write)
          call.query = ["comp": "block", "blockid": "AAAA"]
          try await store.client.perform(call) { _ = try await $0.document() }
        }
        try await test.container.put([], as: "a/1-1-empty")
        #expect(try await test.unfinished() == ["a/1-1-x", "a/1-1-y", "a/2-1-x"])
        #expect(try await test.container.list(prefix: "a", stem: "").map(\.name) == ["a/1-1-empty"])
        try await test.container.removeLeftovers(stem: "1-1-")
        #expect(try await test.unfinished() == ["a/2-1-x"])
        #expect(try await test.container.list(prefix: "a", stem: "").map(\.name) == ["a/1-1-empty"])
      }
    }
  }

  @Test func anUploadThatCouldNotBeDiscardedIsDiscardedWithItsName() async throws {
    try await withTemporaryDirectory { directory in
      let refusing =
        #"{"refuse": {"put-block-list": [403, "AuthorizationFailure", "No."], "put-blob": [503, "ServerBusy", "Busy."]}}"#
      try await TestAzureContainer.made(staging: directory, layout: Self.layout, faults: refusing) { test in
        let file = try stagedFile(in: directory, bytes: Self.size)
        await #expect(throws: ExportError.self) { try await test.container.deliver(file, as: "a/b") }
        await #expect(throws: ExportError.self) { try await test.container.delete("a/b") }
        #expect(try await test.unfinished() == ["a/b"])
        try await test.order("{}")
        try await test.container.delete("a/b")
        try await test.container.delete("a/b")
        #expect(try await test.unfinished().isEmpty)
        let left = try await test.container.list(prefix: "", stem: "")
        #expect(left.isEmpty)
      }
    }
  }

  /// Its blocks cannot be taken back, and nobody waits for that.
  @Test func whatDoesNotReplaceABlobLeavesItAsItWas() async throws {
    try await withTemporaryDirectory { directory in
      try await TestAzureContainer.made(
        staging: directory, layout: Self.layout,
        faults: #"{"refuse": {"put-block-list": [403, "AuthorizationFailure", "No."]}}"#
      ) { test in
        try await test.container.put([1, 2, 3], as: "a/b")
        let file = try stagedFile(in: directory, bytes: Self.size)
        await #expect(throws: ExportError.self) { try await test.container.deliver(file, as: "a/b") }
        #expect(try await test.container.contents("a/b", limit: 10) == [1, 2, 3])
        try await test.container.delete("a/b")
        let unfinished = try await test.unfinished()
        #expect(unfinished.isEmpty)
      }
    }
  }

  @Test func aFileThatHasChangedIsNotStored() async throws {
    try await withTemporaryDirectory { directory in
      try await TestAzureContainer.made(staging: directory, layout: Self.layout) { test in
        let file = try stagedFile(in: directory, bytes: Self.size)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file.path))
        try handle.seek(toOffset: 150_000)
        try handle.write(contentsOf: [0, 1, 2, 3])
        try handle.close()
        let error = await #expect(throws: ExportError.self) {
          try await test.container.deliver(file, as: "a/b")
        }
        #expect(error?.problem == "has other content than when it was written")
        let log = try await test.log()
        #expect(!log.contains(Self.commit))
        let unfinished = try await test.unfinished()
        #expect(unfinished.isEmpty)
        let left = try await test.container.list(prefix: "", stem: "")
        #expect(left.isEmpty)
      }
    }
  }
}
