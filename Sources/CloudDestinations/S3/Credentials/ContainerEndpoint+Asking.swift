import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

extension ContainerEndpoint {
  private static let patience: Int64 = 5

  func credentials(_ client: CredentialClient) async throws -> S3Credentials {
    let object = "container credentials of \(url.absoluteString)"
    let headers: [String: String] =
      switch authorization {
      case nil: [:]
      case .token(let token): ["Authorization": token]
      case .file(let path):
        ["Authorization": try String(secretFile: path, of: "the container's authorization token")]
      }
    let answer: CredentialClient.Answer
    do {
      answer = try await client.ask(.GET, url, headers: headers, patience: Self.patience)
    } catch let problem as ConnectionProblem {
      throw ExportError(
        .destination, .passing, object: object, problem: problem.problem, hint: problem.hint)
    }
    guard answer.isSuccess else {
      throw ExportError(
        .destination, answer.isPassing ? .passing : .lasting, object: object,
        problem: "are refused: the container's endpoint answered \(answer.status)",
        hint: "check the role of the task or pod, and its AWS_CONTAINER_ variables")
    }
    return try CredentialDocument.credentials(answer.body, from: object)
  }
}
