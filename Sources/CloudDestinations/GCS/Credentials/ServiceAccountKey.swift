import Crypto
import CryptoExtras
import ExportCore
import Foundation
import NIOHTTP1

/// The key of a service account, as Google hands it out ("Create and delete service account keys" in the IAM documentation).
struct ServiceAccountKey: Hashable, Sendable, Decodable, CustomStringConvertible {
  private enum CodingKeys: String, CodingKey {
    case email = "client_email"
    case keyId = "private_key_id"
    case privateKey = "private_key"
    case tokenURI = "token_uri"
  }

  let email: String
  let keyId: String?
  /// PEM.
  let privateKey: String
  let tokenURI: String

  /// Without the secret.
  var description: String { "service account \(email)" }

  private struct Header: Encodable {
    var alg = "RS256"
    var typ = "JWT"
    var kid: String?
  }

  private struct Claims: Encodable {
    var iss: String
    var scope: String
    var aud: String
    /// Seconds since 1970.
    var iat: Int
    var exp: Int
  }

  /// Seconds for which an assertion holds; Google takes no more.
  private static let life = 3600

  /// A JWT that is signed with the key (RFC 7519; RS256 of RFC 7518 section 3.3; "Using OAuth 2.0 for Server to Server
  /// Applications" in Google's documentation).
  func assertion(at time: Date) throws(ExportError) -> String {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      let seconds = Int(time.timeIntervalSince1970)
      let claims = Claims(
        iss: email, scope: GoogleIdentity.scope, aud: tokenURI, iat: seconds, exp: seconds + Self.life)
      let signed =
        Self.base64(try encoder.encode(Header(kid: keyId))) + "." + Self.base64(try encoder.encode(claims))
      let key = try _RSA.Signing.PrivateKey(pemRepresentation: privateKey)
      let signature = try key.signature(
        for: SHA256.hash(data: Data(signed.utf8)), padding: .insecurePKCS1v1_5)
      return signed + "." + Self.base64(signature.rawRepresentation)
    } catch {
      throw ExportError(
        .configuration, .lasting, object: "\(self)", problem: "its \"private_key\" is no RSA key in PEM",
        hint: "make a new key: gcloud iam service-accounts keys create FILE --iam-account=\(email)")
    }
  }

  /// `base64url` without padding (RFC 7515 section 2).
  private static func base64(_ data: Data) -> String {
    data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  /// Exchanges an assertion for a token (RFC 7523 section 2.1).
  func token(_ client: CredentialClient) async throws -> BearerToken {
    let object = "\(self) at \(tokenURI)"
    guard let url = URL(string: tokenURI) else {
      throw ExportError(.configuration, .lasting, object: object, problem: "its \"token_uri\" is no address")
    }
    let form = [
      "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": try assertion(at: .now),
    ]
    let answer = try await client.post(form, to: url, for: object)
    guard answer.isSuccess else {
      throw TokenAnswer.refusal(
        answer, of: object,
        hint:
          "check that the service account and this key of it are still there and enabled, or make a new key")
    }
    return try TokenAnswer.token(answer.body, from: object)
  }
}
