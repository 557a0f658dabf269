import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

/// A request that Blob Storage did not fulfil, or to which no answer came.
struct AzureFailure: CloudFailure {
  /// Nil when there was no answer.
  var status: Int?
  /// The header `x-ms-error-code`, as `BlobNotFound`; "" when there is none.
  var code = ""
  var retryAfter: Duration?
  var isPassing: Bool
  var error: ExportError

  /// Whether what was there is not what the request was made for.
  var isAboutCondition: Bool {
    code == "ConditionNotMet" || code == "BlobAlreadyExists" || code == "TargetConditionNotMet"
  }

  init(_ problem: ConnectionProblem, _ call: AzureCall, _ container: AzureAddress) {
    let isTrusted = problem.kind != .untrusted
    isPassing = isTrusted
    error = ExportError(
      .destination, isTrusted ? .passing : .lasting, object: call.object(in: container),
      problem: "\(container.endpointText) \(problem.problem)",
      hint: isTrusted ? problem.hint : problem.hint + ", or by that of \"caFile\"")
  }

  /// - Parameters:
  ///   - document: the body of the answer.
  ///   - signature: what the request was sent with, if it was one.
  init(
    _ answer: CloudAnswer, _ document: [UInt8], _ call: AzureCall, _ container: AzureAddress,
    _ signature: SharedAccessSignature?
  ) {
    let told = Told(answer, document, signature)
    status = answer.status
    code = told.code
    retryAfter = answer.retryAfter
    isPassing = told.isPassing
    error = told.error(of: call, in: container)
  }

  /// An answer that is not what the service's description says.
  init(unexpected problem: String, _ call: AzureCall, _ container: AzureAddress) {
    status = 200
    isPassing = true
    error = ExportError(
      .destination, .passing, object: call.object(in: container), problem: problem,
      hint: "check what answers at \(container.endpointText)")
  }
}

/// What Blob Storage said ("Blob service error codes" and "Common REST API error codes"), turned into what a person does about it.
private struct Told {
  let code: String
  private let status: Int
  private let message: String
  /// The header that is wrong, where one is named.
  private let header: String
  private let answered: String
  private let skew: Int?
  private let signature: SharedAccessSignature?

  init(_ answer: CloudAnswer, _ document: [UInt8], _ signature: SharedAccessSignature?) {
    let tree = XMLTree(document)
    status = answer.status
    code = answer.headers.first(name: "x-ms-error-code") ?? tree?["Code"]?.text ?? ""
    // Behind the first line stand the number of the request and the time.
    message =
      (tree?["Message"]?.text ?? "").split(whereSeparator: \.isNewline).first.map { String($0.prefix(300)) }
      ?? ""
    header = tree?["HeaderName"]?.text ?? ""
    let phrase = code.isEmpty ? answer.reason : code
    answered = "Blob Storage answered \(answer.status)" + (phrase.isEmpty ? "" : " \(phrase)")
    skew = Date.skew(answer)
    self.signature = signature
  }

  private static let passingCodes: Set<String> = [
    "ContainerBeingDeleted", "InternalError", "InvalidBlockList", "Md5Mismatch", "OperationTimedOut",
    "ServerBusy",
  ]

  var isPassing: Bool { Self.passingCodes.contains(code) || [408, 429, 500, 502, 503, 504].contains(status) }

  /// The service takes requests of the last quarter of an hour.
  private static let mostSkew = 15 * 60

