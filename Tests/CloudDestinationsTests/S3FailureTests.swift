import ExportCore
import ExportTesting
import Foundation
import NIOHTTP1
import Synchronization
import Testing

@testable import CloudDestinations

/// Attempts that do not wait long for one another.
let impatient: Retries = {
  var retries = Retries()
  retries.firstPause = .milliseconds(1)
  retries.longestPause = .milliseconds(5)
  return retries
}()

/// A bucket `lake` at a server that answers as a test says.
func withScriptedBucket(
  retries: Retries = impatient, _ change: (inout S3Configuration) -> Void = { _ in },
  answering reply: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
  _ body: (CloudDestination, ScriptedServer) async throws -> Void
) async throws {
  try await ScriptedServer.answering(reply) { server in
    let connections = CloudConnections(environment: [:])
    var configuration = S3Configuration(bucket: "lake")
    configuration.endpoint = server.endpoint
    change(&configuration)
    var layout = S3Layout()
    layout.largestSingle = 100
    layout.part = 100
    let bucket = try CloudDestination.s3(
      configuration, region: "us-east-1", stagingDirectory: "/nowhere", connections: connections,
      layout: layout, retries: retries
    ) { S3Credentials(accessKeyId: "AKID", secretAccessKey: "hidden-secret") }
    do {
      try await body(bucket, server)
    } catch {
      await connections.shutDown()
      throw error
    }
    await connections.shutDown()
  }
}

private func errorDocument(_ code: String, _ more: String = "") -> String {
  "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>Said so.</Message>\(more)</Error>"
}

