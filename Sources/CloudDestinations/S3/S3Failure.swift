import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

/// A request that S3 did not fulfil, or to which no answer came.
struct S3Failure: CloudFailure {
  /// Nil when there was no answer.
  var status: Int?
  /// The `Code` of the error document ("Error responses" in the Amazon S3 API Reference); "" when there is none.
  var code: String
  /// How long the server asks to be left alone.
  var retryAfter: Duration?
  /// Whether sending it again soon may help.
  var isPassing: Bool
  /// Where the bucket lies, when the answer says so.
  var region: String?
  /// Where to send it instead, when the answer says so.
  var redirect: String?
  /// For the person.
  var error: ExportError

  /// Whether what was asked for may have happened nevertheless.
  var isAmbiguous: Bool { status == nil || status! >= 500 || status == 200 }

  init(_ problem: ConnectionProblem, _ call: S3Call, _ bucket: S3Address) {
    code = ""
    isPassing = problem.kind != .untrusted
    let isTrusted = problem.kind != .untrusted
    error = ExportError(
      .destination, isTrusted ? .passing : .lasting, object: call.object(in: bucket),
      problem: "\(bucket.endpointText) \(problem.problem)",
      hint: isTrusted
        ? problem.hint : problem.hint + ", or by that of \"caFile\"")
  }

  /// - Parameter document: the body of the answer.
  init(_ answer: CloudAnswer, _ document: [UInt8], _ call: S3Call, _ bucket: S3Address) {
    let tree = XMLTree(document).flatMap { $0.name == "Error" ? $0 : $0["Error"] ?? $0 }
    let status = answer.status
    self.status = status
    code = tree?["Code"]?.text ?? Self.codeWithoutDocument(status, call)
    retryAfter = answer.retryAfter
    region = answer.headers.first(name: "x-amz-bucket-region") ?? tree?["Region"]?.text
    if status == 307 { redirect = answer.headers.first(name: "Location") }
    isPassing =
      Self.passingCodes.contains(code) || [408, 429, 500, 502, 503, 504].contains(status) || status == 200
    let told = Told(
      code: code, status: status, reason: answer.reason,
      message: String((tree?["Message"]?.text ?? "").prefix(300)),
      skew: Self.skew(tree, answer))
    error = told.error(of: call, in: bucket, isPassing: isPassing)
  }

  /// An answer that is not what the API says.
  init(unexpected problem: String, _ call: S3Call, _ bucket: S3Address) {
    code = ""
    status = 200
    isPassing = true
    error = ExportError(
      .destination, .passing, object: call.object(in: bucket), problem: problem,
      hint: "check what answers at \(bucket.endpointText)")
  }

  /// Answers to HEAD have no body.
  private static func codeWithoutDocument(_ status: Int, _ call: S3Call) -> String {
    switch status {
    case 403: "AccessDenied"
    case 404: call.key == nil ? "NoSuchBucket" : "NoSuchKey"
    case 503: "SlowDown"
    default: ""
    }
  }

  private static let passingCodes: Set<String> = [
    "BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch", "ConditionalRequestConflict",
    "IncompleteBody", "InternalError", "OperationAborted", "RequestTimeout", "ServiceUnavailable", "SlowDown",
    "ThrottlingException", "Throttling", "TooManyRequests", "RequestLimitExceeded",
  ]

  /// Seconds by which this machine's clock is ahead of the server's.
  private static func skew(_ tree: XMLTree?, _ answer: CloudAnswer) -> Int? {
    if let text = tree?["ServerTime"]?.text, let theirs = try? Date(text, strategy: .iso8601) {
      return Int((Date.now.timeIntervalSince(theirs)).rounded())
    }
    return Date.skew(answer)
  }
}

/// What S3 said, turned into what a person does about it.
private struct Told {
  var code: String
  var status: Int
  var reason: String
  var message: String
  var skew: Int?

  func error(of call: S3Call, in bucket: S3Address, isPassing: Bool) -> ExportError {
    let name = bucket.bucket
    switch code {
    case "NoSuchBucket":
      return lasting(
        "bucket \(name)", "there is no such bucket at \(bucket.endpointText)",
        "create it, or correct \"bucket\", \"region\" and \"endpoint\" of the destination")
    case "InvalidAccessKeyId":
      return lasting(
        "bucket \(name)", "the access key id is not known at \(bucket.endpointText)",
        "correct the credentials of the destination; docs/destinations.md says where they are looked for")
    case "SignatureDoesNotMatch":
      return lasting(
        "bucket \(name)", "the secret access key does not belong to the access key id",
        "correct the credentials of the destination; docs/destinations.md says where they are looked for")
    case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken":
      return lasting(
        "bucket \(name)",
        code == "InvalidToken" ? "the session token is not valid" : "the session token has expired",
        "renew the temporary credentials, or use a role or lasting keys, which need no renewal by hand")
    case "RequestTimeTooSkewed", "RequestExpired":
      return lasting(
        "bucket \(name)", "the clock of this machine is wrong" + (skew.map(Self.skewText) ?? ""),
        "set it, and keep it right with NTP (timedatectl set-ntp true)")
    case "AccessDenied", "AllAccessDisabled", "AccountProblem", "UnauthorizedAccess",
      "KMS.AccessDeniedException":
      return lasting(
        call.object(in: bucket), "access is denied" + said,
        "allow \(call.permission) there for these credentials; docs/destinations.md has a policy to copy")
    case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
      return lasting(
        "bucket \(name)", "lies in another region" + said, "correct \"region\" of the destination")
    case "NoSuchUpload":
      return ExportError(
        .destination, .passing, object: call.object(in: bucket),
        problem: "its upload was ended by somebody else",
        hint: "let a lifecycle rule that aborts uploads wait for a day or more")
    case _ where code.hasPrefix("KMS."):
      return lasting(call.object(in: bucket), "the KMS key cannot be used" + said, "correct \"kmsKeyId\"")
    case _ where isPassing:
      return ExportError(.destination, .passing, object: call.object(in: bucket), problem: answered + said)
    case _ where (300...399).contains(status):
      return lasting(
        call.object(in: bucket), answered + ", and no redirect is followed to another place" + said,
        "correct \"endpoint\" and \"region\" of the destination")
    default:
      let isLasting = (400...499).contains(status) || status == 501
      return ExportError(
        .destination, isLasting ? .lasting : .passing, object: call.object(in: bucket),
        problem: answered + said,
        hint: isLasting ? "correct the destination's configuration" : nil)
    }
  }

  private func lasting(_ object: String, _ problem: String, _ hint: String) -> ExportError {
    ExportError(.destination, .lasting, object: object, problem: problem, hint: hint)
  }

  private var answered: String { "S3 answered \(status) \(code.isEmpty ? reason : code)" }
  private var said: String {
    var text = message.trimmingCharacters(in: .whitespacesAndNewlines)
    while text.hasSuffix(".") { text.removeLast() }
    return text.isEmpty ? "" : " (\(text))"
  }

  private static func skewText(_ seconds: Int) -> String {
    ": \(abs(seconds)) s \(seconds < 0 ? "behind" : "ahead of") the server's"
  }
}
