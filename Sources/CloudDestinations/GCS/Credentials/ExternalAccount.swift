import ExportCore
import Foundation
import NIOHTTP1

/// The file of a workload identity federation: a token of another identity provider is exchanged for one of Google ("Configure
/// Workload Identity Federation" in the IAM documentation; AIP-4117).
struct ExternalAccount: Hashable, Sendable, Decodable {
  private enum CodingKeys: String, CodingKey {
    case audience
    case subjectTokenType = "subject_token_type"
    case tokenURL = "token_url"
    case source = "credential_source"
    case impersonationURL = "service_account_impersonation_url"
    case impersonation = "service_account_impersonation"
  }

  private struct Impersonation: Hashable, Decodable {
    private enum CodingKeys: String, CodingKey { case life = "token_lifetime_seconds" }
    var life: Int?
  }

  let audience: String
  let subjectTokenType: String
  let tokenURL: String
  let impersonationURL: String?
  private let source: SubjectTokenSource
  private let impersonation: Impersonation?

  private static let anything = "https://www.googleapis.com/auth/cloud-platform"

  func token(_ client: CredentialClient) async throws -> BearerToken {
    let federated = try await exchange(try await source.token(client), client)
    guard let impersonationURL else { return federated }
    return try await impersonate(impersonationURL, with: federated, client)
  }

  /// RFC 8693 section 2.1.
  private func exchange(_ subject: String, _ client: CredentialClient) async throws -> BearerToken {
    let object = "workload identity federation at \(tokenURL)"
    let form = [
      "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "audience": audience,
      "scope": impersonationURL == nil ? GoogleIdentity.scope : Self.anything,
      "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
      "subject_token": subject, "subject_token_type": subjectTokenType,
    ]
    let answer = try await client.post(form, to: try Self.url(tokenURL, of: object), for: object)
    guard answer.isSuccess else {
      throw TokenAnswer.refusal(
        answer, of: object,
        hint:
          "check the pool and provider of the workload identity, and that \(source) gives tokens that they accept"
      )
    }
    return try TokenAnswer.token(answer.body, from: object)
  }

  private struct Request: Encodable {
    var scope: [String]
    var lifetime: String
  }

  private struct Answer: Decodable {
    var accessToken: String
    /// RFC 3339.
    var expireTime: String
  }

  /// generateAccessToken of the IAM Service Account Credentials API.
  private func impersonate(
    _ address: String, with federated: BearerToken, _ client: CredentialClient
  ) async throws -> BearerToken {
    let account = address.split(separator: "/").last?.split(separator: ":").first.map(String.init) ?? ""
    let object = "service account \(account)"
    let url = try Self.url(address, of: object)
    let request = Request(scope: [GoogleIdentity.scope], lifetime: "\(impersonation?.life ?? 3600)s")
    let body = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
    let answer = try await client.asked(object) {
      try await $0.ask(
        .POST, url,
        headers: ["Content-Type": "application/json", "Authorization": "Bearer \(federated.text)"],
        body: body, patience: CredentialClient.tokenPatience)
    }
    guard answer.isSuccess else {
      throw ExportError(
        .destination, answer.isPassing ? .passing : .lasting, object: object,
        problem: "the workload identity may not act as it (\(answer.status))",
        hint: "grant it roles/iam.workloadIdentityUser on the service account")
    }
    guard let token = try? JSONDecoder().decode(Answer.self, from: Data(answer.body)),
      let expiration = Date(credentialTime: token.expireTime)
    else {
      throw ExportError(
        .destination, .passing, object: object, problem: "\(url.host() ?? "") answered with what is no token",
        hint: "check what answers there")
    }
    return BearerToken(text: token.accessToken, expiration: expiration)
  }

  private static func url(_ text: String, of object: String) throws(ExportError) -> URL {
    guard let url = URL(string: text) else {
      throw ExportError(.configuration, .lasting, object: object, problem: "\(text) is no address")
    }
    return url
  }
}

/// Where the other provider's token lies ("File-sourced credentials", "URL-sourced credentials" in AIP-4117).
private struct SubjectTokenSource: Hashable, Sendable, Decodable, CustomStringConvertible {
  private enum CodingKeys: String, CodingKey {
    case file, url, headers, format, executable, certificate
    case environment = "environment_id"
  }

  private struct Format: Hashable, Sendable, Decodable {
    private enum CodingKeys: String, CodingKey {
      case type
      case field = "subject_token_field_name"
    }
    var type: String?
    var field: String?
  }

  private enum Place: Hashable, Sendable {
    /// Read anew each time: whoever made it renews it.
    case file(String)
    case url(URL, headers: [String: String])
  }

  private let place: Place
  private let format: Format?

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    format = try container.decodeIfPresent(Format.self, forKey: .format)
    for key in [CodingKeys.environment, .executable, .certificate] where container.contains(key) {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container, debugDescription: "exportd takes tokens from a file or a URL")
    }
    if let path = try container.decodeIfPresent(String.self, forKey: .file) {
      place = .file(path)
    } else {
      place = .url(
        try container.decode(URL.self, forKey: .url),
        headers: try container.decodeIfPresent([String: String].self, forKey: .headers) ?? [:])
    }
  }

  var description: String {
    switch place {
    case .file(let path): "file \(path)"
    case .url(let url, _): url.absoluteString
    }
  }

  func token(_ client: CredentialClient) async throws -> String {
    let data: Data
    switch place {
    case .file(let path):
      guard let found = FileManager.default.contents(atPath: path) else {
        throw unusable("cannot be read", "check that it is there and that the user of exportd may read it")
      }
      data = found
    case .url(let url, let headers):
      let answer = try await client.asked("\(self)") {
        try await $0.ask(.GET, url, headers: headers, patience: CredentialClient.tokenPatience)
      }
      guard answer.isSuccess else {
        throw unusable("gives no token of the workload (\(answer.status))", "check what answers there")
      }
      data = Data(answer.body)
    }
    guard format?.type == "json" else {
      let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      guard !text.isEmpty else { throw unusable("is empty", "see that a token is written there") }
      return text
    }
    let field = format?.field ?? "access_token"
    guard case .text(let text)? = try? JSONDecoder().decode([String: Member].self, from: data)[field] else {
      throw unusable("is no JSON with a \"\(field)\"", "correct subject_token_field_name")
    }
    return text
  }

  /// A member of the document: only texts matter.
  private enum Member: Decodable {
    case text(String)
    case other

    init(from decoder: any Decoder) throws {
      let text = try? decoder.singleValueContainer().decode(String.self)
      self = text.map { .text($0) } ?? .other
    }
  }

  private func unusable(_ problem: String, _ hint: String) -> ExportError {
    ExportError(
      .destination, .passing, object: "subject token, \(self)", problem: problem, hint: hint)
  }
}
