import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

/// Speaks to one bucket: puts a token to each request and sends it, again where that may help.
struct GCSClient: Sendable {
  let address: GCSAddress
  let retries: Retries
  private let http: CloudClient
  private let tokens: BearerTokens<GoogleIdentity>

  /// - Parameter tokens: asked before each request, so that they may be renewed in the middle of an upload.
  init(_ address: GCSAddress, _ http: CloudClient, retries: Retries, tokens: BearerTokens<GoogleIdentity>) {
    self.address = address
    self.retries = retries
    self.http = http
    self.tokens = tokens
  }

  /// - Parameter read: takes an answer from 200 to 299, or one that the call says is fine; once more with the next one if it
  ///   throws ``GCSFailure`` that passes, or the connection ends meanwhile.
  /// - Throws: ``GCSFailure``, ``ExportError`` for what is wrong on this side, or `CancellationError`.
  func perform<Result>(
    _ call: GCSCall, retries: Retries? = nil, _ read: (CloudAnswer) async throws -> Result
  ) async throws -> Result {
    var (token, isWithNewToken) = (String?.none, false)
    return try await (retries ?? self.retries).perform(
      detour: { (failure: GCSFailure) in
        guard failure.status == 401, let token, !isWithNewToken else { return false }
        // It may have been withdrawn before its time.
        tokens.discard(token)
        isWithNewToken = true
        return true
      }
    ) {
      token = try await tokens.token()
      return try await once(call, token, read)
    }
  }

  /// For an answer that is a JSON document.
  func document<Document: Decodable>(
    _ call: GCSCall, as type: Document.Type, retries: Retries? = nil
  ) async throws -> Document {
    try await perform(call, retries: retries) { try await document($0, call) }
  }

  func document<Document: Decodable>(
    _ answer: CloudAnswer, _ call: GCSCall, as type: Document.Type = Document.self
  ) async throws -> Document {
    do {
      return try JSONDecoder().decode(Document.self, from: Data(try await answer.document()))
    } catch is DecodingError {
      throw GCSFailure(unexpected: "the answer is not what Cloud Storage answers", call, address)
    }
  }

  private func once<Result>(
    _ call: GCSCall, _ token: String?, _ read: (CloudAnswer) async throws -> Result
  ) async throws -> Result {
    var headers = HTTPHeaders(call.headers.map { ($0.key, $0.value) })
    headers.replaceOrAdd(name: "User-Agent", value: "exportd")
    if let token { headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token)") }
    do {
      let answer = try await http.send(
        CloudRequest(method: call.method, url: call.url(in: address), headers: headers, body: call.body))
      guard (200...299).contains(answer.status) || call.alsoFine.contains(answer.status) else {
        throw GCSFailure(answer, try await answer.document(), call, address)
      }
      return try await read(answer)
    } catch let problem as ConnectionProblem {
      throw GCSFailure(problem, call, address)
    }
  }
}

/// What Cloud Storage says of an object ("Objects" in the JSON API reference). Numbers are strings there.
struct GCSObject: Decodable, Sendable {
  var name: String
  var size: String?
  /// Of the content: Base64 of its four bytes, the highest first.
  var crc32c: String?
  /// Changes with each new content under the name.
  var generation: String?
  var metadata: [String: String]?
}
