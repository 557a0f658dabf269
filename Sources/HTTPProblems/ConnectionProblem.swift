import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

/// Why a request got no answer, as the HTTP client tells it, in words for the person who must act.
package struct ConnectionProblem: Error, Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// No connection came about, or none that could be used.
    case unreachable
    /// The connection is there, and no answer within the time allowed.
    case silent
    /// The connection ended before the answer was whole: what was asked for may have happened.
    case cut
    /// No TLS connection can be made: most often a certificate that is not trusted.
    case untrusted
    /// Anything else.
    case other
  }

  package var kind: Kind
  /// A clause without a subject: "cannot be reached (Connection refused)".
  package var problem: String

  package init(_ kind: Kind, _ problem: String) {
    self.kind = kind
    self.problem = problem
  }

  /// What to do about it, a sentence without a full stop.
  package var hint: String {
    switch kind {
    case .unreachable, .silent, .other: "check its host and port, and that this machine may reach it"
    case .cut: "look at the log of what answers there"
    case .untrusted:
      "its certificate must be valid for its host, and signed by an authority that this machine trusts"
    }
  }

  /// - Parameter patience: how many seconds an answer was waited for.
  package init(_ error: any Error, patience: Int64) {
    switch error {
    case let problem as ConnectionProblem: self = problem
    case let error as HTTPClientError:
      switch error {
      case .connectTimeout, .deadlineExceeded, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout:
        self.init(.silent, "did not answer within \(patience) s")
      case .remoteConnectionClosed: self.init(.cut, "closed the connection without an answer")
      case .tlsHandshakeTimeout: self.init(.untrusted, "no TLS connection can be made")
      default: self.init(.other, "cannot be called (\(error.shortDescription))")
      }
    case let error as NIOConnectionError:
      let refusal = error.connectionErrors.lazy.compactMap { $0.error as? IOError }.first
      self =
        refusal.map { ConnectionProblem($0) }
        ?? ConnectionProblem(.unreachable, "has no address: its host is not known")
    // What the client makes of a connection that fails while it is made depends on when it fails.
    case let error as IOError: self.init(error)
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      self.init(.untrusted, "no TLS connection can be made (\(error))")
    default: self.init(.other, "cannot be called (\(error))")
    }
  }

  private init(_ error: IOError) {
    let isCut = error.errnoCode == ECONNRESET || error.errnoCode == EPIPE
    self.init(
      isCut ? .cut : .unreachable, "cannot be reached (\(String(cString: strerror(error.errnoCode))))")
  }
}
