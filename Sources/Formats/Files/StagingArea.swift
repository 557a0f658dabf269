import ExportCore
import Glibc
import Synchronization

/// The directory in which files are put together. A file is opened for each chunk and closed again, so that
/// however many are under construction, one descriptor is open for each thread that writes.
final class StagingArea: Sendable {
  let directory: String
  private let descriptor: Int32
  private let stem: String
  private let files = Atomic<UInt32>(0)

  /// - Parameter stem: what the names of these files begin with; no other writer uses it.
  /// - Throws: ``ExportError`` when the directory cannot be opened; one that is missing is made if its parent
  ///   is there.
  init(directory: String, stem: String) throws(ExportError) {
    self.directory = directory
    self.stem = stem
    if mkdir(directory, 0o770) != 0, errno != EEXIST {
      throw ExportError(
        .staging, errno: errno, cannot: "make the directory", object: directory, in: directory)
    }
    descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 {
      throw ExportError(
        .staging, errno: errno, cannot: "open the directory", object: directory, in: directory)
    }
  }

  deinit { close(descriptor) }

  /// The number of a new file; nothing is on the disk yet.
  func newFile() -> UInt32 { files.add(1, ordering: .relaxed).newValue }

  func name(of file: UInt32) -> String { TemporaryFileName.of("\(stem)\(file)") }
  func path(of file: UInt32) -> String { "\(directory)/\(name(of: file))" }

  /// Writes behind what a file holds; `create` begins it.
  /// - Throws: ``ExportError`` that says what is missing; the file then holds part of the bytes.
  func append(_ bytes: UnsafeRawBufferPointer, to file: UInt32, create: Bool) throws(ExportError) {
    let flags = create ? O_WRONLY | O_CREAT | O_TRUNC : O_WRONLY | O_APPEND
    let opened = openat(descriptor, name(of: file), flags | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard opened >= 0 else { throw failure(errno, "create a file", needed: bytes.count) }
    defer { close(opened) }
    var rest = bytes
    while !rest.isEmpty {
      let written = write(opened, rest.baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        throw failure(errno, "write", needed: rest.count)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
    }
  }

  /// Reads the first bytes of a file.
  /// - Throws: ``ExportError`` when they are not all there.
  func read(_ file: UInt32, _ count: Int, into out: inout OutputBytes) throws(ExportError) {
    let opened = openat(descriptor, name(of: file), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard opened >= 0 else { throw failure(errno, "open a file", needed: 0) }
    defer { close(opened) }
    var left = count
    while left > 0 {
      var (code, got) = (Int32(0), 0)
      out.append(upTo: left) { room in
        got = Glibc.read(opened, room.baseAddress, room.count)
        code = errno
        return max(got, 0)
      }
      if got < 0, code == EINTR { continue }
      guard got > 0 else { throw failure(got < 0 ? code : EIO, "read a file back", needed: 0) }
      left -= got
    }
  }

  /// Removes a file that is of no use any more.
  func remove(_ file: UInt32) { unlinkat(descriptor, name(of: file), 0) }

  /// Removes every file that is still here. Nobody may write to one meanwhile.
  func removeAll() {
    for file in 0..<files.load(ordering: .relaxed) { unlinkat(descriptor, name(of: file + 1), 0) }
  }

  private func failure(_ code: Int32, _ action: String, needed: Int) -> ExportError {
    var space: (Int, Int)?
    if code == ENOSPC || code == EDQUOT {
      var system = statvfs()
      if fstatvfs(descriptor, &system) == 0 {
        space = (needed, Int(system.f_bavail) * Int(system.f_frsize))
      }
    }
    return ExportError(
      .staging, errno: code, cannot: action, object: directory, in: directory, space: space)
  }
}
