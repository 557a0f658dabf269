import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

/// As whom Microsoft Entra ID gives out tokens for a storage account. Everything that is read without asking anybody is in it.
enum AzureIdentity: Hashable, Sendable {
  /// An application with a secret ("OAuth 2.0 client credentials flow" in the Microsoft identity platform documentation).
  case client(EntraClient, secret: String)
  /// A pod whose token another identity provider has signed ("Workload identity federation"); the file is read anew each time.
  case federated(EntraClient, tokenFile: String)
  /// What App Service, Functions and Container Apps have ("How to use managed identities for App Service").
  case service(endpoint: String, header: String, clientId: String?)
  /// What virtual machines have ("How to use managed identities for Azure resources on an Azure VM to acquire an access token").
  case machine(host: String, clientId: String?)

  static let resource = "https://storage.azure.com/"
}

/// An application as Microsoft Entra ID knows it.
struct EntraClient: Hashable, Sendable {
  var id: String
  var tenant: String
  /// Of the cloud that it belongs to, without a `/` at its end.
  var authority: String

  func token(_ credential: [String: String], _ client: CredentialClient) async throws -> BearerToken {
    let address = "\(authority)/\(tenant.percentEncoded())/oauth2/v2.0/token"
    let object = "application \(id) at \(address)"
    let host = URLComponents(string: address)?.host ?? ""
    guard let url = URL(string: address), url.scheme == "https" || url.scheme == "http" && host.isLoopbackHost
    else {
      throw ExportError(
        .configuration, .lasting, object: "environment variable AZURE_AUTHORITY_HOST",
        problem: "is no https:// address", hint: "correct it, or unset it for the daemon")
    }
    let form = [
      "grant_type": "client_credentials", "client_id": id, "scope": AzureIdentity.resource + ".default",
    ].merging(credential) { $1 }
    let answer = try await client.post(form, to: url, for: object)
    guard answer.isSuccess else {
      throw TokenAnswer.refusal(answer, of: object, hint: Self.hint(TokenAnswer.said(answer)))
    }
    return try TokenAnswer.token(answer.body, from: object)
  }

  /// By the numbers of "Microsoft Entra authentication and authorization error codes".
  private static func hint(_ said: String) -> String {
    if said.contains("AADSTS7000215") {
      return "correct \"clientSecret\": the secret's value is meant, not its id"
    }
    if said.contains("AADSTS7000222") {
      return "the secret has expired: make a new one for the application and put it in \"clientSecret\""
    }
    if said.contains("AADSTS700016") {
      return "correct \"clientId\" and \"tenantId\": there is no such application in that tenant"
    }
    if said.contains("AADSTS90002") || said.contains("AADSTS900023") {
      return "correct \"tenantId\": there is no such tenant"
    }
    if said.contains("AADSTS70021") || said.contains("AADSTS700024") {
      return "correct the federated credential of the application, and the clock of this machine"
    }
    return "check the application, its secret and its tenant in Microsoft Entra ID"
  }
}

/// Finds out who one is where Microsoft's own libraries look ("DefaultAzureCredential" in their documentation), and asks for tokens.
struct AzureIdentitySearch: Sendable {
  /// What messages call the destination.
  var object: String
  var environment: [String: String]
  let entry: @Sendable () throws(ExportError) -> AzureEntry

  func tokens(_ client: CredentialClient) -> BearerTokens<AzureIdentity> {
    BearerTokens { () throws(ExportError) in
      try identity()
    } fetch: { identity in
      try await token(identity, client)
    }
  }

  /// - Returns: nil for keys and signatures, which need no token.
  func identity() throws(ExportError) -> AzureIdentity? {
    switch try entry() {
    case .accountKey, .sasToken: return nil
    case .client(let id, let tenant, let secret):
      return .client(EntraClient(id: id, tenant: tenant, authority: authority), secret: secret)
    case .managedIdentity: break
    }
    let id = variable("AZURE_CLIENT_ID")
    if let file = variable("AZURE_FEDERATED_TOKEN_FILE"), let id, let tenant = variable("AZURE_TENANT_ID") {
      return .federated(EntraClient(id: id, tenant: tenant, authority: authority), tokenFile: file)
    }
    if let endpoint = variable("IDENTITY_ENDPOINT"), let header = variable("IDENTITY_HEADER") {
      return .service(endpoint: endpoint, header: header, clientId: id)
    }
    return .machine(
      host: variable("AZURE_POD_IDENTITY_AUTHORITY_HOST") ?? "http://169.254.169.254", clientId: id)
  }

  private var authority: String {
    var host = variable("AZURE_AUTHORITY_HOST") ?? "https://login.microsoftonline.com"
    if !host.contains("://") { host = "https://" + host }
    while host.hasSuffix("/") { host.removeLast() }
    return host
  }

  private func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

  private func token(_ identity: AzureIdentity, _ client: CredentialClient) async throws -> BearerToken {
    switch identity {
    case .client(let application, let secret):
      return try await application.token(["client_secret": secret], client)
    case .federated(let application, let file):
      guard let data = FileManager.default.contents(atPath: file) else {
        throw ExportError(
          .configuration, .lasting, object: "AZURE_FEDERATED_TOKEN_FILE, file \(file)",
          problem: "cannot be read",
          hint: "check that it is there and that the user of exportd may read it")
      }
      let assertion = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      return try await application.token(
        [
          "client_assertion": assertion,
          "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ], client)
    case .service(let endpoint, let header, let id):
      let query = ["api-version": "2019-08-01", "resource": AzureIdentity.resource, "client_id": id]
      return try await ask(endpoint, query, ["X-IDENTITY-HEADER": header], client)
    case .machine(let host, let id):
      let query = ["api-version": "2018-02-01", "resource": AzureIdentity.resource, "client_id": id]
      return try await ask(host + "/metadata/identity/oauth2/token", query, ["Metadata": "true"], client)
    }
  }

  /// It is next door: who does not answer soon is not there.
  private static let patience: Int64 = 3

  private func ask(
    _ address: String, _ query: [String: String?], _ headers: [String: String], _ client: CredentialClient
  ) async throws -> BearerToken {
    let server = "identity endpoint at \(address)"
    guard let url = URL(string: "\(address)?\(query.compactMapValues { $0 }.percentEncoded)") else {
      throw ExportError(.configuration, .lasting, object: server, problem: "is no address")
    }
    let answer: CredentialClient.Answer
    do {
      answer = try await client.ask(.GET, url, headers: headers, patience: Self.patience)
    } catch let problem as ConnectionProblem {
      throw ExportError(
        .destination, .lasting, object: object,
        problem:
          "no credentials were found: there is none of accountKey, sasToken and clientSecret in the configuration, and the \(server) \(problem.problem)",
        hint: "give it one of them, or give the machine a managed identity that may write to the container")
    }
    guard answer.isSuccess else {
      throw TokenAnswer.refusal(
        answer, of: server,
        hint:
          "give the machine a managed identity, or correct AZURE_CLIENT_ID, which says which one of several is meant"
      )
    }
    return try TokenAnswer.token(answer.body, from: server)
  }
}
