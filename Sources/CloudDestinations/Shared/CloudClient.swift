import AsyncHTTPClient
import ExportCore
import Foundation
import HTTPProblems
import NIOCore
import NIOHTTP1
import Synchronization

/// A request as it goes out: everything is in it, signature included.
struct CloudRequest: Sendable {
  enum Body: Sendable {
    case none
    case bytes([UInt8])
    case part(StagedPart)
    /// With something before and behind it.
    case framed([UInt8], StagedPart, [UInt8])
  }

  var method: HTTPMethod
  /// Absolute, percent-encoded.
  var url: String
  var headers: HTTPHeaders
  var body = Body.none
}

/// What came back, its body not read yet.
struct CloudAnswer: Sendable {
  var status: Int
  var reason: String
  var headers: HTTPHeaders
  var body: HTTPClientResponse.Body

  /// Documents are never larger: a list of 1,000 names of 1 KiB, each character of them escaped, is half of it.
  static let documentLimit = 8 << 20

  /// The whole body of an answer that is a document.
  func document() async throws -> [UInt8] {
    try await reading { Array(buffer: try await body.collect(upTo: Self.documentLimit)) }
  }

  /// Hands each piece of the body to `take`.
  func forEachPiece(_ take: (ByteBuffer) throws -> Void) async throws {
    try await reading { for try await piece in body { try take(piece) } }
  }

  /// How long the server asks to be left alone (RFC 9110 section 10.2.3), in seconds; a date is not looked at.
  var retryAfter: Duration? { headers.first(name: "Retry-After").flatMap(Int.init).map { .seconds($0) } }

  private func reading<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch {
      throw CloudClient.failure(error)
    }
  }
}

/// Sends requests of one destination.
struct CloudClient: Sendable {
  private let connections: CloudConnections
  private let caFile: String?
  private let limit: UploadLimit?
  /// As many bodies are on their way at the same time.
  private let uploads = Gate(8)

  init(_ connections: CloudConnections, _ options: CloudOptions) {
    self.connections = connections
    caFile = options.caFile
    limit = options.maxUploadBytesPerSecond.map(UploadLimit.init)
  }

  /// Sends it once. No redirect is followed.
  /// - Throws: ``ConnectionProblem`` when there is no answer, ``ExportError`` for what is wrong on this side, or
  ///   `CancellationError`.
  func send(_ request: CloudRequest) async throws -> CloudAnswer {
    guard let url = URL(string: request.url) else {
      throw ExportError(.destination, .lasting, object: request.url, problem: "is not an address")
    }
    let client = try connections.client(for: url, caFile: caFile)
    var outgoing = HTTPClientRequest(url: request.url)
    outgoing.method = request.method
    outgoing.headers = request.headers
    do {
      try Task.checkCancellation()
      let response: HTTPClientResponse
      switch request.body {
      case .none: response = try await client.execute(outgoing, deadline: .distantFuture)
      case .bytes(let bytes):
        outgoing.body = .bytes(ByteBuffer(bytes: bytes))
        try await limit?.take(bytes.count)
        response = try await client.execute(outgoing, deadline: .distantFuture)
      case .part(let part):
        response = try await uploads.within { try await upload(part, outgoing, client) }
      case .framed(let head, let part, let tail):
        response = try await uploads.within {
          try await upload(part, head: head, tail: tail, outgoing, client)
        }
      }
      return CloudAnswer(
        status: Int(response.status.code), reason: response.status.reasonPhrase, headers: response.headers,
        body: response.body)
    } catch {
      throw Self.failure(error)
    }
  }

  /// The client sees to it that an answer comes in time once everything is sent. That the other side takes what is
  /// sent, it does not.
  private func upload(
    _ part: StagedPart, head: [UInt8] = [], tail: [UInt8] = [], _ request: HTTPClientRequest,
    _ client: HTTPClient
  ) async throws -> HTTPClientResponse {
    let pulse = Pulse(DeliveryProgress.current)
    var request = request
    request.body = .stream(
      PartBody(part: part, head: head, tail: tail, limit: limit, pulse: pulse),
      length: .known(Int64(head.count + part.bytes + tail.count)))
    let ready = request
    return try await withThrowingTaskGroup(of: HTTPClientResponse.self) { group in
      group.addTask { try await client.execute(ready, deadline: .distantFuture) }
      group.addTask {
        try await pulse.untilStill(for: .seconds(CloudConnections.idlePatience))
        throw ConnectionProblem(.silent, "took nothing for \(CloudConnections.idlePatience) s")
      }
      defer { group.cancelAll() }
      return try await group.next()!
    }
  }

  static func failure(_ error: any Error) -> any Error {
    if Task.isCancelled || error is CancellationError { return CancellationError() }
    if error is ExportError { return error }
    return ConnectionProblem(error, patience: CloudConnections.idlePatience)
  }
}

/// When an upload last moved. What waits for its turn or for the answer counts as moving: others look after that.
private final class Pulse: Sendable {
  private enum Beat { case moving, still(since: ContinuousClock.Instant) }
  private let beat = Mutex(Beat.still(since: .now))
  private let progress: DeliveryProgress

  /// - Parameter progress: told whenever the other side has taken something.
  init(_ progress: DeliveryProgress) { self.progress = progress }

  /// The next bytes are being made ready.
  func begins() {
    beat.withLock { $0 = .moving }
    progress.moved()
  }
  /// They wait for the other side.
  func waits() { beat.withLock { $0 = .still(since: .now) } }

  /// - Throws: `CancellationError`.
  func untilStill(for patience: Duration) async throws {
    while true {
      let end = beat.withLock { beat in
        if case .still(let since) = beat { since + patience } else { ContinuousClock.now + patience }
      }
      if end <= .now { return }
      try await Task.sleep(until: end, clock: .continuous)
    }
  }
}

/// The body of an upload, read as it is sent.
private struct PartBody: AsyncSequence, Sendable {
  let part: StagedPart
  let head: [UInt8]
  let tail: [UInt8]
  let limit: UploadLimit?
  let pulse: Pulse

  struct AsyncIterator: AsyncIteratorProtocol {
    let body: PartBody
    var sent = 0
    var hasSentHead: Bool
    var hasSentTail: Bool

    mutating func next() async throws -> ByteBuffer? {
      body.pulse.begins()
      let left = body.part.bytes - sent
      guard left > 0 || !hasSentHead || !hasSentTail else { return nil }
      defer { body.pulse.waits() }
      if !hasSentHead {
        hasSentHead = true
        return ByteBuffer(bytes: body.head)
      }
      guard left > 0 else {
        hasSentTail = true
        return ByteBuffer(bytes: body.tail)
      }
      let count = Swift.min(left, body.limit?.stride ?? StagedPart.stride)
      try await body.limit?.take(count)
      defer { sent += count }
      return try await body.part.read(count, at: sent)
    }
  }

  func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(body: self, hasSentHead: head.isEmpty, hasSentTail: tail.isEmpty)
  }
}
