import AsyncHTTPClient
package import ExportCore
import Foundation
import HTTPProblems
import NIOCore
import NIOHTTP1

/// An address that takes a JSON document by POST. It may carry a token, so no message shows more of it than scheme, host
/// and port.
package struct Webhook: Sendable {
  private let address: String
  private let user: String?
  private let password: String?
  /// Seconds that an answer may take.
  private let patience: Int64
  /// What may be shown.
  private let place: String

  /// - Parameter configured: how messages call it, such as `onFailure.webhook`.
  /// - Throws: ``ExportError`` for what is no http or https address.
  package init(_ address: String, configured: String, patience: Int64 = 30) throws(ExportError) {
    guard let url = URL(string: address), let scheme = url.scheme?.lowercased(),
      ["http", "https"].contains(scheme), let host = url.host(percentEncoded: false), !host.isEmpty
    else {
      throw ExportError(
        .configuration, .lasting, object: configured, problem: "is not an http:// or https:// address",
        hint: "mend it in the configuration, or where it takes the address from")
    }
    self.address = address
    user = url.user(percentEncoded: false)
    password = url.password(percentEncoded: false)
    self.patience = patience
    place = "\(configured) \(scheme)://\(host)\(url.port.map { ":\($0)" } ?? "")"
  }

  /// Returns when the other side has taken it: any status from 200 to 299.
  package func post(_ json: [UInt8], userAgent: String) async throws {
    var request = HTTPClientRequest(url: address)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.headers.add(name: "User-Agent", value: userAgent)
    if let user { request.setBasicAuth(username: user, password: password ?? "") }
    request.body = .bytes(json)
    // A client for each: there is one notice in a blue moon, and nothing is to stay open for it.
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration)
    let answer: Result<HTTPClientResponse, any Error>
    do {
      answer = .success(try await client.execute(request, timeout: .seconds(patience)))
    } catch {
      answer = .failure(error)
    }
    try? await client.shutdown()
    switch answer {
    case .success(let response): try judge(response)
    case .failure(let error):
      if Task.isCancelled { throw CancellationError() }
      throw failure(error)
    }
  }

  private static var configuration: HTTPClient.Configuration {
    // A POST that is redirected becomes a GET elsewhere, or carries the notice to a stranger.
    HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(10)))
  }

  // MARK: What went wrong

  private func judge(_ response: HTTPClientResponse) throws(ExportError) {
    let code = response.status.code
    guard !(200...299).contains(code) else { return }
    let hint =
      switch code {
      case 300...399: "no redirect is followed: configure the address that it leads to"
      case 401, 403: "check the token or password in its address"
      case 404, 405, 410: "check its address: it must take POST"
      default: "look at the log of what answers there"
      }
    throw failure("answered \(code) \(response.status.reasonPhrase)", hint)
  }

  private func failure(_ error: any Error) -> ExportError {
    let problem = ConnectionProblem(error, patience: patience)
    return failure(problem.problem, problem.hint)
  }

  private func failure(_ problem: String, _ hint: String) -> ExportError {
    ExportError(.configuration, .passing, object: place, problem: problem, hint: hint)
  }
}
