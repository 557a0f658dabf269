import Crypto
import ExportCore
import ExportTesting
import Foundation
import NIOHTTP1
import Synchronization
import Testing

@testable import CloudDestinations

/// What a multipart upload does when something goes wrong at each of its steps.
@Suite struct S3UploadTests {
  private static let begun =
    "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
  private static let completed =
    "<CompleteMultipartUploadResult><Key>a/b</Key></CompleteMultipartUploadResult>"
  private static let none = "<ListMultipartUploadsResult/>"
  private static let failed = "<Error><Code>InternalError</Code><Message>Try again.</Message></Error>"

  private enum Step { case begin, part(Int), complete, abort(String), list, look, read }

  private static func step(_ request: ScriptedServer.Request) -> Step {
    let query = request.uri.split(separator: "?").dropFirst().first ?? ""
    let values = Dictionary(
      uniqueKeysWithValues: query.split(separator: "&").map { pair in
        let parts = pair.split(separator: "=", maxSplits: 1)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
      })
    switch (request.method, values["uploadId"]) {
    case ("POST", nil): return .begin
    case ("PUT", _): return .part(values["partNumber"].flatMap { Int($0) } ?? 0)
    case ("POST", _): return .complete
    case ("DELETE", let id): return .abort(id ?? "")
    case ("HEAD", _): return .look
    case ("GET", _) where values["uploads"] != nil: return .list
    default: return .read
    }
  }

  /// As a sound server answers.
  private static func soundly(_ request: ScriptedServer.Request) -> ScriptedServer.Reply {
    switch step(request) {
    case .begin: .answer(200, [:], begun)
    case .part(let number):
      .answer(
        200,
        [
          "ETag": "\"etag-\(number)\"",
          "x-amz-checksum-sha256": request.headers["x-amz-checksum-sha256"].first ?? "",
        ])
    case .complete: .answer(200, [:], completed)
    case .abort: .answer(204)
    case .list: .answer(200, [:], none)
    case .look, .read: .answer(404)
    }
  }

  /// A file of 250 bytes, which goes in three parts.
  private func deliver(
    retries: Retries = impatient,
    answering reply: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
    _ judge: (Result<Void, any Error>, [ScriptedServer.Request]) throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      let bytes = (0..<250).map { UInt8($0) }
      let file = StagedFile(
        path: directory + "/file", bytes: 250, sha256: SHA256.hash(data: bytes).hexadecimal)
      try Data(bytes).write(to: URL(fileURLWithPath: file.path))
      try await withScriptedBucket(retries: retries, answering: reply) { bucket, server in
        let result: Result<Void, any Error>
        do {
          result = .success(try await bucket.deliver(file, as: "a/b"))
        } catch {
          result = .failure(error)
        }
        let isStaged = FileManager.default.fileExists(atPath: file.path)
        if case .success = result { #expect(!isStaged) } else { #expect(isStaged) }
        try judge(result, server.requests)
      }
    }
  }

  private static func count(_ requests: [ScriptedServer.Request], _ matches: (Step) -> Bool) -> Int {
    requests.count { matches(step($0)) }
  }

  private static func aborts(_ requests: [ScriptedServer.Request]) -> [String] {
    requests.compactMap { if case .abort(let id) = step($0) { id } else { nil } }
  }

