import Glibc

extension ExportError {
  /// A system call that failed on a file or directory that we write.
  /// - Parameters:
  ///   - code: `errno`.
  ///   - action: what was tried, an infinitive: "write".
  ///   - object: the path it concerns.
  ///   - directory: the configured directory that the path lies in: what a person can do something about.
  ///   - space: when it is known, the bytes that were needed and those that the file system has left.
  package init(
    _ stage: Stage, errno code: Int32, cannot action: String, object: String, in directory: String,
    space: (needed: Int, free: Int)? = nil
  ) {
    let (kind, hint): (Kind, String?) =
      switch code {
      case ENOSPC: (.passing, "free space on the file system of \(directory)")
      case EDQUOT: (.passing, "free space, or raise the quota of the user that exportd runs as")
      case EIO: (.passing, "look for errors of the disk in the kernel's log (dmesg)")
      case EMFILE, ENFILE, EINTR, EAGAIN, EBUSY, ENOMEM, ESTALE, ETIMEDOUT: (.passing, nil)
      case EROFS:
        (
          .lasting,
          "under systemd add ReadWritePaths=\(directory) to a drop-in (systemctl edit exportd), else mount it writable"
        )
      case EACCES, EPERM:
        (
          .lasting,
          "let the user that exportd runs as write in \(directory) (namei -l shows which level refuses)"
        )
      case ENOENT:
        (.lasting, "create it with mkdir -p \(directory) and chown it to the user that exportd runs as")
      case ENOTDIR: (.lasting, "put a directory there, or change the path in the configuration")
      case ENAMETOOLONG: (.lasting, "shorten the path or the prefix in the configuration")
      default: (.passing, nil)
      }
    var problem = "cannot \(action): \(String(cString: strerror(code)))"
    if let space { problem += " (\(space.needed) bytes needed, \(space.free) free)" }
    self.init(stage, kind, object: object, problem: problem, hint: hint)
  }
}
