import ExportCore
import Foundation
import HTTPProblems
import Synchronization

/// An access token, and when it ends.
struct GoogleToken: Sendable {
  var text: String
  var expiration: Date

  var lease: Renewed<String>.Lease { .init(value: text, expiration: expiration) }

  /// What a token may be used for ("OAuth 2.0 scopes for Cloud Storage"): objects, not who may do what with them.
  static let scope = "https://www.googleapis.com/auth/devstorage.read_write"
}

/// The tokens of a destination. As whom it speaks is looked up each time, since a file may have changed; a token is kept until
/// shortly before it ends, and all uploads share it.
final class GoogleTokens: Sendable {
  private struct Current {
    var identity: GoogleIdentity
    var token: Renewed<String>
    /// The one that was given out last.
    var given: String?
  }

  private let search: GoogleCredentialSearch
  private let client: CredentialClient
  private let current = Mutex<Current?>(nil)

  init(_ search: GoogleCredentialSearch, _ client: CredentialClient) {
    self.search = search
    self.client = client
  }

  /// What goes behind `Authorization: Bearer`; nil for a server that asks for none.
  /// - Throws: ``ExportError`` or `CancellationError`.
  func token() async throws -> String? {
    let identity = try search.identity()
    if identity == .nobody { return nil }
    let renewed = current.withLock { current in
      if let current, current.identity == identity { return current.token }
      let token = Renewed<String> { [client, object = search.object] in
        try await Self.fetch(identity, client, object).lease
      }
      current = Current(identity: identity, token: token)
      return token
    }
    let text = try await renewed.value()
    current.withLock { $0?.given = text }
    return text
  }

  /// Fetches another one next time, unless that has happened already.
  /// - Parameter token: one that is not accepted.
  func discard(_ token: String) {
    current.withLock { if $0?.given == token { $0 = nil } }
  }

  private static func fetch(
    _ identity: GoogleIdentity, _ client: CredentialClient, _ object: String
  ) async throws -> GoogleToken {
    switch identity {
    case .serviceAccount(let key): try await key.token(client)
    case .external(let account): try await account.token(client)
    case .metadata(let server): try await server.token(client, for: object)
    case .nobody: preconditionFailure("nobody has a token")
    }
  }
}

/// What a token endpoint answers (RFC 6749 sections 5.1 and 5.2).
struct TokenAnswer: Decodable {
  private enum CodingKeys: String, CodingKey {
    case token = "access_token"
    case life = "expires_in"
  }

  private let token: String
  /// Seconds.
  private let life: Int?

  /// - Throws: ``ExportError`` for an answer that is none.
  static func token(_ body: [UInt8], from object: String) throws(ExportError) -> GoogleToken {
    guard let answer = try? JSONDecoder().decode(TokenAnswer.self, from: Data(body)), !answer.token.isEmpty
    else {
      throw ExportError(
        .destination, .passing, object: object, problem: "answered with what is no token",
        hint: "check what answers there")
    }
    // RFC 6749 leaves the life to other means; Google's is an hour.
    return GoogleToken(
      text: answer.token, expiration: Date.now + TimeInterval(answer.life ?? 3600))
  }

  private struct Refusal: Decodable {
    private enum CodingKeys: String, CodingKey {
      case error
      case description = "error_description"
    }
    var error: String?
    var description: String?
  }

  /// - Parameter hint: for a refusal that only a person can mend.
  static func refusal(_ answer: CredentialClient.Answer, of object: String, hint: String) -> ExportError {
    let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(answer.body))
    let said = [refusal?.error, refusal?.description].compactMap { $0 }.joined(separator: ": ").prefix(300)
    let isAboutTime = said.contains("iat and exp")
    return ExportError(
      .destination, answer.isPassing ? .passing : .lasting, object: object,
      problem: "no token is given out (\(answer.status)\(said.isEmpty ? "" : " \(said)"))",
      hint: answer.isPassing
        ? nil
        : isAboutTime
          ? "the clock of this machine is wrong: set it, and keep it right with NTP (timedatectl set-ntp true)"
          : hint)
  }

  /// Parameters as `application/x-www-form-urlencoded` has them.
  static func form(_ fields: [(String, String)]) -> String {
    fields.map { "\(GCSAddress.encoded($0))=\(GCSAddress.encoded($1))" }.joined(separator: "&")
  }

  static let formType = ["Content-Type": "application/x-www-form-urlencoded"]
}

extension CredentialClient {
  /// Seconds that a token endpoint has for an answer.
  static let tokenPatience: Int64 = 20

  /// As ``ask(_:_:headers:body:attempts:patience:)``, what goes wrong told of `object`.
  func asked(_ object: String, _ ask: (CredentialClient) async throws -> Answer) async throws -> Answer {
    do {
      return try await ask(self)
    } catch let problem as ConnectionProblem {
      throw ExportError(
        .destination, problem.kind == .untrusted ? .lasting : .passing, object: object,
        problem: problem.problem, hint: problem.hint)
    }
  }
}
