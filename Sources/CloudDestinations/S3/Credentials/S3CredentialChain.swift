import ExportCore
import Foundation
import Synchronization

/// The credentials of a destination. Where they come from is looked up each time, since a file may have changed; those that
/// somebody has to be asked for are kept until shortly before they expire, and all uploads share them.
package final class S3CredentialChain: Sendable {
  private let search: CredentialSearch
  private let client: CredentialClient
  private let kept = Mutex<(origin: CredentialOrigin, credentials: Renewed<S3Credentials>)?>(nil)

  /// - Parameter environment: of the process. `HOME` and the variables of AWS's own tools count.
  package init(
    _ settings: S3CredentialSettings, connections: CloudConnections,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    search = CredentialSearch(settings: settings, environment: environment)
    client = CredentialClient(connections, caFile: settings.caFile)
  }

  /// Credentials that are good now and for some seconds.
  /// - Throws: ``ExportError`` that says where was looked, or what whoever gives them out answered; `CancellationError`.
  package func credentials() async throws -> S3Credentials {
    let origin = try search.origin()
    if case .keys(let keys) = origin { return keys }
    let renewed = kept.withLock { kept in
      if let kept, kept.origin == origin { return kept.credentials }
      let renewed = Renewed { [search, client] in
        let credentials = try await search.ask(origin, client)
        return .init(value: credentials, expiration: credentials.expiration)
      }
      kept = (origin, renewed)
      return renewed
    }
    return try await renewed.value()
  }
}

extension CredentialSearch {
  fileprivate func ask(_ origin: CredentialOrigin, _ client: CredentialClient) async throws -> S3Credentials {
    switch origin {
    case .keys(let keys): return keys
    case .webIdentity(let identity): return try await tokens(client).exchange(identity)
    case .container(let endpoint): return try await endpoint.credentials(client)
    case .instance(let instance):
      do {
        return try await instance.credentials(client)
      } catch let absent as InstanceMetadata.Absent {
        throw nothingFound(absent.reason)
      }
    case .role(let role, let origin):
      return try await tokens(client).assume(role, by: try await ask(origin, client))
    }
  }

  private func tokens(_ client: CredentialClient) throws(ExportError) -> SecurityTokenService {
    let endpoint = environment["AWS_ENDPOINT_URL_STS"].flatMap { $0.isEmpty ? nil : $0 }
    return try SecurityTokenService(
      client, region: settings.region, endpoint: endpoint, allowHTTP: settings.allowHTTP)
  }
}
