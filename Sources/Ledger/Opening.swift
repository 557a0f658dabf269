import Glibc

/// Held while a process opens a state database: of several that meet one which is new, or older than they, the first makes
/// it what it should be and the others find it so. The kernel lets go of it when the process ends.
struct Opening: ~Copyable {
  private let descriptor: Int32

  /// Waits for its turn. A directory that cannot be opened is left to who opens the database to complain of.
  init(stateDirectory: String) {
    descriptor = open(stateDirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    // Of the directory: SQLite's own locks on the database would vanish with any descriptor of it that is closed.
    while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
