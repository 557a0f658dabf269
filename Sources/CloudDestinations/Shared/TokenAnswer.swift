import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

/// What a token endpoint answers (RFC 6749 sections 5.1 and 5.2).
struct TokenAnswer: Decodable {
  private enum CodingKeys: String, CodingKey {
    case token = "access_token"
    case life = "expires_in"
    case end = "expires_on"
  }

  private let token: String
  /// Seconds.
  private let life: Seconds?
  /// Since 1970. Some metadata services say only this.
  private let end: Seconds?

  /// A number, or a text that is one, as metadata services write it.
  private struct Seconds: Decodable {
    var count: Int

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Int.self) {
        count = number
      } else if let number = Int(try container.decode(String.self)) {
        count = number
      } else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "is not a number")
      }
    }
  }

  /// - Throws: ``ExportError`` for an answer that is none.
  static func token(_ body: [UInt8], from object: String) throws(ExportError) -> BearerToken {
    guard let answer = try? JSONDecoder().decode(TokenAnswer.self, from: Data(body)), !answer.token.isEmpty
    else {
      throw ExportError(
        .destination, .passing, object: object, problem: "answered with what is no token",
        hint: "check what answers there")
    }
    // RFC 6749 leaves the life to other means; it is an hour wherever we know of.
    let expiration =
      if let life = answer.life { Date.now + TimeInterval(life.count) } else {
        answer.end.map { Date(timeIntervalSince1970: TimeInterval($0.count)) } ?? Date.now + 3600
      }
    return BearerToken(text: answer.token, expiration: expiration)
  }

  private struct Refusal: Decodable {
    private enum CodingKeys: String, CodingKey {
      case error
      case description = "error_description"
    }
    var error: String?
    var description: String?
  }

  /// What a refusal says, in one line; "" when it says nothing.
  static func said(_ answer: CredentialClient.Answer) -> String {
    let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(answer.body))
    // Behind the first line, or Microsoft's words, stand numbers for whoever runs the endpoint.
    let description = refusal?.description?.split(whereSeparator: \.isNewline).first?
      .split(separator: " Trace ID:").first.map(String.init)
    return String([refusal?.error, description].compactMap { $0 }.joined(separator: ": ").prefix(300))
  }

  /// - Parameter hint: for a refusal that only a person can mend.
  static func refusal(_ answer: CredentialClient.Answer, of object: String, hint: String) -> ExportError {
    let said = said(answer)
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
}

extension CredentialClient {
  /// Seconds that a token endpoint has for an answer.
  static let tokenPatience: Int64 = 20

  /// Sends a form to a token endpoint (RFC 6749 section 4.4.2), what goes wrong told of `object`.
  func post(_ form: [String: String], to url: URL, for object: String) async throws -> Answer {
    try await asked(object) {
      try await $0.ask(
        .POST, url, headers: ["Content-Type": "application/x-www-form-urlencoded"],
        body: form.percentEncoded, patience: Self.tokenPatience)
    }
  }

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
