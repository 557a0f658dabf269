import ExportCore
import Foundation

/// Where a container answers ("Naming and referencing containers, blobs, and metadata" in the Blob service documentation).
struct AzureAddress: Hashable, Sendable {
  let account: String
  let container: String
  /// What stands before the container: scheme, authority, and at emulators the account.
  private let base: String

  /// - Throws: ``ExportError`` for what is no address.
  init(_ configuration: AzureConfiguration) throws(ExportError) {
    account = configuration.account
    container = configuration.container
    let text = configuration.endpoint ?? "https://\(account).blob.core.windows.net"
    guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(),
      scheme == "http" || scheme == "https", let host = url.percentEncodedHost?.lowercased(), !host.isEmpty
    else {
      throw ExportError(
        .configuration, .lasting, object: "endpoint \(text)",
        problem: "is not an http:// or https:// address")
    }
    var path = url.percentEncodedPath[...]
    while path.hasSuffix("/") { path = path.dropLast() }
    // A number has no room for the account in its name, so that emulators have it in the path.
    if path.isEmpty, Self.isNumberOrThisMachine(host) { path = "/\(account)" }
    base = "\(scheme)://\(host)" + (url.port.map { ":\($0)" } ?? "") + path
  }

  private static func isNumberOrThisMachine(_ host: String) -> Bool {
    host == "localhost" || host.hasPrefix("[") || host.contains(":")
      || host.split(separator: ".").allSatisfy { UInt8($0) != nil }
  }

  /// Percent-encoded, without a query.
  /// - Parameter blob: nil for the container itself.
  func url(of blob: String?) -> String {
    "\(base)/\(container.percentEncoded())" + (blob.map { "/" + $0.percentEncoded(except: "/") } ?? "")
  }

  /// For messages: as people read it.
  func text(of blob: String?) -> String { location + (blob.map { "/" + $0 } ?? "") }

  /// For messages, without a `/` at its end.
  var location: String { "\(base)/\(container)" }

  /// For messages.
  var endpointText: String { base }
}
