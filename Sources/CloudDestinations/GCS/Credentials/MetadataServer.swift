import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

/// Gives machines of Google Cloud the tokens of the service account that is attached to them ("About VM metadata" and
/// "Authenticate workloads using service accounts" in the Compute Engine documentation).
struct MetadataServer: Hashable, Sendable {
  /// And port, if it is not 80.
  var host = "metadata.google.internal"

  /// It is next door: who does not answer soon is not there.
  private static let patience: Int64 = 3
  private static let path = "/computeMetadata/v1/instance/service-accounts/default/token"

  /// - Parameter object: of messages where nothing was found.
  func token(_ client: CredentialClient, for object: String) async throws -> BearerToken {
    guard let url = URL(string: "http://\(host)\(Self.path)") else {
      throw ExportError(
        .configuration, .lasting, object: "environment variable GCE_METADATA_HOST",
        problem: "is no host", hint: "correct it, or unset it for the daemon")
    }
    let answer: CredentialClient.Answer
    do {
      answer = try await client.ask(
        .GET, url, headers: ["Metadata-Flavor": "Google"], patience: Self.patience)
    } catch let problem as ConnectionProblem {
      throw nothingFound(object, "the metadata server at \(host) \(problem.problem)")
    }
    if answer.status == 404 {
      throw nothingFound(object, "the metadata server at \(host) knows of no service account of this machine")
    }
    guard answer.isSuccess else {
      throw TokenAnswer.refusal(
        answer, of: "metadata server at \(host)",
        hint: "check that the service account of this machine is still there and enabled")
    }
    return try TokenAnswer.token(answer.body, from: "metadata server at \(host)")
  }

  /// - Parameter last: what became of the last resort, a clause.
  private func nothingFound(_ object: String, _ last: String) -> ExportError {
    ExportError(
      .destination, .lasting, object: object,
      problem:
        "no credentials were found: there is no serviceAccountKey in the configuration, no GOOGLE_APPLICATION_CREDENTIALS, and \(last)",
      hint:
        "give it \"serviceAccountKey\", or attach a service account to the machine that may write to the bucket"
    )
  }
}
