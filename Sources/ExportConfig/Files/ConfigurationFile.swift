import Glibc

/// A file of the configuration, read whole.
struct ConfigurationFile {
  /// No configuration is larger, in bytes; whatever is was named by mistake.
  static let largest = 4 << 20

  let bytes: [UInt8]
  /// Whether any user of the machine may read it.
  let isOpenToAll: Bool

  /// Why a file cannot be read, in a sentence for the person who must act.
  struct Refusal: Error {
    let message: String

    init(_ message: String) { self.message = message }
  }

  init(path: String) throws(Refusal) {
    // Not blocking: a FIFO would wait for somebody to write to it.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Refusal(opening: path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Refusal(opening: path, errno) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw Refusal("is a directory, not a file")
    default: throw Refusal("is not a regular file")
    }
    isOpenToAll = status.st_mode & 0o004 != 0
    // One byte more than allowed shows a file that is too large, also one that is growing.
    var bytes = [UInt8](repeating: 0, count: min(Int(status.st_size), Self.largest) + 1)
    var length = 0
    while length < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        read(descriptor, buffer.baseAddress! + length, buffer.count - length)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw Refusal("cannot be read: \(String(cString: strerror(errno)))")
      }
      if count == 0 { break }
      length += count
      if length == bytes.count, length <= Self.largest {
        bytes.append(contentsOf: repeatElement(0, count: min(length, Self.largest + 1 - length)))
      }
    }
    guard length <= Self.largest else {
      throw Refusal("is larger than 4 MiB, which no configuration is")
    }
    self.bytes = Array(bytes[..<length])
  }
}

extension ConfigurationFile.Refusal {
  /// - Parameter error: an `errno` that opening `path` ended with.
  init(opening path: String, _ error: Int32) {
    switch error {
    case ENOENT:
      var status = stat()
      self.init(
        lstat(path, &status) == 0 ? "is a symbolic link to a file that is not there" : "there is no such file"
      )
    case EACCES, EPERM: self.init(PermissionAdvice(reading: path)?.text ?? "permission denied")
    default: self.init("cannot be read: \(String(cString: strerror(error)))")
    }
  }
}

/// The entries of a directory by name.
struct DirectoryEntries {
  let names: [String]

  /// Throws what ``init(path:)`` would as it opens the directory, which is not read.
  static func tryOut(path: String) throws(ConfigurationFile.Refusal) {
    if let stream = try open(path) { closedir(stream) }
  }

  /// - Returns: nil when it is not there.
  private static func open(_ path: String) throws(ConfigurationFile.Refusal) -> OpaquePointer? {
    if let stream = opendir(path) { return stream }
    switch errno {
    case ENOENT: return nil
    case ENOTDIR: throw .init("is not a directory")
    case let error: throw .init(opening: path, error)
    }
  }

  /// - Throws: a refusal; a directory that is not there is an empty one.
  init(path: String) throws(ConfigurationFile.Refusal) {
    guard let stream = try Self.open(path) else {
      names = []
      return
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw .init("cannot be read: \(String(cString: strerror(errno)))") }
    self.names = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
