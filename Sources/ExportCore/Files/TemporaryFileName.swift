/// Names of files that are not finished: hidden, and recognisable as ours by the stem of the run they belong to.
package enum TemporaryFileName {
  private static let prefix = ".exportd-"
  private static let suffix = ".part"

  /// - Parameter rest: begins with the run's stem (``RunFileNames/stem``).
  package static func of(_ rest: String) -> String { prefix + rest + suffix }

  /// Whether a name is one of ours and of this run; every one of ours for an empty stem.
  package static func isOurs(_ name: some StringProtocol, stem: String) -> Bool {
    name.hasPrefix(prefix + stem) && name.hasSuffix(suffix)
  }
}
