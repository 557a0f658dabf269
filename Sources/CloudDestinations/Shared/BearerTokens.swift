import ExportCore
import Foundation
import Synchronization

/// An access token (RFC 6750), and when it ends.
struct BearerToken: Sendable {
  var text: String
  var expiration: Date
}

/// The tokens of a destination. As whom it speaks is looked up each time, since a file may have changed; a token is kept until
/// shortly before it ends, and all uploads share it.
final class BearerTokens<Identity: Hashable & Sendable>: Sendable {
  private struct Current {
    var identity: Identity
    var token: Renewed<String>
    /// The one that was given out last.
    var given: String?
  }

  private let identity: @Sendable () throws(ExportError) -> Identity?
  private let fetch: @Sendable (Identity) async throws -> BearerToken
  private let current = Mutex<Current?>(nil)

  /// - Parameters:
  ///   - identity: nil when nobody is to be anybody.
  ///   - fetch: asks for a new token.
  init(
    identity: @escaping @Sendable () throws(ExportError) -> Identity?,
    fetch: @escaping @Sendable (Identity) async throws -> BearerToken
  ) {
    self.identity = identity
    self.fetch = fetch
  }

  /// What goes behind `Authorization: Bearer`; nil for a server that asks for none.
  /// - Throws: ``ExportError`` or `CancellationError`.
  func token() async throws -> String? {
    guard let identity = try identity() else { return nil }
    let renewed = current.withLock { current in
      if let current, current.identity == identity { return current.token }
      let token = Renewed<String> { [fetch] in
        let token = try await fetch(identity)
        return Renewed<String>.Lease(value: token.text, expiration: token.expiration)
      }
      current = Current(identity: identity, token: token)
      return token
    }
    let text = try await renewed.value()
    current.withLock { $0?.given = text }
    return text
  }

  /// Fetches another one next time, unless that has happened already.
  /// - Parameter token: one that is not accepted.
  func discard(_ token: String) {
    current.withLock { if $0?.given == token { $0 = nil } }
  }
}
