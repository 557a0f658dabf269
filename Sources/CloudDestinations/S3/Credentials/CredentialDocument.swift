import ExportCore
import Foundation

/// Temporary credentials as the container's endpoint and the instance's metadata write them.
struct CredentialDocument: Decodable {
  private enum CodingKeys: String, CodingKey {
    case accessKeyId = "AccessKeyId"
    case secretAccessKey = "SecretAccessKey"
    case token = "Token"
    case expiration = "Expiration"
  }

  let accessKeyId: String
  let secretAccessKey: String
  let token: String?
  let expiration: String?

  /// - Throws: ``ExportError`` for what is no such document.
  static func credentials(_ body: [UInt8], from object: String) throws(ExportError) -> S3Credentials {
    guard let document = try? JSONDecoder().decode(CredentialDocument.self, from: Data(body)) else {
      throw ExportError(
        .destination, .passing, object: object, problem: "answered with what are no credentials",
        hint: "check what answers there")
    }
    return S3Credentials(
      accessKeyId: document.accessKeyId, secretAccessKey: document.secretAccessKey,
      sessionToken: document.token, expiration: document.expiration.flatMap(Date.init(credentialTime:)))
  }
}
