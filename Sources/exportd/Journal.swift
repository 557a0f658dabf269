import Glibc

/// The system's journal, which takes the priority of a line from a prefix (sd-daemon(3)).
enum Journal {
  /// Whether it reads what this process writes to stderr. That the variable is there does not say so: what a service
  /// starts inherits it, a terminal for instance.
  static let readsStderr: Bool = {
    var status = stat()
    guard let stream = getenv("JOURNAL_STREAM"), fstat(STDERR_FILENO, &status) == 0 else { return false }
    return String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
  }()

  /// What an error's lines begin with.
  static let errorPrefix = "<3>"
}
