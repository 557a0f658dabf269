import Crypto
import ExportCore
import ExportTesting
import Foundation
import Testing

@testable import CloudDestinations

/// What becomes of uploads that are broken, refused, forgotten or lost.
@Suite(.serialized) struct GCSUploadTests {
  private static let chunk = 512 << 10
  /// Three chunks, the last of them 7 bytes.
  private static let size = 2 * chunk + 7

  private static let layout: GCSLayout = {
    var layout = GCSLayout()
    layout.largestSingle = 1000
    layout.chunk = chunk
    return layout
  }()

  /// Delivers a file `a/b` to our server, which does what `faults` says.
  private func delivering(
    faults: String, bytes: Int = size,
    _ judge: (Result<Void, any Error>, StagedFile, TestGCSBucket) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      try await TestGCSBucket.at(
        .server, staging: directory, layout: Self.layout, retries: impatient, faults: faults
      ) { test in
        let file = try stagedFile(in: directory, bytes: bytes)
        let result: Result<Void, any Error>
        do {
          result = .success(try await test.bucket.deliver(file, as: "a/b"))
        } catch {
          result = .failure(error)
        }
        try await judge(result, file, test)
        #expect(try await test.unfinished() == [])
      }
    }
  }

  private static let begin = "POST resumable"
  private static let send = "PUT resumable"
  private static let ask = "PUT resumable query"

  struct Case: Sendable, CustomTestStringConvertible {
    var faults: String
    var log: [String]
    var testDescription: String { faults }
  }

  /// However it is interrupted: it is asked how far the server has come, and what it has is not sent again.
  @Test(arguments: [
    Case(faults: "{}", log: [begin, send, send, send]),
    // 256 KiB are kept of it: the next chunks end elsewhere, and it takes no more of them.
    Case(faults: #"{"breaks": [300000]}"#, log: [begin, send, ask, send, send]),
    // Nothing is kept.
    Case(faults: #"{"breaks": [0]}"#, log: [begin, send, ask, send, send, send]),
    // All of it is, and the answer is lost.
    Case(faults: #"{"breaks": [524288]}"#, log: [begin, send, ask, send, send]),
    Case(faults: #"{"breaks": [1, 2, 300000]}"#, log: [begin, send, ask, send, ask, send, ask, send, send]),
    Case(faults: #"{"short": [262144]}"#, log: [begin, send, send, send]),
    Case(faults: #"{"status": [503, 500]}"#, log: [begin, send, ask, ask, send, send, send]),
    Case(faults: #"{"status": [429]}"#, log: [begin, send, ask, send, send, send]),
    Case(faults: #"{"gone": 1}"#, log: [begin, send, send, begin, send, send, send]),
    Case(faults: #"{"lost": 1}"#, log: [begin, send, send, send, ask]),
  ])
  func goesOnWhereTheServerStands(it: Case) async throws {
    try await delivering(faults: it.faults) { result, file, test in
      try result.get()
      #expect(!FileManager.default.fileExists(atPath: file.path))
      #expect(try await test.log() == it.log)
      #expect(try await test.bucket.digest("a/b")?.sha256 == file.sha256)
    }
  }

  struct Failing: Sendable, CustomTestStringConvertible {
    var faults: String
    var words: String
    var kind = ExportError.Kind.passing
    var testDescription: String { faults }
  }

  @Test(arguments: [
    Failing(faults: #"{"short": [0, 0, 0, 0, 0, 0, 0, 0]}"#, words: "keeps nothing of what it is sent"),
    Failing(faults: #"{"breaks": [0, 0, 0, 0, 0, 0, 0, 0]}"#, words: "closed the connection"),
    Failing(faults: #"{"status": [503, 503, 503, 503, 503, 503]}"#, words: "answered 503 backendError"),
    Failing(faults: #"{"status": [403]}"#, words: "grant storage.objects.create", kind: .lasting),
    Failing(faults: #"{"gone": 3}"#, words: "its upload is not known any more"),
    Failing(faults: #"{"corrupt": 1}"#, words: "has stored something else than was sent; it was deleted"),
  ])
  func isEndedWhenItIsGivenUp(it: Failing) async throws {
    try await delivering(faults: it.faults) { result, file, test in
      let error = #expect(throws: ExportError.self) { try result.get() }
      #expect(error?.kind == it.kind)
      #expect(error?.description.contains(it.words) == true, "\(String(describing: error))")
      #expect(error?.object == "gs://\(test.name)/a/b")
      #expect(error?.description.contains("upload_id") == false)
      #expect(FileManager.default.fileExists(atPath: file.path))
      let left = try await test.bucket.list(prefix: "", stem: "")
      #expect(left == [])
    }
  }

  @Test func aSmallFileWhoseAnswerIsLostIsNotSentForEver() async throws {
    try await delivering(faults: #"{"lost": 1}"#, bytes: 1000) { result, file, test in
      try result.get()
      #expect(try await test.log() == ["POST multipart", "POST multipart", "GET object"])
      #expect(try await test.bucket.digest("a/b")?.sha256 == file.sha256)
    }
    try await delivering(faults: #"{"corrupt": 1}"#, bytes: 1000) { result, file, test in
      #expect(throws: ExportError.self) { try result.get() }
      let log = try await test.log()
      #expect(log == ["POST multipart", "DELETE object"])
      #expect(try await test.bucket.list(prefix: "", stem: "") == [])
    }
  }

  @Test func theSameContentIsNotSentAgainAndOtherTakesItsPlace() async throws {
    try await withTemporaryDirectory { directory in
      try await TestGCSBucket.at(.server, staging: directory, layout: Self.layout, retries: impatient) {
        test in
        for seed in [0, 0, 1] as [UInt8] {
          let file = try stagedFile(in: directory, bytes: Self.size, seed: seed)
          try await test.bucket.deliver(file, as: "a/b")
          #expect(try await test.bucket.digest("a/b")?.sha256 == file.sha256)
        }
        let (read, whole) = ("GET media", [Self.begin, Self.send, Self.send, Self.send])
        #expect(
          try await test.log() == whole + [read, Self.begin, "GET object", read, Self.begin, "GET object"]
            + whole + [read])
      }
    }
  }

  @Test func anUploadThatCouldNotBeEndedIsEndedWithItsName() async throws {
    try await withTemporaryDirectory { directory in
      try await TestGCSBucket.at(
        .server, staging: directory, layout: Self.layout, retries: impatient,
        faults: #"{"status": [403], "refuse": {"DELETE": [503, "backendError", "Backend Error"]}}"#
      ) { test in
        let file = try stagedFile(in: directory, bytes: Self.size)
        await #expect(throws: ExportError.self) { try await test.bucket.deliver(file, as: "a/b") }
        await #expect(throws: ExportError.self) { try await test.bucket.delete("a/b") }
        #expect(try await test.unfinished() == ["a/b"])
        try await test.order("{}")
        try await test.bucket.delete("a/b")
        try await test.bucket.delete("a/b")
        #expect(try await test.unfinished() == [])
      }
    }
  }

  @Test func aFileThatHasChangedIsNotSent() async throws {
    try await withTemporaryDirectory { directory in
      try await TestGCSBucket.at(.server, staging: directory, layout: Self.layout, retries: impatient) {
        test in
        let file = try stagedFile(in: directory, bytes: Self.size)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file.path))
        try handle.seek(toOffset: 600_000)
        try handle.write(contentsOf: [0, 1, 2, 3])
        try handle.close()
        let error = await #expect(throws: ExportError.self) {
          try await test.bucket.deliver(file, as: "a/b")
        }
        #expect(error?.problem == "has other content than when it was written")
        #expect(try await test.log() == [])
      }
    }
  }

  /// Google's own client reads what was stored, and holds it against its CRC32C.
  @Test func googlesClientReadsItBack() async throws {
    try await withTemporaryDirectory { directory in
      try await TestGCSBucket.at(
        .emulator, staging: directory, layout: Self.layout, { $0.storageClass = "NEARLINE" }
      ) { test in
        let (large, small) = (
          try stagedFile(in: directory, bytes: Self.size), try stagedFile(in: directory, bytes: 1000)
        )
        for file in [large, small] {
          try await test.bucket.deliver(file, as: "raw/\(file.bytes) é+%.json.gz")
        }
        let read = try Python.run(
          """
          import hashlib, sys
          from google.auth.credentials import AnonymousCredentials
          from google.cloud import storage
          client = storage.Client(project="test", credentials=AnonymousCredentials(),
                                  client_options={"api_endpoint": sys.argv[1]})
          for blob in sorted(client.list_blobs(sys.argv[2]), key=lambda blob: -blob.size):
              stored_as = blob.storage_class
              digest = hashlib.sha256(blob.download_as_bytes(checksum="crc32c")).hexdigest()
              print(blob.name, blob.size, digest, blob.metadata["sha256"], stored_as, sep="|")
          """, arguments: [test.endpoint, test.name], needsReaders: true)
        #expect(
          read.split(separator: "\n").map(String.init)
            == [large, small].map { file in
              "raw/\(file.bytes) é+%.json.gz|\(file.bytes)|\(file.sha256)|\(file.sha256)|NEARLINE"
            })
      }
    }
  }
}
