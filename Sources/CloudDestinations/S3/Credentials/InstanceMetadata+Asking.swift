import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

extension InstanceMetadata {
  /// The service is next door: who does not answer soon is not there.
  private static let patience: Int64 = 2
  /// Seconds that a token of it is good for.
  private static let tokenLife = "60"
  private static let roles = "/latest/meta-data/iam/security-credentials/"

  /// Why nobody answers.
  struct Absent: Error {
    /// A clause.
    var reason: String
  }

  /// - Throws: ``Absent`` where there is no such service, ``ExportError``, or `CancellationError`.
  func credentials(_ client: CredentialClient) async throws -> S3Credentials {
    let token: CredentialClient.Answer
    do {
      token = try await client.ask(
        .PUT, try url("/latest/api/token"), headers: ["X-aws-ec2-metadata-token-ttl-seconds": Self.tokenLife],
        attempts: 2, patience: Self.patience)
    } catch let problem as ConnectionProblem {
      throw Absent(reason: "the instance's metadata at \(endpoint) \(problem.problem)")
    }
    guard token.isSuccess else { throw refused(token, "a token") }
    let headers = ["X-aws-ec2-metadata-token": token.text.trimmingCharacters(in: .whitespacesAndNewlines)]
    let names = try await get(Self.roles, headers, client)
    let name = names.text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    if names.status == 404 || names.isSuccess && name.isEmpty {
      throw Absent(
        reason: "the instance's metadata at \(endpoint) know of no role: none is attached to the instance")
    }
    guard names.isSuccess else { throw refused(names, "the name of its role") }
    let answer = try await get(Self.roles + name, headers, client)
    guard answer.isSuccess else { throw refused(answer, "the credentials of role \(name)") }
    return try CredentialDocument.credentials(answer.body, from: "\(object), role \(name)")
  }

  private var object: String { "instance metadata at \(endpoint)" }

  private func url(_ path: String) throws(ExportError) -> URL {
    let path = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
    guard let url = URL(string: endpoint + path), url.host(percentEncoded: false) != nil,
      url.scheme == "http" || url.scheme == "https"
    else {
      throw ExportError(
        .destination, .lasting, object: "environment variable AWS_EC2_METADATA_SERVICE_ENDPOINT",
        problem: "is not an http:// or https:// address", hint: "correct it, or unset it for the daemon")
    }
    return url
  }

  private func get(
    _ path: String, _ headers: [String: String], _ client: CredentialClient
  ) async throws -> CredentialClient.Answer {
    do {
      return try await client.ask(.GET, try url(path), headers: headers, patience: Self.patience)
    } catch let problem as ConnectionProblem {
      throw ExportError(
        .destination, .passing, object: object, problem: problem.problem, hint: problem.hint)
    }
  }

  private func refused(_ answer: CredentialClient.Answer, _ what: String) -> ExportError {
    ExportError(
      .destination, answer.isPassing ? .passing : .lasting, object: object,
      problem: "answered \(answer.status) when it was asked for \(what)",
      hint: answer.isPassing
        ? nil : "see that the instance's metadata are enabled, or give the destination keys")
  }
}