@Suite struct S3FailureTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var status: Int
    var code: String
    var more = ""
    var words: String
    var object = "bucket lake"
    var testDescription: String { code }
  }

  /// What only a person can mend is said at once, with the bucket and what to do.
  @Test(arguments: [
    Case(status: 404, code: "NoSuchBucket", words: "there is no such bucket"),
    Case(status: 403, code: "InvalidAccessKeyId", words: "the access key id is not known"),
    Case(status: 403, code: "SignatureDoesNotMatch", words: "does not belong to the access key id"),
    Case(
      status: 403, code: "AccessDenied", words: "allow s3:PutObject there", object: "s3://lake/a/b"),
    Case(status: 400, code: "ExpiredToken", words: "the session token has expired; renew"),
    Case(
      status: 403, code: "RequestTimeTooSkewed",
      more: "<ServerTime>2001-01-01T00:00:00Z</ServerTime>", words: "s ahead of the server's; set it"),
    Case(status: 400, code: "AuthorizationHeaderMalformed", words: "lies in another region"),
    Case(
      status: 400, code: "InvalidStorageClass", words: "S3 answered 400 InvalidStorageClass (Said so)",
      object: "s3://lake/a/b"),
    Case(
      status: 400, code: "KMS.NotFoundException", words: "correct \"kmsKeyId\"", object: "s3://lake/a/b"),
    Case(status: 501, code: "NotImplemented", words: "S3 answered 501", object: "s3://lake/a/b"),
  ])
  func whatOnlyAPersonCanMend(it: Case) async throws {
    try await withScriptedBucket { _ in
      .answer(it.status, [:], errorDocument(it.code, it.more))
    } _: { bucket, server in
      let error = await #expect(throws: ExportError.self) { try await bucket.put([1], as: "a/b") }
      #expect(error?.kind == .lasting)
      #expect(error?.object == it.object)
      #expect(error?.description.contains(it.words) == true, "\(String(describing: error))")
      #expect(error?.description.contains("hidden") == false)
      #expect(server.requests.count == 1)
    }
  }

  @Test(arguments: [500, 502, 503, 504, 429, 408])
  func whatWaitingMendsIsTriedAgain(status: Int) async throws {
    let count = Mutex(0)
    try await withScriptedBucket { _ in
      let number = count.withLock { count in
        count += 1
        return count
      }
      return number < 4 ? .answer(status, [:], number == 1 ? "" : errorDocument("SlowDown")) : .answer(200)
    } _: { bucket, server in
      try await bucket.put([1], as: "a/b")
      #expect(server.requests.count == 4)
    }
  }

  @Test func itIsGivenUpAndMayBeTriedLater() async throws {
    try await withScriptedBucket { _ in
      .answer(503, [:], errorDocument("SlowDown"))
    } _: { bucket, server in
      let error = await #expect(throws: ExportError.self) { try await bucket.put([1], as: "a/b") }
      #expect(error?.kind == .passing)
      #expect(error?.description == "s3://lake/a/b: S3 answered 503 SlowDown (Said so)")
      #expect(server.requests.count == impatient.attempts)
    }
  }

  @Test func whoAsksToBeLeftAloneIs() async throws {
    let count = Mutex(0)
    try await withScriptedBucket { _ in
      let isFirst = count.withLock { count in
        count += 1
        return count == 1
      }
      return isFirst ? .answer(429, ["Retry-After": "1"]) : .answer(200)
    } _: { bucket, _ in
      let began = ContinuousClock.now
      try await bucket.put([1], as: "a/b")
      #expect(began.duration(to: .now) > .milliseconds(990))
    }
    try await withScriptedBucket { _ in
      .answer(503, ["Retry-After": "3600"])
    } _: { bucket, server in
      await #expect(throws: ExportError.self) { try await bucket.put([1], as: "a/b") }
      #expect(server.requests.count == 1, "nobody waits an hour for a request")
    }
  }

  @Test func aServerThatIsNotThere() async throws {
    try await withScriptedBucket {
      $0.endpoint = "http://127.0.0.1:1"
    } answering: { _ in
      .silence
    } _: { bucket, _ in
      let error = await #expect(throws: ExportError.self) { try await bucket.put([1], as: "a/b") }
      #expect(error?.kind == .passing)
      #expect(
        error?.description
          == "s3://lake/a/b: http://127.0.0.1:1 cannot be reached (Connection refused); check its host and port, and that this machine may reach it"
      )
    }
  }

  @Test func whoIsSilentIsLeftAtOnceWhenCancelled() async throws {
    try await withScriptedBucket { _ in
      .silence
    } _: { bucket, server in
      let task = Task { try await bucket.put([1], as: "a/b") }
      while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
      let began = ContinuousClock.now
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      // Nobody who waits for its answer gives up sooner than after a minute.
      #expect(began.duration(to: .now) < .seconds(30))
    }
  }

  // MARK: Another region, another place

  @Test(arguments: [
    ScriptedServer.Reply.answer(
      301, ["x-amz-bucket-region": "eu-west-1"], errorDocument("PermanentRedirect")),
    .answer(400, [:], errorDocument("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>")),
  ])
  func aBucketInAnotherRegionIsFound(reply: ScriptedServer.Reply) async throws {
    try await withScriptedBucket { request in
      request.headers["authorization"].first?.contains("/eu-west-1/s3/") == true ? .answer(200) : reply
    } _: { bucket, server in
      try await bucket.put([1], as: "a/b")
      #expect(server.requests.count == 2)
      try await bucket.put([1], as: "a/c")
      #expect(server.requests.count == 3, "it is known from then on")
    }
  }

  @Test func aTemporaryRedirectIsFollowedWhereCredentialsMayGo() async throws {
    try await withScriptedBucket { request in
      request.uri == "/elsewhere/a/b"
        ? .answer(200)
        : .answer(
          307, ["Location": "http://\(request.headers["host"].first!)/elsewhere/a/b"],
          errorDocument("TemporaryRedirect"))
    } _: { bucket, server in
      try await bucket.put([1], as: "a/b")
      #expect(server.requests.map(\.uri) == ["/lake/a/b", "/elsewhere/a/b"])
    }
    try await withScriptedBucket { _ in
      .answer(307, ["Location": "http://example.com/a/b"], errorDocument("TemporaryRedirect"))
    } _: { bucket, server in
      let error = await #expect(throws: ExportError.self) { try await bucket.put([1], as: "a/b") }
      #expect(error?.kind == .lasting)
      #expect(error?.problem == "is redirected to a place that no credentials are sent to")
    }
  }

  // MARK: Checksums

  @Test func whatIsStoredDamagedIsSentAgainAndNeverLeft() async throws {
    let count = Mutex(0)
    try await withScriptedBucket { request in
      let isFirst = count.withLock { count in
        count += 1
        return count == 1
      }
      return .answer(
        200,
        [
          "x-amz-checksum-sha256": isFirst
            ? "AAAA" : request.headers["x-amz-checksum-sha256"].first ?? "none was sent"
        ])
    } _: { bucket, server in
      try await bucket.put([1], as: "a/b")
      #expect(server.requests.count == 2)
    }
    try await withScriptedBucket { _ in
      .answer(200, ["x-amz-checksum-sha256": "AAAA"])
    } _: { bucket, server in
      let error = await #expect(throws: ExportError.self) { try await bucket.put([1], as: "a/b") }
      #expect(error?.problem == "S3 has stored something else than was sent")
      #expect(server.requests.last?.method == "DELETE")
    }
  }

  @Test func whatIsConfiguredIsSaidOfEachObject() async throws {
    try await withScriptedBucket {
      $0.sse = .kms
      $0.kmsKeyId = "key-1"
      $0.storageClass = "STANDARD_IA"
      $0.tags = ["team": "data & more", "a": ""]
    } answering: { _ in
      .answer(200)
    } _: { bucket, server in
      try await bucket.put(Array("abc".utf8), as: "a/b")
      let headers = try #require(server.requests.first).headers
      #expect(headers["x-amz-server-side-encryption"] == ["aws:kms"])
      #expect(headers["x-amz-server-side-encryption-aws-kms-key-id"] == ["key-1"])
      #expect(headers["x-amz-storage-class"] == ["STANDARD_IA"])
      #expect(headers["x-amz-tagging"] == ["a=&team=data%20%26%20more"])
      let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
      #expect(headers["x-amz-content-sha256"] == [digest])
      #expect(headers["x-amz-meta-sha256"] == [digest])
      #expect(headers["x-amz-checksum-sha256"] == ["ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="])
    }
  }
}
