import Crypto
import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

/// Exchanges credentials, or the token of another identity provider, for those of a role (AWS STS API Reference, version
/// 2011-06-15).
struct SecurityTokenService: Sendable {
  private let client: CredentialClient
  private let region: String
  private let url: URL

  private static let patience: Int64 = 10

  /// - Parameter endpoint: nil for that of the region.
  /// - Throws: ``ExportError`` for an address that secrets are not sent to.
  init(
    _ client: CredentialClient, region: String, endpoint: String?, allowHTTP: Bool
  ) throws(ExportError) {
    let address =
      endpoint ?? "https://sts.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
    guard let url = URL(string: address.hasSuffix("/") ? address : address + "/"),
      let host = url.host(percentEncoded: false),
      url.scheme == "https" || url.scheme == "http" && (allowHTTP || host.isLoopbackHost)
    else {
      throw ExportError(
        .destination, .lasting, object: "environment variable AWS_ENDPOINT_URL_STS",
        problem: "is not an https:// address",
        hint: "correct it, or give the destination \"allowHTTP\" if the way there is safe")
    }
    self.client = client
    self.region = region
    self.url = url
  }

  func assume(_ role: AssumedRole, by credentials: S3Credentials) async throws -> S3Credentials {
    let body = form([
      "Action": "AssumeRole", "RoleArn": role.arn, "RoleSessionName": role.sessionName,
      "ExternalId": role.externalId, "DurationSeconds": role.duration.map(String.init),
    ])
    let host = url.host(percentEncoded: true) ?? ""
    let signer = SignatureV4(credentials: credentials, region: region, service: "sts")
    var headers = signer.signed(
      method: "POST", path: url.path(percentEncoded: true),
      headers: [
        "content-type": Self.contentType, "host": url.port.map { "\(host):\($0)" } ?? host,
      ],
      payloadHash: SHA256.hash(data: Data(body.utf8)).hexadecimal, at: .now)
    // The client writes it itself.
    headers["host"] = nil
    return try await self.credentials(of: role.arn, "sts:AssumeRole", by: "\(credentials)", headers, body)
  }

  func exchange(_ identity: WebIdentity) async throws -> S3Credentials {
    let token = try String(secretFile: identity.tokenFile, of: "the web identity token")
    let body = form([
      "Action": "AssumeRoleWithWebIdentity", "RoleArn": identity.roleArn,
      "RoleSessionName": identity.sessionName, "WebIdentityToken": token,
    ])
    return try await credentials(
      of: identity.roleArn, "sts:AssumeRoleWithWebIdentity", by: "the token in \(identity.tokenFile)",
      ["content-type": Self.contentType], body)
  }

  private static let contentType = "application/x-www-form-urlencoded; charset=utf-8"

  private func form(_ fields: [String: String?]) -> String {
    fields.compactMapValues { $0 }.merging(["Version": "2011-06-15"]) { $1 }.percentEncoded
  }

  private func credentials(
    of arn: String, _ action: String, by caller: String, _ headers: [String: String], _ body: String
  ) async throws -> S3Credentials {
    let answer: CredentialClient.Answer
    do {
      answer = try await client.ask(.POST, url, headers: headers, body: body, patience: Self.patience)
    } catch let problem as ConnectionProblem {
      throw ExportError(
        .destination, .passing, object: "role \(arn)",
        problem: "\(url.absoluteString) \(problem.problem)", hint: problem.hint)
    }
    let tree = XMLTree(answer.body)
    guard answer.isSuccess else { throw refusal(answer, tree, arn, action, caller) }
    guard let found = tree?.children.first(where: { $0.name.hasSuffix("Result") })?["Credentials"],
      let id = found["AccessKeyId"]?.text, let secret = found["SecretAccessKey"]?.text,
      let token = found["SessionToken"]?.text
    else {
      throw ExportError(
        .destination, .passing, object: "role \(arn)",
        problem: "\(url.absoluteString) answered with what are no credentials",
        hint: "check what answers there")
    }
    return S3Credentials(
      accessKeyId: id, secretAccessKey: secret, sessionToken: token,
      expiration: (found["Expiration"]?.text).flatMap(Date.init(credentialTime:)))
  }

  private func refusal(
    _ answer: CredentialClient.Answer, _ tree: XMLTree?, _ arn: String, _ action: String, _ caller: String
  ) -> ExportError {
    let error = tree?["Error"] ?? tree?["Errors"]?["Error"]
    let code = error?["Code"]?.text ?? ""
    // What STS says of a token may repeat it.
    let message = action == "sts:AssumeRole" ? error?["Message"]?.text ?? "" : ""
    let hint: String? =
      switch code {
      case _ where answer.isPassing: nil
      case "AccessDenied":
        "allow \(action) for \(caller), and have the role's trust policy name them and the right external id"
      case "ExpiredToken", "ExpiredTokenException", "InvalidIdentityToken", "IDPRejectedClaim":
        "renew \(caller)"
      case "SignatureDoesNotMatch", "InvalidClientTokenId": "correct the \(caller)"
      case "RequestExpired", "RequestTimeTooSkewed":
        "set the clock of this machine, and keep it right with NTP (timedatectl set-ntp true)"
      default: "correct \"roleArn\" of the destination, or the variables and profile it is taken from"
      }
    return ExportError(
      .destination, answer.isPassing ? .passing : .lasting, object: "role \(arn)",
      problem: "cannot be assumed: STS answered \(answer.status)" + (code.isEmpty ? "" : " \(code)")
        + (message.isEmpty ? "" : " (\(message.prefix(300)))"), hint: hint)
  }
}

extension String {
  /// What a file holds that something secret is read from, without white space around it.
  /// - Throws: ``ExportError`` when there is nothing.
  init(secretFile path: String, of what: String) throws(ExportError) {
    let content = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    let text = content?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    guard !text.isEmpty else {
      throw ExportError(
        .destination, .lasting, object: path,
        problem: content == nil ? "cannot be read for \(what)" : "is empty instead of holding \(what)",
        hint: "check that it is there and that the user of exportd may read it")
    }
    self = text
  }
}