  func error(of call: AzureCall, in container: AzureAddress) -> ExportError {
    let (name, object) = ("container \(container.container)", call.object(in: container))
    switch code {
    case "ContainerNotFound",
      "ResourceNotFound" where call.blob == nil, "ContainerDisabled":
      return lasting(
        name, "there is no such container at \(container.endpointText)",
        "create it, or correct \"account\", \"container\" and \"endpoint\" of the destination")
    case "AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation":
      return notEntered(name, container)
    case "AuthorizationPermissionMismatch", "InsufficientAccountPermissions",
      "UnauthorizedBlobOverwrite", "AuthorizationResourceTypeMismatch", "AuthorizationServiceMismatch":
      return denied(call, object)
    case "AuthorizationFailure", "AuthorizationSourceIPMismatch":
      return lasting(
        name, "this machine may not come in\(said)",
        "let it through the network rules of the storage account (\"Networking\"), or through the SAS token's address range"
      )
    case "AuthorizationProtocolMismatch":
      return lasting(
        name, "the SAS token holds for https:// only\(said)", "correct \"endpoint\" of the destination")
    case "KeyBasedAuthenticationNotPermitted":
      return lasting(
        name, "the storage account takes no keys, nor what is signed with one",
        "use a managed identity, or \"clientId\", \"tenantId\" and \"clientSecret\"")
    case "AccountIsDisabled":
      return lasting(name, "the storage account is disabled", "enable it, or name another one")
    case "LeaseIdMissing", "LeaseNotPresentWithBlobOperation", "LeaseLost":
      return lasting(object, "somebody holds a lease on it", "break the lease: az storage blob lease break")
    case "BlobImmutableDueToPolicy", "BlobImmutableDueToLegalHold":
      return lasting(
        object, "an immutability policy or a legal hold forbids to delete or replace it\(said)",
        "use a container without one: exportd must be able to take back what an unfinished run has delivered")
    case "BlobArchived", "BlobBeingRehydrated":
      return lasting(
        object, "is in the archive tier and cannot be read",
        "use the tier Cold, or rehydrate what is to be verified")
    case "InvalidHeaderValue" where header == "x-ms-access-tier", "AccessTierNotSupportedForBlobType",
      "InvalidBlobTier":
      return lasting(
        object, answered + said, "correct \"accessTier\" of the destination: Hot, Cool, Cold or Archive")
    case "InvalidResourceName", "InvalidUri":
      return lasting(object, answered + said, "correct \"container\" and \"prefix\" of the destination")
    case "Md5Mismatch":
      return passing(object, "something else arrived than was sent\(said)")
    case "InvalidBlockList":
      return passing(object, "its blocks are not all there: somebody else has written it, or discarded them")
    case _ where isPassing: return passing(object, answered + said)
    case _ where (300...399).contains(status):
      return lasting(
        object, answered + ", and no redirect is followed to another place",
        "correct \"endpoint\" of the destination")
    default:
      let isLasting = (400...499).contains(status) || status == 501
      return ExportError(
        .destination, isLasting ? .lasting : .passing, object: object, problem: answered + said,
        hint: isLasting ? "correct the destination's configuration" : nil)
    }
  }

  private func notEntered(_ name: String, _ container: AzureAddress) -> ExportError {
    if let skew, abs(skew) >= Self.mostSkew {
      return lasting(
        name,
        "the clock of this machine is wrong: \(abs(skew)) s \(skew < 0 ? "behind" : "ahead of") the server's",
        "set it, and keep it right with NTP (timedatectl set-ntp true)")
    }
    if let signature {
      if let (problem, hint) = signature.problem(at: .now) { return lasting(name, problem, hint) }
      return lasting(
        name, "the SAS token is not accepted at \(container.endpointText)",
        "put a new one in its place: its key may have been renewed, or it was not copied whole")
    }
    if status == 401 || code == "InvalidAuthenticationInfo" {
      return lasting(
        name, "the token is not accepted at \(container.endpointText)\(said)",
        "check that the identity belongs to the tenant of the storage account")
    }
    return lasting(
      name, "the account key does not belong to the account \(container.account)",
      "correct \"accountKey\": key1 or key2 under \"Access keys\" of the storage account")
  }

  private func denied(_ call: AzureCall, _ object: String) -> ExportError {
    guard let signature else {
      return lasting(
        object, "access is denied\(said)",
        "give the identity the role Storage Blob Data Contributor on the container; it lacks \(call.permission.action)"
      )
    }
    let letter = call.permission.rawValue
    return lasting(
      object, "the SAS token does not allow it\(said)",
      signature.lacks(call.permission)
        ? "make one with the permissions rwdl; it lacks \(letter)"
        : "make one for this container, or for the blob service with the resource types c and o")
  }

  private func lasting(_ object: String, _ problem: String, _ hint: String) -> ExportError {
    ExportError(.destination, .lasting, object: object, problem: problem, hint: hint)
  }

  private func passing(_ object: String, _ problem: String) -> ExportError {
    ExportError(.destination, .passing, object: object, problem: problem)
  }

  private var said: String {
    var text = message.trimmingCharacters(in: .whitespacesAndNewlines)
    while text.hasSuffix(".") { text.removeLast() }
    return text.isEmpty ? "" : " (\(text))"
  }
}
