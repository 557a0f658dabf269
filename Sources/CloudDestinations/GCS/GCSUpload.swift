import ExportCore
import Foundation
import NIOHTTP1

/// How objects are sent.
struct GCSLayout: Sendable {
  /// Larger files go as resumable uploads.
  var largestSingle = 8 << 20
  /// Bytes of such an upload that are sent at a time: a multiple of 256 KiB ("Chunked upload" in "Resumable uploads").
  var chunk = 16 << 20
}

/// A resumable upload that is not complete yet. Its address is all it takes to send to it.
struct GCSSession: Hashable, Sendable {
  var key: String
  var address: String
}

extension GCSBucket {
  /// Cancels it ("Cancel an upload"); one that is over already is no error, nor is a service that knows no such thing: nothing
  /// of it becomes visible unless somebody goes on with it.
  func cancel(_ session: GCSSession) async throws {
    var call = GCSCall(
      method: .DELETE, target: .session(session.address), key: session.key,
      permission: "storage.objects.create")
    call.body = .bytes([])
    call.alsoFine = [404, 405, 410, 499, 501]
    try await client.perform(call) { _ = try await $0.document() }
    begun.end(session)
  }
}

/// Sends one file as a resumable upload, chunk by chunk. After a break the server is asked how far it has come, and from there
/// it goes on ("Resumable uploads" and "Perform resumable uploads" in the Cloud Storage documentation).
struct GCSUpload: Sendable {
  private let bucket: GCSBucket
  private let file: OpenedFile
  private let content: GCSContent
  private let key: String
  private let generation: String
  private var client: GCSClient { bucket.client }

  /// - Parameter generation: the one that is there now; "0" for none.
  init(_ bucket: GCSBucket, _ file: OpenedFile, _ content: GCSContent, key: String, generation: String) {
    self.bucket = bucket
    self.file = file
    self.content = content
    self.key = key
    self.generation = generation
  }

  /// How far the server has come.
  private enum Standing: Sendable {
    case persisted(Int)
    case complete(GCSObject)
  }

  /// The session is not known any more.
  private struct Gone: Error { var failure: GCSFailure }

  /// How often it is begun anew when the server has forgotten it.
  private static let mostSessions = 3

  /// - Returns: what is stored now.
  /// - Throws: ``GCSFailure``, ``ExportError`` or `CancellationError`; the upload is then cancelled.
  func run() async throws -> GCSObject {
    var sessions = 1
    while true {
      let session = try await bucket.connections.unbroken {
        try await begin()
      } abandoned: { session in
        try? await bucket.cancel(session)
      }
      do {
        let stored = try await send(session)
        bucket.begun.end(session)
        return stored
      } catch let gone as Gone {
        bucket.begun.end(session)
        guard sessions < Self.mostSessions, let pause = client.retries.pause(after: sessions) else {
          throw gone.failure
        }
        sessions += 1
        try await Task.sleep(for: pause)
      } catch {
        await bucket.connections.farewell { try? await bucket.cancel(session) }
        throw error
      }
    }
  }

  /// Where the answer is lost there may be a session that nobody knows of: nothing is in it, and it ends by itself.
  private func begin() async throws -> GCSSession {
    var call = GCSCall(method: .POST, target: .uploads, key: key, permission: "storage.objects.create")
    call.query = ["uploadType": "resumable", "ifGenerationMatch": generation]
    call.headers = [
      "Content-Type": "application/json; charset=UTF-8", "X-Upload-Content-Type": GCSContent.contentType,
      "X-Upload-Content-Length": String(content.bytes),
    ]
    call.body = .bytes(try content.resource(key: key, storageClass: bucket.storageClass))
    let ready = call
    return try await client.perform(ready) { answer in
      _ = try await answer.document()
      guard let location = answer.headers.first(name: "Location"),
        let address = client.address.session(location)
      else {
        throw GCSFailure(
          unexpected: "an upload was begun without an address to send it to", ready, client.address)
      }
      let session = GCSSession(key: key, address: address)
      bucket.begun.begin(session)
      return session
    }
  }

  private func send(_ session: GCSSession) async throws -> GCSObject {
    var offset = 0
    var attempt = 1
    var isUnsure = false
    while true {
      do {
        let standing = isUnsure ? try await ask(session) : try await sendChunk(from: offset, session)
        switch standing {
        case .complete(let object): return object
        case .persisted(let bytes):
          if bytes > offset { attempt = 1 }
          // A server that takes nothing more is not asked for ever; nor is one that has lost what it had.
          if !isUnsure, bytes <= offset { throw stuck(session) }
          offset = bytes
          isUnsure = false
        }
      } catch let failure as GCSFailure {
        if failure.status == 404 || failure.status == 410 { throw Gone(failure: failure) }
        guard failure.isPassing, !failure.isDamaged,
          let pause = client.retries.pause(after: attempt, asked: failure.retryAfter)
        else { throw failure }
        attempt += 1
        isUnsure = true
        try await Task.sleep(for: pause)
      }
    }
  }

  private func call(_ session: GCSSession, range: String) -> GCSCall {
    var call = GCSCall(
      method: .PUT, target: .session(session.address), key: key, permission: "storage.objects.create")
    call.headers["Content-Range"] = "bytes \(range)/\(content.bytes)"
    call.alsoFine = [308]
    return call
  }

  private func sendChunk(from offset: Int, _ session: GCSSession) async throws -> Standing {
    let bytes = min(bucket.layout.chunk, content.bytes - offset)
    guard bytes > 0 else { return try await ask(session) }
    var call = call(session, range: "\(offset)-\(offset + bytes - 1)")
    call.body = .part(StagedPart(file: file, offset: offset, bytes: bytes))
    return try await perform(call)
  }

  /// A status query.
  private func ask(_ session: GCSSession) async throws -> Standing {
    var call = call(session, range: "*")
    call.body = .bytes([])
    return try await perform(call)
  }

  private func perform(_ call: GCSCall) async throws -> Standing {
    var once = client.retries
    once.attempts = 1
    return try await client.perform(call, retries: once) { answer in
      guard answer.status == 308 else { return .complete(try await client.document(answer, call)) }
      _ = try await answer.document()
      // `bytes=0-42`; without it nothing has been kept.
      guard let range = answer.headers.first(name: "Range") else { return .persisted(0) }
      guard range.hasPrefix("bytes=0-"), let last = Int(range.dropFirst("bytes=0-".count)),
        last < content.bytes
      else {
        throw GCSFailure(unexpected: "it is said to have kept \(range.prefix(50))", call, client.address)
      }
      return .persisted(last + 1)
    }
  }

  private func stuck(_ session: GCSSession) -> GCSFailure {
    GCSFailure(
      unexpected: "Cloud Storage keeps nothing of what it is sent", call(session, range: "*"), client.address)
  }
}
