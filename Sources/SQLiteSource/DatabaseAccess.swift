internal import ExportCore
internal import Glibc

/// The user as whom this process runs, for hints.
enum ProcessUser {
  static var name: String {
    let id = geteuid()
    guard let entry = getpwuid(id) else { return "uid \(id)" }
    return String(cString: entry.pointee.pw_name)
  }
}

/// Whether the system lets this process read a database file, found out before SQLite touches it: SQLite itself
/// says little more than "unable to open database file".
struct DatabaseAccess {
  let path: String

  /// What stands in the way, and what removes it.
  struct Obstacle {
    var kind = ExportError.Kind.lasting
    var problem: String
    var hint: String

    func error(for database: SQLiteSourceConfiguration.Database) -> ExportError {
      database.error(kind, problem, hint: hint)
    }
  }

  private var user: String { ProcessUser.name }
  private var directory: String { DatabaseAccess.parent(of: path) }

  /// Nil when nothing does.
  func obstacle() -> Obstacle? {
    if let obstacle = obstacleOnTheWay() { return obstacle }
    var status = stat()
    guard stat(path, &status) == 0 else { return missing(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      return Obstacle(problem: "is not a file", hint: "`path` must name the database file itself")
    }
    guard may(R_OK, path) else { return unreadable(path, status) }
    return isWAL ? walObstacle(status) : nil
  }

  /// Every directory above the file must let one pass.
  private func obstacleOnTheWay() -> Obstacle? {
    for directory in DatabaseAccess.ancestors(of: path) {
      var status = stat()
      guard stat(directory, &status) == 0 else { return missing(directory, errno) }
      guard status.st_mode & S_IFMT == S_IFDIR else {
        return Obstacle(problem: "\(directory) is not a directory", hint: "check the path")
      }
      guard may(X_OK, directory) else {
        return Obstacle(
          problem: "user \(user) may not enter the directory \(directory)",
          hint: grant("x", directory, status, groupBit: S_IXGRP))
      }
    }
    return nil
  }

  private func missing(_ path: String, _ code: Int32) -> Obstacle {
    guard code == ENOENT else {
      return Obstacle(
        problem: "\(path): \(String(cString: strerror(code)))", hint: "check the path and its permissions")
    }
    return Obstacle(
      problem: path == self.path ? "there is no such file" : "the directory \(path) does not exist",
      hint: "check the path; under systemd, ProtectHome= and PrivateTmp= hide /home, /root and /tmp")
  }

  private func unreadable(_ path: String, _ status: stat) -> Obstacle {
    Obstacle(
      problem: "user \(user) may not read \(path)", hint: grant("r", path, status, groupBit: S_IRGRP))
  }

  /// The words that give this process's user what it lacks, by the file's group where that has it already.
  private func grant(_ permission: String, _ path: String, _ status: stat, groupBit: mode_t) -> String {
    let byList = "`setfacl -m u:\(user):\(permission) \(path)`"
    guard status.st_mode & groupBit != 0, status.st_gid != 0, let group = getgrgid(status.st_gid) else {
      return byList
    }
    return
      "add the user to the group that may: `usermod -aG \(String(cString: group.pointee.gr_name)) \(user)`"
      + " and restart the service, or \(byList)"
  }

  // MARK: Write-ahead log

  /// Bytes 18 and 19 of the header are the versions for writing and reading; 2 is WAL (SQLite file format 1.3.3).
  private var isWAL: Bool {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    var header = [UInt8](repeating: 0, count: 20)
    return pread(file, &header, 20, 0) == 20 && (header[18] == 2 || header[19] == 2)
  }

  /// A reader of a WAL database needs its log and its shared memory, and makes those that are not there.
  private func walObstacle(_ database: stat) -> Obstacle? {
    var isComplete = true
    for companion in [path + "-wal", path + "-shm"] {
      var status = stat()
      guard stat(companion, &status) == 0 else {
        isComplete = false
        continue
      }
      guard may(R_OK, companion) else { return lockedCompanion(companion) }
    }
    return isComplete ? nil : closedObstacle(database)
  }

  private func lockedCompanion(_ companion: String) -> Obstacle {
    Obstacle(
      problem: "the database is in WAL mode, and user \(user) may not read \(companion)",
      hint:
        "`setfacl -m u:\(user):rw \(companion)`, and `setfacl -d -m u:\(user):rw \(directory)` for the files "
        + "that the application makes anew, or run both in one group that may write them")
  }

  /// The database is closed, perhaps only until the application is back: reading makes `-wal` and `-shm`, which SQLite leaves behind with the reader's owner
  /// and the database's mode.
  private func closedObstacle(_ database: stat) -> Obstacle? {
    let closed =
      "the database is in WAL mode and no other process has it open, so that reading it makes "
      + "\(path)-wal and -shm"
    guard may(W_OK, directory) else {
      if errno == EROFS {
        return Obstacle(
          kind: .passing, problem: "\(closed), and for this process the file system is read-only",
          hint: "keep the application running, or \(dropIn)")
      }
      return Obstacle(
        kind: .passing, problem: "\(closed), and user \(user) may not write in \(directory)",
        hint: "keep the application running, or \(sharedGroup(database))")
    }
    guard !ownerMayUseNewFiles(database) else { return nil }
    return Obstacle(
      kind: .passing,
      problem: "\(closed), and then the application's user could not write these files of user \(user)",
      hint: "keep the application running, or \(sharedGroup(database))")
  }

  /// Whether the application, as the database's owner, may write the files that this process would make.
  private func ownerMayUseNewFiles(_ database: stat) -> Bool {
    // As root, SQLite gives new files to the database's owner.
    if geteuid() == 0 || geteuid() == database.st_uid || database.st_mode & S_IWOTH != 0 { return true }
    var status = stat()
    guard database.st_mode & S_IWGRP != 0, stat(directory, &status) == 0 else { return false }
    let group = status.st_mode & S_ISGID != 0 ? status.st_gid : getegid()
    return group == database.st_gid
  }

  private func sharedGroup(_ database: stat) -> String {
    let group = getgrgid(database.st_gid).map { String(cString: $0.pointee.gr_name) } ?? "\(database.st_gid)"
    return "let both share a group: `usermod -aG \(group) \(user)`, `chgrp \(group) \(directory)`, "
      + "`chmod g+rwxs \(directory)`, `chmod g+rw \(path)`; and \(dropIn)"
  }

  /// What the unit's sandbox keeps read-only, permissions do not open.
  private var dropIn: String {
    "under systemd `systemctl edit exportd`, in [Service] ReadWritePaths=\(directory), and restart the service"
  }

  // MARK: Paths

  /// By the identity that opening files goes by; sets `errno` otherwise.
  private func may(_ mode: Int32, _ path: String) -> Bool { faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// From the root down.
  private static func ancestors(of path: String) -> [String] {
    let parent = parent(of: path)
    return parent == "/" || parent == "." ? [parent] : ancestors(of: parent) + [parent]
  }
}