  @Test func partsAreListedWithTheirTagsAndChecksums() async throws {
    try await deliver(answering: Self.soundly) { result, requests in
      try result.get()
      let document = try #require(requests.last.map { String(decoding: $0.body, as: UTF8.self) })
      let sums = [0..<100, 100..<200, 200..<250].map { range in
        Data(SHA256.hash(data: range.map { UInt8($0) })).base64EncodedString()
      }
      for number in 1...3 {
        #expect(
          document.contains(
            "<Part><PartNumber>\(number)</PartNumber><ETag>\"etag-\(number)\"</ETag><ChecksumSHA256>\(sums[number - 1])</ChecksumSHA256></Part>"
          ))
      }
      #expect(requests.count == 5)
    }
  }

  @Test func eachPartIsTriedAgainByItself() async throws {
    let tries = Mutex<[Int: Int]>([:])
    try await deliver { request in
      guard case .part(let number) = Self.step(request) else { return Self.soundly(request) }
      let count = tries.withLock { tries in
        tries[number, default: 0] += 1
        return tries[number]!
      }
      switch (number, count) {
      case (1, 1): return .answer(500)
      case (2, 1): return .hangUp
      case (2, 2): return .answer(200, ["ETag": "x", "x-amz-checksum-sha256": "AAAA"])
      case (3, 1): return .answer(200)
      default: return Self.soundly(request)
      }
    } _: { result, requests in
      try result.get()
      #expect(tries.withLock { $0 } == [1: 2, 2: 3, 3: 2])
      #expect(Self.aborts(requests) == [])
    }
  }

  @Test func aPartThatIsRefusedEndsTheUpload() async throws {
    try await deliver { request in
      if case .part(2) = Self.step(request) {
        return .answer(403, [:], "<Error><Code>AccessDenied</Code></Error>")
      }
      return Self.soundly(request)
    } _: { result, requests in
      #expect(throws: ExportError.self) { try result.get() }
      #expect(Self.aborts(requests) == ["u1"])
      #expect(Self.count(requests) { if case .complete = $0 { true } else { false } } == 0)
    }
  }

  /// "A 200 response can contain either a success or an error" (CompleteMultipartUpload in the API Reference).
  @Test func anErrorInsideASuccessIsAnError() async throws {
    let completes = Mutex(0)
    try await deliver { request in
      guard case .complete = Self.step(request) else { return Self.soundly(request) }
      let isFirst = completes.withLock { completes in
        completes += 1
        return completes == 1
      }
      return isFirst ? .answer(200, [:], Self.failed) : Self.soundly(request)
    } _: { result, requests in
      try result.get()
      #expect(completes.withLock { $0 } == 2)
    }
    try await deliver { request in
      if case .complete = Self.step(request) { return .answer(200, [:], Self.failed) }
      return Self.soundly(request)
    } _: { result, requests in
      let error = #expect(throws: ExportError.self) { try result.get() }
      #expect(error?.kind == .passing)
      #expect(Self.aborts(requests) == ["u1"])
    }
  }

  @Test(arguments: [true, false])
  func anAnswerThatIsLostIsNoReasonToSendAllAgain(keepsMetadata: Bool) async throws {
    let isComplete = Mutex(false)
    let bytes = (0..<250).map { UInt8($0) }
    try await deliver { request in
      switch Self.step(request) {
      case .complete:
        isComplete.withLock { $0 = true }
        return .hangUp
      case .look:
        guard isComplete.withLock({ $0 }) else { return .answer(404) }
        let digest = SHA256.hash(data: bytes).hexadecimal
        return .answer(
          200,
          ["Content-Length": "250"].merging(keepsMetadata ? ["x-amz-meta-sha256": digest] : [:]) { $1 })
      // A server without metadata is asked for the content itself; this one has another.
      case .read: return .answer(200, [:], String(repeating: "x", count: 250))
      default: return Self.soundly(request)
      }
    } _: { result, requests in
      let completes = Self.count(requests) { if case .complete = $0 { true } else { false } }
      if keepsMetadata {
        try result.get()
        #expect(completes == 1)
        #expect(Self.aborts(requests) == [])
      } else {
        #expect(throws: ExportError.self) { try result.get() }
        #expect(completes == impatient.attempts)
      }
    }
  }

  @Test func anUploadWhoseBeginningWasLostIsFoundAndAborted() async throws {
    let begins = Mutex(0)
    try await deliver { request in
      switch Self.step(request) {
      case .begin:
        let isFirst = begins.withLock { begins in
          begins += 1
          return begins == 1
        }
        return isFirst ? .hangUp : Self.soundly(request)
      case .list:
        return .answer(
          200, [:],
          """
          <ListMultipartUploadsResult>
          <Upload><Key>a/b</Key><UploadId>lost</UploadId></Upload>
          <Upload><Key>a/b</Key><UploadId>u1</UploadId></Upload>
          <Upload><Key>a/bc</Key><UploadId>another</UploadId></Upload>
          </ListMultipartUploadsResult>
          """)
      default: return Self.soundly(request)
      }
    } _: { result, requests in
      try result.get()
      #expect(Self.aborts(requests) == ["lost"])
    }
  }

  @Test func theWholeIsHeldAgainstItsParts() async throws {
    try await deliver { request in
      if case .complete = Self.step(request) {
        return .answer(
          200, [:],
          "<CompleteMultipartUploadResult><ChecksumSHA256>AAAA-3</ChecksumSHA256></CompleteMultipartUploadResult>"
        )
      }
      return Self.soundly(request)
    } _: { result, requests in
      let error = #expect(throws: ExportError.self) { try result.get() }
      #expect(error?.problem.contains("something else than the parts") == true)
      #expect(requests.contains { $0.method == "DELETE" && !$0.uri.contains("uploadId") })
    }
  }

  @Test func cancelledWhileItBeginsItLeavesNoUpload() async throws {
    try await withTemporaryDirectory { directory in
      let bytes = [UInt8](repeating: 7, count: 250)
      let file = StagedFile(
        path: directory + "/file", bytes: 250, sha256: SHA256.hash(data: bytes).hexadecimal)
      try Data(bytes).write(to: URL(fileURLWithPath: file.path))
      // The answer comes when nobody waits for it any more.
      try await withScriptedBucket(answering: { request in
        if case .begin = Self.step(request) { Thread.sleep(forTimeInterval: 1) }
        return Self.soundly(request)
      }) { bucket, server in
        let delivery = Task { try await bucket.deliver(file, as: "a/b") }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        delivery.cancel()
        await #expect(throws: CancellationError.self) { try await delivery.value }
        for _ in 0..<50 where Self.aborts(server.requests).isEmpty {
          try await Task.sleep(for: .milliseconds(100))
        }
        #expect(Self.aborts(server.requests) == ["u1"])
      }
    }
  }

  @Test func anUploadThatCouldNotBeEndedIsEndedWithItsName() async throws {
    try await withTemporaryDirectory { directory in
      let bytes = [UInt8](repeating: 7, count: 250)
      let file = StagedFile(
        path: directory + "/file", bytes: 250, sha256: SHA256.hash(data: bytes).hexadecimal)
      try Data(bytes).write(to: URL(fileURLWithPath: file.path))
      let isDown = Mutex(false)
      try await withScriptedBucket(answering: { request in
        if case .part(3) = Self.step(request) { isDown.withLock { $0 = true } }
        return isDown.withLock { $0 } ? .answer(503) : Self.soundly(request)
      }) { bucket, server in
        await #expect(throws: ExportError.self) { try await bucket.deliver(file, as: "a/b") }
        await #expect(throws: ExportError.self) { try await bucket.delete("a/b") }
        isDown.withLock { $0 = false }
        let before = Self.aborts(server.requests).count { $0 == "u1" }
        try await bucket.delete("a/b")
        try await bucket.delete("a/b")
        #expect(Self.aborts(server.requests).count { $0 == "u1" } == before + 1)
      }
    }
  }

  @Test func partsAreNeverMoreThanTenThousand() {
    let layout = S3Layout()
    #expect(layout.partSize(of: 1) == 8 << 20)
    #expect(layout.partSize(of: 80_000 << 20) == 8 << 20)
    for bytes in [80_000 << 20 + 1, 1 << 40, 5 << 40] {
      let size = layout.partSize(of: bytes)
      #expect((bytes + size - 1) / size <= 10_000)
      #expect(size <= 5 << 30)
    }
  }

  @Test func noMoreGoesOutThanIsAllowed() async throws {
    try await withTemporaryDirectory { directory in
      let bytes = [UInt8](repeating: 7, count: 100_000)
      let file = StagedFile(
        path: directory + "/file", bytes: bytes.count, sha256: SHA256.hash(data: bytes).hexadecimal)
      try Data(bytes).write(to: URL(fileURLWithPath: file.path))
      try await ScriptedServer.answering(Self.soundly) { server in
        let connections = CloudConnections(environment: [:])
        var configuration = S3Configuration(bucket: "lake")
        configuration.endpoint = server.endpoint
        configuration.cloud.maxUploadBytesPerSecond = 100_000
        var layout = S3Layout()
        layout.largestSingle = 10_000
        layout.part = 10_000
        let bucket = try CloudDestination.s3(
          configuration, region: "us-east-1", stagingDirectory: directory, connections: connections,
          layout: layout, retries: impatient
        ) { S3Credentials(accessKeyId: "AKID", secretAccessKey: "hidden-secret") }
        let began = ContinuousClock.now
        try await bucket.deliver(file, as: "a/b")
        let took = began.duration(to: .now)
        #expect(took > .milliseconds(850))
        await connections.shutDown()
      }
    }
  }
}
