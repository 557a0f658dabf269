import AsyncHTTPClient
import ExportCore
import Foundation
import HTTPProblems
import NIOCore
import NIOHTTP1

/// Asks servers that give credentials out: short questions, short answers, and little patience.
struct CredentialClient: Sendable {
  private let connections: CloudConnections
  private let caFile: String?

  init(_ connections: CloudConnections, caFile: String?) {
    self.connections = connections
    self.caFile = caFile
  }

  struct Answer: Sendable {
    var status: Int
    var body: [UInt8]

    var isSuccess: Bool { (200...299).contains(status) }
    /// What waiting can mend.
    var isPassing: Bool { status == 429 || status >= 500 }
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// No answer of theirs is larger.
  private static let limit = 1 << 20

  /// - Parameters:
  ///   - attempts: how often it is asked when there is no answer, or one that waiting can mend.
  ///   - patience: seconds that each answer may take.
  /// - Throws: ``ConnectionProblem``, ``ExportError``, or `CancellationError`.
  func ask(
    _ method: HTTPMethod, _ url: URL, headers: [String: String] = [:], body: String? = nil,
    attempts: Int = 3, patience: Int64
  ) async throws -> Answer {
    var attempt = 1
    while true {
      do {
        let answer = try await once(method, url, headers, body, patience)
        guard answer.isPassing, attempt < attempts else { return answer }
      } catch {
        if Task.isCancelled || error is CancellationError { throw CancellationError() }
        if let error = error as? ExportError { throw error }
        guard attempt < attempts else { throw ConnectionProblem(error, patience: patience) }
      }
      // Half a second and a second, more or less: no two machines keep step.
      try await Task.sleep(for: .milliseconds(500) * attempt * Double.random(in: 0.5..<1))
      attempt += 1
    }
  }

  private func once(
    _ method: HTTPMethod, _ url: URL, _ headers: [String: String], _ body: String?, _ patience: Int64
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: url.absoluteString)
    request.method = method
    request.headers = HTTPHeaders(headers.map { ($0.key, $0.value) })
    if let body { request.body = .bytes(ByteBuffer(string: body)) }
    let response = try await connections.client(for: url, caFile: caFile)
      .execute(request, timeout: .seconds(patience))
    return Answer(
      status: Int(response.status.code),
      body: Array(buffer: try await response.body.collect(upTo: Self.limit)))
  }
}

extension Date {
  /// RFC 3339, with a fraction or without.
  init?(credentialTime text: String) {
    let style = Date.ISO8601FormatStyle.iso8601
    let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    guard let date = (try? Date(text, strategy: style)) ?? (try? Date(text, strategy: fractional)) else {
      return nil
    }
    self = date
  }
}
