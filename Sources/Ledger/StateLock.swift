package import ExportCore
import Glibc

/// The lock of a state directory: at most one process acts on it at a time. The kernel lets go of it when
/// the process ends, however that happens.
package struct StateLock: ~Copyable {
  private let descriptor: Int32

  /// Who holds the lock: what a refused process says.
  package struct Holder: Hashable, Sendable {
    package var pid: Int32
  }

  /// Outcome of asking for the lock.
  package enum Attempt: ~Copyable {
    case taken(StateLock)
    case held(Holder)
  }

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// Asks for the lock without waiting.
  /// - Throws: ``ExportError`` when the lock file cannot be made or opened.
  package static func attempt(stateDirectory: String) throws(ExportError) -> Attempt {
    let path = stateDirectory + "/exportd.lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o660)
    guard descriptor >= 0 else { throw Self.cannotOpen(path, errno) }
    // A lock of the open file description (F_OFD_SETLK): unlike a process's, it does not vanish when some other
    // part of the process closes the same file, and it can be asked about without being taken.
    var wanted = Self.wholeFile
    guard fcntl(descriptor, Self.setLock, &wanted) == 0 else {
      let holder = Self.readHolder(descriptor)
      close(descriptor)
      return .held(holder)
    }
    let text = "\(getpid())\n"
    ftruncate(descriptor, 0)
    _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    return .taken(StateLock(descriptor: descriptor))
  }

  /// Who holds the lock now, without taking it; nil when nobody does.
  package static func holder(stateDirectory: String) -> Holder? {
    let descriptor = open(stateDirectory + "/exportd.lock", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var found = wholeFile
    guard fcntl(descriptor, getLock, &found) == 0, found.l_type != Int16(F_UNLCK) else { return nil }
    return readHolder(descriptor)
  }

  // fcntl(2) hides these two behind _GNU_SOURCE, which the Glibc module does not define.
  private static let getLock: Int32 = 36
  private static let setLock: Int32 = 37

  private static var wholeFile: flock {
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    return lock
  }

  private static func readHolder(_ descriptor: Int32) -> Holder {
    var buffer = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    let digits = buffer.prefix(max(count, 0)).prefix { $0 >= 0x30 && $0 <= 0x39 }
    return Holder(pid: Int32(String(decoding: digits, as: UTF8.self)) ?? 0)
  }

  private static func cannotOpen(_ path: String, _ code: Int32) -> ExportError {
    ExportError(
      .state, .lasting, object: path, problem: "cannot be opened (\(String(cString: strerror(code))))",
      hint: code == EACCES
        ? "members of the group exportd may: `usermod -aG exportd USER`, then log in again" : nil)
  }

  deinit { close(descriptor) }
}
