import ExportCore
import Foundation

/// As whom Cloud Storage is spoken to. Everything that is read without asking anybody is in it.
enum GoogleIdentity: Hashable, Sendable {
  case serviceAccount(ServiceAccountKey)
  case external(ExternalAccount)
  /// Of the machine: the service account that is attached to it.
  case metadata(MetadataServer)

  /// What a token may be used for ("OAuth 2.0 scopes for Cloud Storage"): objects, not who may do what with them.
  static let scope = "https://www.googleapis.com/auth/devstorage.read_write"
}

/// Looks for credentials where Google's own libraries look, in their order ("How Application Default Credentials works" in the
/// Google Cloud documentation), and before that in the configuration. What is there and cannot be used is an error, and not
/// passed over: somebody meant it.
struct GoogleCredentialSearch: Sendable {
  /// For messages.
  var object: String
  /// Of the configuration; nil when it has none.
  var serviceAccountKey: (@Sendable () throws(ExportError) -> String)?
  var environment: [String: String]
  /// Whether the server is on this machine.
  var isEmulator: Bool

  func tokens(_ client: CredentialClient) -> BearerTokens<GoogleIdentity> {
    BearerTokens { () throws(ExportError) in
      try identity()
    } fetch: { identity in
      switch identity {
      case .serviceAccount(let key): try await key.token(client)
      case .external(let account): try await account.token(client)
      case .metadata(let server): try await server.token(client, for: object)
      }
    }
  }

  /// - Returns: nil for an emulator, which asks for nobody.
  /// - Throws: ``ExportError``.
  func identity() throws(ExportError) -> GoogleIdentity? {
    if let serviceAccountKey {
      return try identity(try serviceAccountKey(), in: "\(object), serviceAccountKey")
    }
    if let path = environment["GOOGLE_APPLICATION_CREDENTIALS"], !path.isEmpty {
      let place = "GOOGLE_APPLICATION_CREDENTIALS, file \(path)"
      guard let bytes = FileManager.default.contents(atPath: path) else {
        throw ExportError(
          .configuration, .lasting, object: place, problem: "cannot be read",
          hint: "check that it is there and that the user of exportd may read it")
      }
      return try identity(String(decoding: bytes, as: UTF8.self), in: place)
    }
    if let host = environment["GCE_METADATA_HOST"], !host.isEmpty {
      return .metadata(MetadataServer(host: host))
    }
    return isEmulator ? nil : .metadata(MetadataServer())
  }

  private struct Kind: Decodable { var type: String? }

  private func identity(_ text: String, in place: String) throws(ExportError) -> GoogleIdentity {
    let data = Data(text.utf8)
    func decoded<Document: Decodable>(_: Document.Type) throws(ExportError) -> Document {
      do {
        return try JSONDecoder().decode(Document.self, from: data)
      } catch let error as DecodingError {
        throw unusable(place, Self.problem(error))
      } catch {
        throw unusable(place, "is not what Google hands out")
      }
    }
    let kind = try decoded(Kind.self).type
    switch kind {
    case "service_account":
      let key = try decoded(ServiceAccountKey.self)
      try checkAddress(key.tokenURI, "token_uri", in: place)
      return .serviceAccount(key)
    case "external_account":
      let account = try decoded(ExternalAccount.self)
      try checkAddress(account.tokenURL, "token_url", in: place)
      if let url = account.impersonationURL {
        try checkAddress(url, "service_account_impersonation_url", in: place)
      }
      return .external(account)
    default:
      throw unusable(
        place,
        kind.map { "is of type \"\($0)\", which exportd does not know" } ?? "has no \"type\"")
    }
  }

  /// Not the decoder's own words: they may repeat what is in the file.
  private static func problem(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context):
      "has no \"\((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))\""
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      context.codingPath.isEmpty
        ? "is not a JSON object"
        : "has a \"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" that is not what it should be"
    case .dataCorrupted(let context) where !context.codingPath.isEmpty:
      "has a \"\(context.codingPath.map(\.stringValue).joined(separator: "."))\": \(context.debugDescription)"
    default: "is not JSON"
    }
  }

  private func unusable(_ place: String, _ problem: String) -> ExportError {
    ExportError(
      .configuration, .lasting, object: place, problem: problem,
      hint:
        "put the JSON key of a service account there, as `gcloud iam service-accounts keys create` writes it, or the file of a workload identity federation"
    )
  }

  /// Secrets go nowhere in the clear.
  private func checkAddress(_ text: String, _ name: String, in place: String) throws(ExportError) {
    let url = URLComponents(string: text)
    let host = url?.host ?? ""
    guard !host.isEmpty, url?.scheme == "https" || url?.scheme == "http" && host.isLoopbackHost else {
      throw unusable(place, "has a \"\(name)\" that is no https:// address")
    }
  }
}
