import Glibc

/// Whose files a command makes.
enum Identity {
  /// The mode of the state directory: its owner and its group may use every command, and what is made in it belongs
  /// to the group.
  static let stateDirectoryMode: mode_t = 0o2770

  /// What is made is open to the group and to nobody else.
  static func restrictNewFiles() { umask(0o007) }

  /// Makes the state directory when it is missing.
  static func prepare(stateDirectory: String) throws {
    if try isDirectory(stateDirectory) { return }
    guard mkdir(stateDirectory, 0o770) == 0 else {
      let problem = errno
      // Somebody else was faster: the directory is there now.
      if problem == EEXIST, try isDirectory(stateDirectory) { return }
      let reason = String(cString: strerror(problem))
      throw Failure(
        problem == EACCES ? .permission : .failed,
        "stateDirectory \(stateDirectory) cannot be made (\(reason)); make it: `install -d -m 2770 -o exportd -g exportd \(stateDirectory)`"
      )
    }
    chmod(stateDirectory, stateDirectoryMode)
  }

  /// - Returns: false when there is nothing.
  private static func isDirectory(_ stateDirectory: String) throws -> Bool {
    var info = stat()
    guard stat(stateDirectory, &info) == 0 else {
      guard errno == ENOENT else { throw denied(stateDirectory) }
      return false
    }
    guard info.st_mode & S_IFMT == S_IFDIR else {
      throw Failure(.configuration, "stateDirectory \(stateDirectory) is not a directory; name another")
    }
    return true
  }

  /// Typed by root, a command becomes the owner of the state directory first, so that it leaves nothing there that the
  /// daemon cannot write.
  static func takeOwner(of stateDirectory: String) throws {
    guard geteuid() == 0 else { return }
    var info = stat()
    guard stat(stateDirectory, &info) == 0, info.st_uid != 0 else { return }
    let name = getpwuid(info.st_uid).map { String(cString: $0.pointee.pw_name) }
    let hasGroups = name.map { initgroups($0, info.st_gid) == 0 } ?? (setgroups(1, [info.st_gid]) == 0)
    guard hasGroups, setgid(info.st_gid) == 0, setuid(info.st_uid) == 0 else {
      throw Failure(
        .permission,
        "cannot become the owner of \(stateDirectory) (\(String(cString: strerror(errno)))); run this as that user"
      )
    }
  }

  /// Refuses those who are not in the group, and tells them how to get in.
  static func requireAccess(to stateDirectory: String) throws {
    guard access(stateDirectory, R_OK | W_OK | X_OK) == 0 else {
      throw errno == EROFS ? readOnly(stateDirectory) : denied(stateDirectory)
    }
  }

  private static func readOnly(_ stateDirectory: String) -> Failure {
    Failure(
      .failed,
      "\(stateDirectory) lies on a file system that is read-only; mount it writable, or under systemd add "
        + "ReadWritePaths=\(stateDirectory) to a drop-in (`systemctl edit exportd`)")
  }

  /// The user whose daemon works on the state directory; nil when this process is that user. What somebody else delivered
  /// would be theirs, and the daemon could neither go on with it nor delete it.
  static func otherOwner(of stateDirectory: String) -> String? {
    var info = stat()
    guard stat(stateDirectory, &info) == 0, info.st_uid != geteuid() else { return nil }
    return getpwuid(info.st_uid).map { String(cString: $0.pointee.pw_name) } ?? "\(info.st_uid)"
  }

  private static func denied(_ stateDirectory: String) -> Failure {
    let user = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "USER"
    return Failure(
      .permission,
      "\(user) may not use \(stateDirectory); members of its group may: `usermod -aG exportd \(user)`, then log in again"
    )
  }
}
