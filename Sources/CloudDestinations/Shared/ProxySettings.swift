import AsyncHTTPClient
import ExportCore
import Foundation

/// A way out through another machine.
struct Proxy: Hashable {
  var host: String
  var port: Int
  var user: String?
  var password: String?

  var setting: HTTPClient.Configuration.Proxy {
    .server(
      host: host, port: port,
      authorization: user.map { .basic(username: $0, password: password ?? "") })
  }
}

/// The variables that most programs take a proxy from: `https_proxy`, `http_proxy` and `no_proxy`, in small letters or in
/// capitals; the small ones count where both are set, as with curl(1).
struct ProxySettings: Sendable {
  private let https: (name: String, value: String)?
  private let http: (name: String, value: String)?
  private let exceptions: [String]

  init(_ environment: [String: String]) {
    func variable(_ name: String) -> (name: String, value: String)? {
      for name in [name, name.uppercased()] {
        if let value = environment[name], !value.isEmpty { return (name, value) }
      }
      return nil
    }
    https = variable("https_proxy")
    http = variable("http_proxy")
    exceptions = (variable("no_proxy")?.value ?? "").split { $0 == "," || $0 == " " }.map {
      $0.lowercased()
    }
  }

  /// Nil for an address that is called directly, as everything on this machine is.
  /// - Throws: ``ExportError`` for a variable that names no proxy.
  func proxy(for url: URL) throws(ExportError) -> Proxy? {
    guard let host = url.host(percentEncoded: false)?.lowercased(), !Self.isThisMachine(host),
      !isException(host, port: url.port),
      let setting = url.scheme?.lowercased() == "https" ? https : http
    else { return nil }
    let text = setting.value.contains("://") ? setting.value : "http://" + setting.value
    guard let proxy = URL(string: text), proxy.scheme?.lowercased() == "http",
      let proxyHost = proxy.host(percentEncoded: false), !proxyHost.isEmpty
    else {
      // Not the value: it may hold a password.
      throw ExportError(
        .configuration, .lasting, object: "environment variable \(setting.name)",
        problem: "is not the address of a proxy that is spoken to by http://",
        hint: "write it as http://HOST:PORT, or unset it for the daemon")
    }
    return Proxy(
      host: proxyHost, port: proxy.port ?? 80, user: proxy.user(percentEncoded: false),
      password: proxy.password(percentEncoded: false))
  }

  /// `*`, a host, `.domain` or `domain` with all below it, each with a port or without.
  private func isException(_ host: String, port: Int?) -> Bool {
    exceptions.contains { exception in
      if exception == "*" { return true }
      var pattern = exception[...]
      if let colon = pattern.lastIndex(of: ":"), let only = Int(pattern[pattern.index(after: colon)...]),
        pattern.count(where: { $0 == ":" }) == 1
      {
        guard only == port else { return false }
        pattern = pattern[..<colon]
      }
      if pattern.hasPrefix(".") { pattern = pattern.dropFirst() }
      return !pattern.isEmpty && (host == pattern || host.hasSuffix("." + pattern))
    }
  }

  private static func isThisMachine(_ host: String) -> Bool {
    host.isLoopbackHost
      // Where a machine's and a container's metadata are: each its own.
      || host.hasPrefix("169.254.") || host.hasPrefix("fd00:ec2::") || host == "metadata.google.internal"
  }
}
