import ExportCore
import Foundation

/// Where a bucket answers ("JSON API overview" and "Request endpoints", with "Encoding URI path parts", in the Cloud Storage documentation).
struct GCSAddress: Hashable, Sendable {
  let bucket: String
  /// Scheme and authority; all paths begin behind it.
  private let base: String
  private let host: String
  private let isGoogle: Bool

  private static let google = "https://storage.googleapis.com"

  /// - Throws: ``ExportError`` for what is no address.
  init(_ configuration: GCSConfiguration) throws(ExportError) {
    bucket = configuration.bucket
    isGoogle = configuration.endpoint == nil
    let text = configuration.endpoint ?? Self.google
    guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(),
      scheme == "http" || scheme == "https", let host = url.percentEncodedHost?.lowercased(), !host.isEmpty
    else {
      throw ExportError(
        .configuration, .lasting, object: "endpoint \(text)",
        problem: "is not an http:// or https:// address")
    }
    var path = url.percentEncodedPath[...]
    while path.hasSuffix("/") { path = path.dropLast() }
    self.host = host
    base = "\(scheme)://\(host)" + (url.port.map { ":\($0)" } ?? "") + path
  }

  /// All objects, as a list of them is asked for.
  var objects: String { "\(base)/storage/v1/b/\(bucket.percentEncoded())/o" }
  /// Where new ones are sent to.
  var uploads: String { "\(base)/upload/storage/v1/b/\(bucket.percentEncoded())/o" }
  func object(_ key: String) -> String { "\(objects)/\(key.percentEncoded())" }

  /// Whether it is on this machine, as emulators are.
  var isLoopback: Bool { host.isLoopbackHost }

  /// The address of an upload that the server has begun; nil for a place that tokens must not go to. What stands behind another
  /// endpoint may not know under what name it is reached: then only the path counts.
  func session(_ location: String) -> String? {
    guard let url = URLComponents(string: location) else { return nil }
    if isGoogle, url.scheme?.lowercased() == "https", let host = url.percentEncodedHost?.lowercased() {
      return host == self.host || host.hasSuffix(".googleapis.com") ? location : nil
    }
    guard !isGoogle, let endpoint = URLComponents(string: base), url.percentEncodedPath.hasPrefix("/") else {
      return nil
    }
    var session = endpoint
    session.percentEncodedPath = url.percentEncodedPath
    session.percentEncodedQuery = url.percentEncodedQuery
    return session.string
  }

  /// For messages.
  var endpointText: String { isGoogle ? "Google Cloud Storage" : base }
}
