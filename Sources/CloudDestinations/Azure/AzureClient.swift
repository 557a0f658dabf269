import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

/// Speaks to one container: authorises and sends, again where that may help.
struct AzureClient: Sendable {
  let address: AzureAddress
  let retries: Retries
  private let http: CloudClient
  private let search: AzureIdentitySearch
  private let tokens: BearerTokens<AzureIdentity>

  /// - Parameters:
  ///   - search: asked before each request, so that what it finds may change in the middle of an upload.
  ///   - asking: sends what it takes to get tokens.
  init(
    _ address: AzureAddress, _ http: CloudClient, retries: Retries, _ search: AzureIdentitySearch,
    asking client: CredentialClient
  ) {
    self.address = address
    self.retries = retries
    self.http = http
    self.search = search
    tokens = search.tokens(client)
  }

  /// - Parameter read: takes an answer from 200 to 299; once more with the next one if it throws ``AzureFailure`` that passes, or the
  ///   connection ends meanwhile.
  /// - Throws: ``AzureFailure``, ``ExportError`` for what is wrong on this side, or `CancellationError`.
  func perform<Result>(
    _ call: AzureCall, _ read: (CloudAnswer) async throws -> Result
  ) async throws -> Result {
    var (token, isWithNewToken) = (String?.none, false)
    return try await retries.perform(
      detour: { (failure: AzureFailure) in
        guard failure.status == 401, let token, !isWithNewToken else { return false }
        // It may have been withdrawn before its time.
        tokens.discard(token)
        isWithNewToken = true
        return true
      }
    ) {
      let entry = try search.entry()
      token = try await tokens.token()
      return try await once(call, entry, token, read)
    }
  }

  /// For an answer that is an XML document.
  func document(_ call: AzureCall, named root: String) async throws -> XMLTree {
    try await perform(call) { answer in
      guard let tree = XMLTree(try await answer.document()), tree.name == root else {
        throw AzureFailure(unexpected: "the answer is not what Blob Storage answers", call, address)
      }
      return tree
    }
  }

  private func once<Result>(
    _ call: AzureCall, _ entry: AzureEntry, _ token: String?, _ read: (CloudAnswer) async throws -> Result
  ) async throws -> Result {
    let (url, query) = (address.url(of: call.blob), call.query.percentEncoded)
    var headers = call.headers
    headers["x-ms-version"] = AzureCall.version
    headers["x-ms-date"] = Date.now.httpDate
    var queries = query.isEmpty ? [] : [query]
    var signature: SharedAccessSignature?
    switch entry {
    case .accountKey(let key):
      let signer = try SharedKey(account: address.account, key: key, of: search.object)
      headers["Authorization"] = signer.authorization(
        method: call.method.rawValue, path: URLComponents(string: url)?.percentEncodedPath ?? "",
        query: call.query, headers: headers, bytes: call.bytes)
    case .sasToken(let text):
      let found = try SharedAccessSignature(text, of: search.object)
      signature = found
      queries.append(found.query)
    case .client, .managedIdentity:
      if let token { headers["Authorization"] = "Bearer \(token)" }
    }
    headers["User-Agent"] = "exportd"
    let suffix = queries.isEmpty ? "" : "?" + queries.joined(separator: "&")
    do {
      let answer = try await http.send(
        CloudRequest(
          method: call.method, url: url + suffix, headers: HTTPHeaders(headers.map { ($0.key, $0.value) }),
          body: call.body))
      guard (200...299).contains(answer.status) else {
        throw AzureFailure(answer, try await answer.document(), call, address, signature)
      }
      return try await read(answer)
    } catch let problem as ConnectionProblem {
      throw AzureFailure(problem, call, address)
    }
  }
}
