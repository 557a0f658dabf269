import ExportCore
import Glibc

/// Where files for a cloud are put together: in the state directory, since no cloud has a disk here.
struct StagingDirectory: Hashable, Sendable {
  let path: String

  /// Removes unfinished files of a run, or all of ours for an empty stem.
  func removeLeftovers(stem: String) throws(ExportError) {
    guard let directory = opendir(path) else {
      if errno == ENOENT { return }
      throw failure("list the directory", path)
    }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      guard TemporaryFileName.isOurs(name, stem: stem) else { continue }
      guard unlinkat(dirfd(directory), name, 0) == 0 || errno == ENOENT else {
        throw failure("delete", "\(path)/\(name)")
      }
    }
  }

  private func failure(_ action: String, _ object: String) -> ExportError {
    ExportError(.staging, errno: errno, cannot: action, object: object, in: path)
  }
}
