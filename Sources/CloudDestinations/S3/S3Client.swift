import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1
import Synchronization

/// Speaks to one bucket: addresses, signs and sends, again where that may help, and to the bucket's own region.
struct S3Client: Sendable {
  let address: S3Address
  private let http: CloudClient
  private let credentials: @Sendable () async throws -> S3Credentials
  let retries: Retries
  private let region: Region

  /// The bucket's region as far as it is known; it is learnt from what the servers answer.
  private final class Region: Sendable {
    private let name: Mutex<String>
    init(_ name: String) { self.name = Mutex(name) }
    var current: String { name.withLock { $0 } }
    func learn(_ found: String) { name.withLock { $0 = found } }
  }

  /// - Parameter credentials: asked before each request, so that they may be renewed in the middle of an upload.
  init(
    _ address: S3Address, region: String, _ http: CloudClient, retries: Retries = Retries(),
    credentials: @escaping @Sendable () async throws -> S3Credentials
  ) {
    self.address = address
    self.http = http
    self.credentials = credentials
    self.retries = retries
    self.region = Region(region)
  }

  /// - Parameters:
  ///   - read: takes an answer from 200 to 299; once more with the next one if it throws ``S3Failure`` that passes, or
  ///     the connection ends meanwhile.
  ///   - failed: told of each failure after which it is tried again.
  /// - Throws: ``S3Failure``, ``ExportError`` for what is wrong on this side, or `CancellationError`.
  func perform<Result>(
    _ call: S3Call, retries: Retries? = nil, failed: (S3Failure) -> Void = { _ in },
    _ read: (CloudAnswer) async throws -> Result
  ) async throws -> Result {
    var (region, redirect, detours) = (region.current, String?.none, 0)
    return try await (retries ?? self.retries).perform(
      detour: { (failure: S3Failure) in
        guard detours < Self.mostDetours else { return false }
        if let found = failure.region, found != region, failure.isAboutRegion {
          self.region.learn(found)
        } else if let elsewhere = failure.redirect {
          redirect = elsewhere
        } else {
          return false
        }
        detours += 1
        return true
      },
      failed: { (failure: S3Failure) in
        failed(failure)
        redirect = nil
      }
    ) {
      region = self.region.current
      return try await once(call, region, redirect, read)
    }
  }

  /// How often another place is tried at once.
  private static let mostDetours = 3

  /// For an answer that is an XML document, and one that is an error although its status says otherwise.
  /// - Parameter root: the name of the document's root; some services leave out its end.
  func document(
    _ call: S3Call, named root: String, retries: Retries? = nil, failed: (S3Failure) -> Void = { _ in }
  ) async throws -> XMLTree {
    try await perform(call, retries: retries, failed: failed) { answer in
      let bytes = try await answer.document()
      guard let tree = XMLTree(bytes) else {
        throw S3Failure(unexpected: "S3 answered with what is no XML document", call, address)
      }
      if tree.name == "Error" { throw S3Failure(answer, bytes, call, address) }
      guard root.hasPrefix(tree.name) else {
        throw S3Failure(unexpected: "S3 answered with \(tree.name) in place of \(root)", call, address)
      }
      return tree
    }
  }

  private func once<Result>(
    _ call: S3Call, _ region: String, _ redirect: String?, _ read: (CloudAnswer) async throws -> Result
  ) async throws -> Result {
    let request = try await signed(call, region, redirect)
    do {
      let answer = try await http.send(request)
      guard (200...299).contains(answer.status) else {
        throw S3Failure(answer, try await answer.document(), call, address)
      }
      return try await read(answer)
    } catch let problem as ConnectionProblem {
      throw S3Failure(problem, call, address)
    }
  }

  private func signed(_ call: S3Call, _ region: String, _ redirect: String?) async throws -> CloudRequest {
    var location = address.location(of: call.key, region: region)
    if let redirect {
      guard let elsewhere = address.redirected(location, to: redirect) else {
        throw ExportError(
          .destination, .lasting, object: call.object(in: address),
          problem: "is redirected to a place that no credentials are sent to",
          hint: "correct \"endpoint\" and \"region\" of the destination")
      }
      location = elsewhere
    }
    let credentials = try await credentials()
    let query = call.query.percentEncoded
    var headers = call.headers
    headers["host"] = location.authority
    headers["x-amz-content-sha256"] = call.payload.sha256
    let signature = SignatureV4(credentials: credentials, region: region, service: "s3")
    headers = signature.signed(
      method: call.method.rawValue, path: location.path, query: query, headers: headers,
      payloadHash: call.payload.sha256, at: .now)
    headers["user-agent"] = "exportd"
    let suffix = query.isEmpty ? "" : "?" + query
    return CloudRequest(
      method: call.method, url: "\(location.scheme)://\(location.authority)\(location.path)\(suffix)",
      headers: HTTPHeaders(headers.map { ($0.key, $0.value) }), body: call.payload.body)
  }
}

extension S3Failure {
  /// Whether the bucket lies in another region than it was looked for in.
  fileprivate var isAboutRegion: Bool {
    status == 301 || status == 307
      || ["AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"].contains(
        code)
  }
}
