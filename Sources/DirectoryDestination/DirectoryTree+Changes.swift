import ExportCore
import Glibc

/// Single changes. Each is whole or has not happened, but durable only once its directory has been synchronised.
extension DirectoryTree {
  /// Makes the content of a staged file durable and gives it its name.
  func deliver(_ staged: StagedFile, as name: ObjectName) throws(ExportError) {
    guard let file = Descriptor(open(staged.path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)),
      let status = file.status
    else {
      throw ExportError(
        .destination, .passing, object: staged.path,
        problem: "cannot open the finished file: \(String(cString: strerror(errno)))",
        hint: "leave files named .exportd-… alone while a run is under way")
    }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size == staged.bytes else {
      throw ExportError(
        .destination, .passing, object: staged.path,
        problem:
          "holds \(status.st_size) bytes instead of \(staged.bytes): it was changed after it was written")
    }
    try adopt(file, mode: configuration.mode, name.text)
    guard file.synchronise() else { throw failure("make durable", name.text) }
    let directory = try madeDirectory(name.levels)
    if renameat(AT_FDCWD, staged.path, directory.number, name.last) == 0 { return }
    // Another file system is mounted on a level of the name, or the file was staged elsewhere.
    guard errno == EXDEV else { throw failure("rename a finished file to", name.text) }
    try write(to: directory, name) { copy in
      var buffer = [UInt8](repeating: 0, count: 1 << 18)
      return buffer.withUnsafeMutableBytes { buffer in
        while let count = file.read(buffer) {
          guard count > 0 else { return true }
          guard copy.write(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return false }
        }
        return false
      }
    }
    unlink(staged.path)
  }

  func put(_ bytes: [UInt8], as name: ObjectName) throws(ExportError) {
    let directory = try madeDirectory(name.levels)
    try write(to: directory, name) { file in bytes.withUnsafeBytes { file.write($0) } }
  }

  /// Writes a file under a temporary name beside its own, then renames it.
  private func write(
    to directory: borrowing Descriptor, _ name: ObjectName, _ content: (borrowing Descriptor) -> Bool
  ) throws(ExportError) {
    let temporary = TemporaryFileName.of(name.last)
    let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
    guard let file = Descriptor(openat(directory.number, temporary, flags, 0o600)) else {
      throw failure("create a file for", name.text)
    }
    do throws(ExportError) {
      guard content(file) else { throw failure("write", name.text) }
      try adopt(file, mode: configuration.mode, name.text)
      guard file.synchronise() else { throw failure("make durable", name.text) }
      guard renameat(directory.number, temporary, directory.number, name.last) == 0 else {
        throw failure("rename a finished file to", name.text)
      }
    } catch {
      unlinkat(directory.number, temporary, 0)
      throw error
    }
  }

  /// Removes a file, and directories of its name that are empty then.
  /// - Returns: the levels of the directory that has changed and is still there; nil when nothing has.
  func delete(_ name: ObjectName) throws(ExportError) -> [String]? {
    guard let directory = try directory(name.levels) else { return nil }
    guard unlinkat(directory.number, name.last, 0) == 0 else {
      if errno == ENOENT { return nil }
      throw failure("delete", name.text)
    }
    var levels = name.levels
    while let last = levels.last {
      guard let parent = try self.directory(levels.dropLast()),
        unlinkat(parent.number, last, AT_REMOVEDIR) == 0
      else { break }
      levels.removeLast()
    }
    return levels
  }

  /// Takes back a delivery whose name may not outlast a loss of power, as far as that is possible.
  func undo(_ change: Change) {
    guard let name = change.deliveredName, let directory = try? directory(name.levels) else { return }
    if case .deliver(let staged, _) = change {
      renameat(directory.number, name.last, AT_FDCWD, staged.path)
    } else {
      unlinkat(directory.number, name.last, 0)
    }
  }
}

extension Change {
  fileprivate var deliveredName: ObjectName? {
    switch self {
    case .deliver(_, let name), .put(_, let name): name
    case .delete: nil
    }
  }
}
