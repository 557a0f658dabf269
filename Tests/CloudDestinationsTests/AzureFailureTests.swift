import ExportCore
import ExportTesting
import Foundation
import Testing

@testable import CloudDestinations

@Suite(.serialized) struct AzureFailureTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var status: Int
    var code: String
    var words: String
    var isAboutContainer = true
    var kind = ExportError.Kind.lasting
    var testDescription: String { "\(status) \(code)" }
  }

  /// Each error is about what somebody has to mend, and says how.
  @Test(arguments: [
    Case(
      status: 403, code: "AuthenticationFailed",
      words: "the account key does not belong to the account testaccount"),
    Case(status: 401, code: "InvalidAuthenticationInfo", words: "the token is not accepted"),
    Case(
      status: 403, code: "AuthorizationPermissionMismatch",
      words: "access is denied (Said so); give the identity the role Storage Blob Data Contributor",
      isAboutContainer: false),
    Case(status: 403, code: "AuthorizationFailure", words: "let it through the network rules"),
    Case(status: 403, code: "KeyBasedAuthenticationNotPermitted", words: "takes no keys"),
    Case(status: 403, code: "AccountIsDisabled", words: "the storage account is disabled"),
    Case(status: 404, code: "ContainerNotFound", words: "there is no such container at http://127.0.0.1"),
    Case(status: 412, code: "LeaseIdMissing", words: "break the lease", isAboutContainer: false),
    Case(
      status: 409, code: "BlobImmutableDueToPolicy", words: "an immutability policy", isAboutContainer: false),
    Case(
      status: 400, code: "Md5Mismatch", words: "something else arrived than was sent",
      isAboutContainer: false,
      kind: .passing),
    Case(
      status: 409, code: "ContainerBeingDeleted", words: "answered 409 ContainerBeingDeleted (Said so)",
      isAboutContainer: false, kind: .passing),
    Case(
      status: 503, code: "ServerBusy", words: "answered 503 ServerBusy (Said so)", isAboutContainer: false,
      kind: .passing),
    Case(
      status: 500, code: "OperationTimedOut", words: "answered 500 OperationTimedOut",
      isAboutContainer: false,
      kind: .passing),
    Case(
      status: 400, code: "Whatever", words: "answered 400 Whatever (Said so); correct the destination's",
      isAboutContainer: false),
  ])
  func saysWhatToMend(it: Case) async throws {
    let faults = "{\"refuse\": {\"put-blob\": [\(it.status), \"\(it.code)\", \"Said so.\"]}}"
    try await TestAzureContainer.made(faults: faults) { test in
      let error = await #expect(throws: ExportError.self) { try await test.container.put([1], as: "a/b") }
      #expect(error?.kind == it.kind)
      #expect(
        error?.object
          == (it.isAboutContainer
            ? "container \(test.name)" : "\(test.endpoint)/testaccount/\(test.name)/a/b"))
      #expect(error?.description.contains(it.words) == true, "\(String(describing: error))")
      // What waiting mends is tried again, nothing else.
      let tries = it.kind == .passing ? impatient.attempts : 1
      let log = try await test.log()
      #expect(log.count { $0.hasPrefix("PUT put-blob") } == tries)
    }
  }

  @Test func aTierThatThereIsNot() async throws {
    try await TestAzureContainer.made({ $0.accessTier = "Lukewarm" }) { test in
      let error = await #expect(throws: ExportError.self) { try await test.container.put([1], as: "a") }
      #expect(error?.kind == .lasting)
      #expect(error?.hint?.contains("correct \"accessTier\"") == true)
    }
  }

  @Test func whatIsArchivedCannotBeReadBack() async throws {
    try await TestAzureContainer.made({ $0.accessTier = "Archive" }) { test in
      try await test.container.put([1], as: "a")
      let error = await #expect(throws: ExportError.self) { _ = try await test.container.digest("a") }
      #expect(error?.problem == "is in the archive tier and cannot be read")
    }
  }

  @Test func aContainerThatIsNotThereIsNoMissingBlob() async throws {
    try await TestAzureContainer.made({ $0.container = "no-such" }) { test in
      for read in [
        { _ = try await test.container.digest("x") },
        { _ = try await test.container.contents("x", limit: 1) },
        { try await test.container.delete("x") },
        { _ = try await test.container.list(prefix: "", stem: "") },
      ] as [() async throws -> Void] {
        let error = await #expect(throws: ExportError.self) { try await read() }
        #expect(error?.object == "container no-such")
        #expect(error?.kind == .lasting)
      }
    }
  }

  @Test func whereNobodyAnswersThatIsSaid() async throws {
    try await TestAzureContainer.made({ $0.endpoint = "http://127.0.0.1:1" }) { test in
      let error = await #expect(throws: ExportError.self) { try await test.container.put([1], as: "a/b") }
      #expect(error?.kind == .passing)
      #expect(error?.problem.hasPrefix("http://127.0.0.1:1/testaccount cannot be reached") == true)
    }
  }
}
