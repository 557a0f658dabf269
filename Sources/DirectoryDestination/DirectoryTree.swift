import ExportCore
import Glibc

/// The destination's directory and what lies below it. Every level is opened from the one above without
/// following symbolic links, so that nothing below the configured path can lead out of it.
struct DirectoryTree: Sendable {
  let configuration: DirectoryConfiguration

  var path: String { configuration.path }

  /// Of directories that are made here: who may read files may also look into them, and only the owner must
  /// be able to write.
  var directoryMode: mode_t { configuration.mode | (configuration.mode & 0o444) >> 2 | 0o700 }

  func failure(_ action: String, _ name: String = "") -> ExportError {
    let code = errno
    let object = name.isEmpty ? path : "\(path)/\(name)"
    if code == ELOOP || (code == ENOTDIR && !name.isEmpty) {
      return ExportError(
        .destination, .lasting, object: object, problem: "cannot \(action): a level of it is no directory",
        hint: "move what is in its place; links below \(path) are not followed")
    }
    return ExportError(.destination, errno: code, cannot: action, object: object, in: path)
  }

  /// The configured directory itself, which may be a link; its last level is made when it is missing.
  func root() throws(ExportError) -> Descriptor {
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
    if let root = Descriptor(open(path, flags)) { return root }
    guard errno == ENOENT, mkdir(path, directoryMode) == 0, let root = Descriptor(open(path, flags)) else {
      throw failure("open the directory")
    }
    try adopt(root, mode: directoryMode, "")
    guard let parent = Descriptor(openat(root.number, "..", flags)), parent.synchronise() else {
      throw failure("make the directory durable")
    }
    return root
  }

  /// The directory at these levels; nil when it is not there.
  func directory(_ levels: [String]) throws(ExportError) -> Descriptor? {
    var directory = try root()
    for (depth, level) in levels.enumerated() {
      guard let next = Descriptor(openat(directory.number, level, DirectoryTree.levelFlags)) else {
        if errno == ENOENT { return nil }
        throw failure("open the directory", levels[...depth].joined(separator: "/"))
      }
      directory = next
    }
    return directory
  }

  /// As ``directory(_:)``, but levels that are missing are made, and are durable when it returns.
  func madeDirectory(_ levels: [String]) throws(ExportError) -> Descriptor {
    var directory = try root()
    for (depth, level) in levels.enumerated() {
      let name = levels[...depth].joined(separator: "/")
      let isNew = mkdirat(directory.number, level, directoryMode) == 0
      guard isNew || errno == EEXIST else { throw failure("make the directory", name) }
      guard let next = Descriptor(openat(directory.number, level, DirectoryTree.levelFlags)) else {
        throw failure("open the directory", name)
      }
      if isNew {
        try adopt(next, mode: directoryMode, name)
        guard directory.synchronise() else { throw failure("make the directory durable", name) }
      }
      directory = next
    }
    return directory
  }

  private static let levelFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

  /// Opens a file to read; nil when it is not there.
  func file(_ name: ObjectName) throws(ExportError) -> Descriptor? {
    guard let directory = try directory(name.levels) else { return nil }
    if let file = Descriptor(openat(directory.number, name.last, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) {
      guard let status = file.status, status.st_mode & S_IFMT == S_IFREG else {
        throw ExportError(
          .destination, .lasting, object: "\(path)/\(name.text)", problem: "is no regular file",
          hint: "move what is in its place")
      }
      return file
    }
    guard errno == ENOENT else { throw failure("open", name.text) }
    return nil
  }

  /// Gives a new file or directory the configured permissions and group, whatever the umask.
  func adopt(_ descriptor: borrowing Descriptor, mode: mode_t, _ name: String) throws(ExportError) {
    if let group = configuration.group {
      let id = try DirectoryTree.id(ofGroup: group)
      if descriptor.status?.st_gid != id, fchown(descriptor.number, uid_t.max, id) != 0 {
        guard errno == EPERM else { throw failure("change the group", name) }
        throw ExportError(
          .destination, .lasting, object: "\(path)/\(name)", problem: "cannot give it to the group \(group)",
          hint: "make the user that exportd runs as a member (usermod -aG \(group) USER) and restart exportd")
      }
    }
    // After the change of group, which takes set-group-ID bits away.
    guard fchmod(descriptor.number, mode) == 0 else { throw failure("set the permissions", name) }
  }

  private static func id(ofGroup name: String) throws(ExportError) -> gid_t {
    var entry = group()
    var found: UnsafeMutablePointer<group>?
    var size = 4096
    while true {
      let storage = UnsafeMutableBufferPointer<CChar>.allocate(capacity: size)
      defer { storage.deallocate() }
      let code = getgrnam_r(name, &entry, storage.baseAddress!, size, &found)
      if code == 0, let found { return found.pointee.gr_gid }
      guard code == ERANGE, size < 1 << 24 else { break }
      size *= 4
    }
    throw ExportError(
      .destination, .lasting, object: name, problem: "there is no such group",
      hint: "make it with groupadd --system \(name), or change the destination's \"group\"")
  }

  /// Calls `body` with the path and status of every regular file at and below a directory. What may not be
  /// looked into is not ours, and is passed over.
  func walk(
    _ directory: borrowing Descriptor, _ path: String, _ body: (String, stat) -> Void
  ) throws(ExportError) {
    try entries(of: directory, path) { name, status throws(ExportError) in
      let below = path.isEmpty ? name : "\(path)/\(name)"
      switch status.st_mode & S_IFMT {
      case S_IFREG: body(below, status)
      case S_IFDIR:
        guard let next = Descriptor(openat(directory.number, name, DirectoryTree.levelFlags)) else {
          if errno == ENOENT || errno == EACCES { return }
          throw failure("open the directory", below)
        }
        try walk(next, below, body)
      default: break
      }
    }
  }

  /// Calls `body` with every entry of one directory except `.` and `..`.
  func entries(
    of directory: borrowing Descriptor, _ path: String,
    _ body: (String, stat) throws(ExportError) -> Void
  ) throws(ExportError) {
    // A descriptor of its own, because closing the stream closes it.
    let own = openat(directory.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard own >= 0, let stream = fdopendir(own) else { throw failure("list the directory", path) }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      var status = stat()
      // What is gone by now was not there.
      guard fstatat(directory.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      try body(name, status)
    }
  }
}
