import ExportCore
import Foundation

/// Where a bucket answers: in the host's name ("virtual host style") or in the path
/// ("Methods for accessing a bucket" in the Amazon S3 User Guide).
struct S3Address: Hashable, Sendable {
  let bucket: String
  private let isPathStyle: Bool
  /// Nil for AWS itself.
  private let endpoint: Endpoint?

  private struct Endpoint: Hashable {
    let scheme: String
    /// Host and port.
    let authority: String
    /// What stands before everything, without a `/` at its end.
    let path: String
  }

  /// - Throws: ``ExportError`` for what is no address.
  init(_ configuration: S3Configuration) throws(ExportError) {
    bucket = configuration.bucket
    guard !bucket.hasPrefix("arn:") else {
      throw ExportError(
        .configuration, .lasting, object: bucket, problem: "access points are not supported",
        hint: "name the bucket itself, or the access point's alias")
    }
    endpoint = try configuration.endpoint.map(Self.endpoint)
    // A certificate for *.s3.amazonaws.com does not cover names with further dots.
    isPathStyle = bucket.contains(".") || configuration.pathStyle ?? (endpoint != nil)
  }

  private static func endpoint(_ text: String) throws(ExportError) -> Endpoint {
    guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(),
      let host = url.percentEncodedHost, !host.isEmpty
    else {
      throw ExportError(
        .configuration, .lasting, object: "endpoint \(text)",
        problem: "is not an http:// or https:// address")
    }
    var path = url.percentEncodedPath[...]
    while path.hasSuffix("/") { path = path.dropLast() }
    return Endpoint(
      scheme: scheme, authority: authority(host, url.port, scheme), path: String(path))
  }

  private static func authority(_ host: String, _ port: Int?, _ scheme: String) -> String {
    guard let port, port != (scheme == "https" ? 443 : 80) else { return host }
    return "\(host):\(port)"
  }

  /// The three parts of the address of an object, or of the bucket for nil.
  struct Location: Hashable, Sendable {
    var scheme: String
    /// As the header `Host` has it.
    var authority: String
    /// Percent-encoded.
    var path: String
  }

  func location(of key: String?, region: String) -> Location {
    let scheme = endpoint?.scheme ?? "https"
    let authority = endpoint?.authority ?? Self.host(of: region)
    var path = endpoint?.path ?? ""
    if isPathStyle { path += "/" + bucket.percentEncoded() }
    path += "/" + (key.map { $0.percentEncoded(except: "/") } ?? "")
    // Of the bucket itself in path style, `/bucket` and `/bucket/` are the same; the first is what all servers know.
    if key == nil, isPathStyle { path.removeLast() }
    return Location(
      scheme: scheme, authority: isPathStyle ? authority : "\(bucket).\(authority)", path: path)
  }

  private static func host(of region: String) -> String {
    "s3.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
  }

  /// Where the server asks to send the same request instead (307); nil for a place that credentials must not go to.
  func redirected(_ location: Location, to address: String) -> Location? {
    guard let url = URLComponents(string: address), let scheme = url.scheme?.lowercased(),
      let host = url.percentEncodedHost?.lowercased(), scheme == location.scheme
    else { return nil }
    let authority = Self.authority(host, url.port, scheme)
    let here = URLComponents(string: "\(location.scheme)://\(location.authority)")?.percentEncodedHost?
      .lowercased()
    let isOfAWS = host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn")
    guard host == here || endpoint == nil && isOfAWS else { return nil }
    var redirected = location
    redirected.authority = authority
    redirected.path = url.percentEncodedPath.isEmpty ? location.path : url.percentEncodedPath
    return redirected
  }

  /// For messages.
  var endpointText: String { endpoint.map { "\($0.scheme)://\($0.authority)\($0.path)" } ?? "AWS" }
}
