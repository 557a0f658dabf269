package import TimeZones

/// Which profiles a run reads from one database.
package struct ProfileRead: Hashable, Sendable {
  package enum Span: Hashable, Sendable {
    /// Every profile as it is.
    case everything
    /// Those whose version is not before this instant, or cannot be told.
    case since(Instant)
    /// Those whose `updatedAt` lies in the window.
    case updated(in: Window)
  }

  package var databaseId: String
  package var span: Span
  /// Whether rows carry their version; a profile whose times cannot be used is then rejected. True for every span but
  /// ``Span/everything``, where it is a choice.
  package var readsVersions: Bool

  package init(databaseId: String, span: Span, readsVersions: Bool) {
    self.databaseId = databaseId
    self.span = span
    self.readsVersions = readsVersions
  }
}
