import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

/// A request that Cloud Storage did not fulfil, or to which no answer came.
struct GCSFailure: CloudFailure {
  /// Nil when there was no answer.
  var status: Int?
  /// How long the server asks to be left alone.
  var retryAfter: Duration?
  /// Whether sending it again soon may help.
  var isPassing: Bool
  /// Whether there is no such object, in a bucket that is there.
  var isAboutMissingObject = false
  /// Whether what arrived is not what was sent.
  var isDamaged = false
  /// For the person.
  var error: ExportError

  init(_ problem: ConnectionProblem, _ call: GCSCall, _ bucket: GCSAddress) {
    let isTrusted = problem.kind != .untrusted
    isPassing = isTrusted
    error = ExportError(
      .destination, isTrusted ? .passing : .lasting, object: call.object(in: bucket),
      problem: "\(bucket.endpointText) \(problem.problem)",
      hint: isTrusted ? problem.hint : problem.hint + ", or by that of \"caFile\"")
  }

  /// - Parameter document: the body of the answer.
  init(_ answer: CloudAnswer, _ document: [UInt8], _ call: GCSCall, _ bucket: GCSAddress) {
    let told = Told(answer, document)
    status = answer.status
    retryAfter = answer.retryAfter
    isDamaged = told.isDamaged
    isPassing = told.isPassing
    if case .object = call.target { isAboutMissingObject = answer.status == 404 && !told.isAboutBucket }
    error = told.error(of: call, in: bucket)
  }

  /// An answer that is not what the API says.
  init(unexpected problem: String, _ call: GCSCall, _ bucket: GCSAddress) {
    status = 200
    isPassing = true
    error = ExportError(
      .destination, .passing, object: call.object(in: bucket), problem: problem,
      hint: "check what answers at \(bucket.endpointText)")
  }
}

/// What Cloud Storage said ("HTTP status and error codes for JSON"), turned into what a person does about it.
private struct Told {
  private struct Document: Decodable {
    struct Problem: Decodable {
      struct Detail: Decodable { var reason: String? }
      var message: String?
      var errors: [Detail]?
    }
    var error: Problem
  }

  private let status: Int
  /// A word as `retentionPolicyNotMet`; "" when there is none.
  private let reason: String
  private let message: String
  private let answered: String

  init(_ answer: CloudAnswer, _ document: [UInt8]) {
    status = answer.status
    let problem = try? JSONDecoder().decode(Document.self, from: Data(document)).error
    reason = problem?.errors?.lazy.compactMap(\.reason).first ?? ""
    // Uploads are answered with a line of text.
    let text = String(decoding: document.prefix(600), as: UTF8.self)
    message = String(
      (problem?.message ?? (text.hasPrefix("<") || text.hasPrefix("{") ? "" : text)).prefix(300))
    let phrase = reason.isEmpty ? answer.reason : reason
    answered = "Cloud Storage answered \(answer.status)" + (phrase.isEmpty ? "" : " \(phrase)")
  }

  private func says(_ words: String...) -> Bool {
    words.contains { message.range(of: $0, options: .caseInsensitive) != nil }
  }

  var isAboutBucket: Bool { says("bucket does not exist") }
  var isDamaged: Bool { status == 400 && says("doesn't match calculated") }

  private static let rates: Set<String> = [
    "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded", "resourcesExhausted",
  ]
  private var isAboutRate: Bool { status == 429 || status == 403 && Self.rates.contains(reason) }

  var isPassing: Bool {
    isAboutRate || isDamaged || [408, 500, 502, 503, 504].contains(status)
  }

  func error(of call: GCSCall, in bucket: GCSAddress) -> ExportError {
    let (name, object) = ("bucket \(bucket.bucket)", call.object(in: bucket))
    if isAboutRate {
      return ExportError(
        .destination, .passing, object: name, problem: "too many requests for a quota: \(answered)\(said)",
        hint: "if it lasts, look at the quotas of the bucket's project, or give exports other times")
    }
    switch status {
    case 401:
      return lasting(
        name, "the token is not accepted at \(bucket.endpointText)\(said)",
        "check that the service account and its key are still there and enabled; docs/destinations.md says where credentials are looked for"
      )
    case 400 where says("requester pays") || reason == "userProjectMissing":
      return lasting(
        name, "whoever asks is to pay for it, which exportd does not do\(said)",
        "turn off Requester Pays of the bucket")
    case 403: return denied(call, name, object)
    case 404 where isAboutBucket || call.target.isBucket:
      return lasting(
        name, "there is no such bucket at \(bucket.endpointText)",
        "create it, or correct \"bucket\" and \"endpoint\" of the destination")
    case 404 where call.target.isSession, 410 where call.target.isSession:
      return ExportError(
        .destination, .passing, object: object, problem: "its upload is not known any more (\(answered))")
    case _ where isDamaged:
      return ExportError(
        .destination, .passing, object: object, problem: "something else arrived than was sent\(said)")
    case _ where isPassing:
      return ExportError(.destination, .passing, object: object, problem: answered + said)
    case 300...399:
      return lasting(
        object, answered + ", and no redirect is followed to another place",
        "correct \"endpoint\" of the destination")
    case 400 where says("storage class"):
      return lasting(object, answered + said, "correct \"storageClass\" of the destination")
    default:
      let isLasting = (400...499).contains(status) || status == 501
      return ExportError(
        .destination, isLasting ? .lasting : .passing, object: object, problem: answered + said,
        hint: isLasting ? "correct the destination's configuration" : nil)
    }
  }

  private func denied(_ call: GCSCall, _ name: String, _ object: String) -> ExportError {
    if reason == "retentionPolicyNotMet" || says("retention policy", "retention configuration") {
      return lasting(
        object, "a retention policy forbids to delete or replace it yet\(said)",
        "use a bucket without a retention policy: exportd must be able to take back what an unfinished run has delivered"
      )
    }
    if reason == "objectUnderActiveHold" || says("active hold", "active temporary hold", "event-based hold") {
      return lasting(
        object, "a hold forbids to delete or replace it\(said)", "release the hold of the object")
    }
    if ["accountDisabled", "UserProjectAccountProblem", "userProjectAccountProblem"].contains(reason)
      || says("billing account")
    {
      return lasting(
        name, "the billing account of its project does not allow it\(said)",
        "enable billing for the project that owns the bucket")
    }
    if reason == "accessNotConfigured"
      || says("has not been used in project", "SERVICE_DISABLED", "it is disabled")
    {
      return lasting(
        name, "the Cloud Storage API is not enabled in the project of the service account\(said)",
        "enable it: gcloud services enable storage.googleapis.com --project=PROJECT")
    }
    if says("authentication scope") {
      return lasting(
        name, "the machine's access scopes leave out Cloud Storage\(said)",
        "give the instance the scope devstorage.read_write or cloud-platform")
    }
    if reason == "vpcServiceControls" || says("organization's policy", "VPC Service Controls") {
      return lasting(
        name, "a perimeter of VPC Service Controls forbids it\(said)",
        "let this machine or service account into the perimeter of the bucket's project")
    }
    return lasting(
      object, "access is denied\(said)",
      "grant \(call.permission) on the bucket to the service account; the role roles/storage.objectUser has it"
    )
  }

  private func lasting(_ object: String, _ problem: String, _ hint: String) -> ExportError {
    ExportError(.destination, .lasting, object: object, problem: problem, hint: hint)
  }

  private var said: String {
    var text = message.trimmingCharacters(in: .whitespacesAndNewlines)
    while text.hasSuffix(".") { text.removeLast() }
    return text.isEmpty ? "" : " (\(text))"
  }
}
