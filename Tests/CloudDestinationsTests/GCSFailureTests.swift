import ExportCore
import ExportTesting
import Foundation
import Testing

@testable import CloudDestinations

@Suite(.serialized) struct GCSFailureTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var status: Int
    var reason: String
    var message = "Said so."
    var words: String
    var isAboutBucket = true
    var kind = ExportError.Kind.lasting
    var testDescription: String { "\(status) \(reason) \(message)" }
  }

  /// Each error is about what somebody has to mend, and says how.
  @Test(arguments: [
    Case(status: 401, reason: "authError", words: "check that the service account and its key"),
    Case(
      status: 403, reason: "forbidden",
      message:
        "exportd@p.iam.gserviceaccount.com does not have storage.objects.create access to the Google Cloud Storage object.",
      words:
        "access is denied (exportd@p.iam.gserviceaccount.com does not have storage.objects.create access to the Google Cloud Storage object); grant storage.objects.create",
      isAboutBucket: false),
    Case(
      status: 403, reason: "retentionPolicyNotMet",
      message: "Object 'lake/a/b' is subject to bucket's retention policy and cannot be deleted.",
      words: "a retention policy forbids", isAboutBucket: false),
    Case(
      status: 403, reason: "forbidden",
      message: "Object is under active Temporary hold and cannot be deleted.",
      words: "a hold forbids", isAboutBucket: false),
    Case(
      status: 403, reason: "accountDisabled",
      message: "The billing account for the owning project is disabled in state absent",
      words: "enable billing for the project"),
    Case(
      status: 403, reason: "accessNotConfigured",
      message: "Cloud Storage JSON API has not been used in project 1 before or it is disabled.",
      words: "gcloud services enable storage.googleapis.com"),
    Case(
      status: 403, reason: "insufficientPermissions",
      message: "Request had insufficient authentication scopes.", words: "access scopes"),
    Case(
      status: 403, reason: "vpcServiceControls",
      message: "Request is prohibited by organization's policy.", words: "VPC Service Controls"),
    Case(
      status: 400, reason: "required",
      message: "Bucket is a requester pays bucket but no user project provided.", words: "Requester Pays"),
    Case(
      status: 404, reason: "notFound", message: "The specified bucket does not exist.",
      words: "there is no such bucket at http://127.0.0.1"),
    Case(
      status: 400, reason: "invalid", message: "The storage class you specified is not valid.",
      words: "correct \"storageClass\"", isAboutBucket: false),
    Case(
      status: 429, reason: "rateLimitExceeded", words: "too many requests for a quota", kind: .passing),
    Case(
      status: 403, reason: "userRateLimitExceeded", words: "too many requests for a quota", kind: .passing),
    Case(
      status: 503, reason: "backendError", words: "Cloud Storage answered 503 backendError (Said so)",
      isAboutBucket: false, kind: .passing),
    Case(
      status: 412, reason: "conditionNotMet", message: "Request violates constraint 'constraints/x'.",
      words: "Request violates constraint", isAboutBucket: false),
  ])
  func saysWhatToMend(it: Case) async throws {
    let document = try JSONEncoder().encode([it.reason, it.message]).dropFirst()
    let faults = "{\"refuse\": {\"POST\": [\(it.status),\(String(decoding: document, as: UTF8.self))}}"
    try await TestGCSBucket.at(.server, staging: "/nowhere", retries: impatient, faults: faults) { test in
      let error = await #expect(throws: ExportError.self) { try await test.bucket.put([1], as: "a/b") }
      #expect(error?.kind == it.kind)
      #expect(error?.object == (it.isAboutBucket ? "bucket \(test.name)" : "gs://\(test.name)/a/b"))
      #expect(error?.description.contains(it.words) == true, "\(String(describing: error))")
      // What waiting mends is tried again, nothing else.
      let tries = it.kind == .passing ? impatient.attempts : it.status == 412 ? 5 : 1
      let log = try await test.log()
      #expect(log.count { $0 == "POST multipart" } == tries)
    }
  }

  @Test func aBucketThatIsNotThereIsNoMissingObject() async throws {
    try await TestGCSBucket.at(.server, staging: "/nowhere") {
      $0.bucket = "no-such"
    } _: { test in
      for read in [
        { _ = try await test.bucket.digest("x") }, { _ = try await test.bucket.contents("x", limit: 1) },
        { try await test.bucket.delete("x") }, { _ = try await test.bucket.list(prefix: "", stem: "") },
      ] as [() async throws -> Void] {
        let error = await #expect(throws: ExportError.self) { try await read() }
        #expect(error?.object == "bucket no-such")
        #expect(error?.kind == .lasting)
      }
    }
  }

  @Test func whereNobodyAnswersThatIsSaid() async throws {
    try await TestGCSBucket.at(.server, staging: "/nowhere", retries: impatient) {
      $0.endpoint = "http://127.0.0.1:1"
    } _: { test in
      let error = await #expect(throws: ExportError.self) { try await test.bucket.put([1], as: "a/b") }
      #expect(error?.kind == .passing)
      #expect(error?.problem.hasPrefix("http://127.0.0.1:1 cannot be reached") == true)
    }
  }

  @Test(arguments: [
    (nil, "https://storage.googleapis.com/u?upload_id=1", "https://storage.googleapis.com/u?upload_id=1"),
    (nil, "https://www.googleapis.com/u?upload_id=1", "https://www.googleapis.com/u?upload_id=1"),
    (nil, "https://googleapis.com.example.org/u", nil), (nil, "http://storage.googleapis.com/u", nil),
    (nil, "/u", nil),
    (
      "http://localhost:9023/", "http://0.0.0.0:1/u?upload_id=a%2Fb",
      "http://localhost:9023/u?upload_id=a%2Fb"
    ),
    ("https://gcs.example.com", "https://elsewhere.example.com/u", "https://gcs.example.com/u"),
  ])
  func tokensGoNowhereElse(endpoint: String?, location: String, session: String?) throws {
    var configuration = GCSConfiguration(bucket: "lake")
    configuration.endpoint = endpoint
    #expect(try GCSAddress(configuration).session(location) == session)
  }
}
