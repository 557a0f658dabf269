import Crypto
import ExportCore
import Glibc

/// What a recurring profile export remembers between two runs, of one database: object keys with their stamps, in the
/// order of the keys' bytes. Profiles are read in the same order, so that holding them against the memory of the run
/// before is a merge of two streams, in constant memory whatever their size.
///
/// A file is written whole, put in force by the commit of its run (which stores its name and SHA-256), and never
/// changed. An entry is the key's length (4 bytes, little-endian), its bytes, and the stamp (16 bytes).
enum ProfileMemory {
  static let bufferBytes = 256 << 10

  /// The name of the file that an attempt writes.
  static func name(export: Int64, databaseId: String, run: Int64, attempt: Int) -> String {
    "\(export)-\(databaseId)-\(run)-\(attempt)"
  }

  /// Removes the files of an export, or of all, that no mark names. None of them is being written.
  static func removeUnused(in directory: String, export: Int64?, inUse: Set<String>) {
    guard let stream = opendir(directory) else { return }
    defer { closedir(stream) }
    let stem = export.map { "\($0)-" } ?? ""
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != "..", name.hasPrefix(stem), !inUse.contains(name) {
        unlink("\(directory)/\(name)")
      }
    }
  }
}

/// Writes a memory. What is left of one that is not finished is removed as unused.
final class ProfileMemoryWriter {
  private let directory: String
  private let name: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var digest = SHA256()

  /// - Parameter directory: made when it is not there.
  init(directory: String, name: String) throws(ExportError) {
    self.directory = directory
    self.name = name
    if mkdir(directory, 0o770) != 0, errno != EEXIST {
      throw ExportError(.state, errno: errno, cannot: "make the directory", object: directory, in: directory)
    }
    descriptor = open("\(directory)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o660)
    guard descriptor >= 0 else {
      throw ExportError(
        .state, errno: errno, cannot: "create a file", object: "\(directory)/\(name)", in: directory)
    }
    buffer.reserveCapacity(ProfileMemory.bufferBytes)
  }

  func append(_ key: UnsafeRawBufferPointer, _ stamp: ProfileStamp) throws(ExportError) {
    if buffer.count + key.count + 20 > ProfileMemory.bufferBytes { try flush() }
    withUnsafeBytes(of: UInt32(key.count).littleEndian) { buffer.append(contentsOf: $0) }
    buffer.append(contentsOf: key)
    stamp.withBytes { buffer.append(contentsOf: $0) }
  }

  private func flush() throws(ExportError) {
    var done = 0
    while done < buffer.count {
      let written = buffer.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, $0.count - done) }
      if written < 0 {
        if errno == EINTR { continue }
        throw ExportError(
          .state, errno: errno, cannot: "write", object: "\(directory)/\(name)", in: directory)
      }
      done += written
    }
    buffer.withUnsafeBytes { digest.update(bufferPointer: $0) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Makes the file durable.
  /// - Returns: its SHA-256, lower-case hexadecimal.
  func finish() throws(ExportError) -> String {
    try flush()
    let parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if parent >= 0 { close(parent) } }
    guard parent >= 0, fsync(descriptor) == 0, fsync(parent) == 0 else {
      throw ExportError(.state, errno: errno, cannot: "sync", object: "\(directory)/\(name)", in: directory)
    }
    return digest.finalize().hexadecimal
  }

  deinit { close(descriptor) }
}

/// Reads a memory entry by entry.
final class ProfileMemoryReader {
  private let path: String
  private let sha256: String
  private let descriptor: Int32
  private var buffer: [UInt8]
  private var position = 0
  private var filled = 0
  private var isAtEnd = false
  private var digest = SHA256()
  private var keyCount = 0

  /// Whether there is an entry at hand.
  private(set) var hasEntry = false
  private(set) var stamp = ProfileStamp.deleted
  /// Whether the entry is of a row without an object.
  var isNameless: Bool { keyCount == 0 }

  /// Stands at the first entry.
  /// - Throws: ``ExportError`` when the file is not there or cannot be read.
  init(directory: String, name: String, sha256: String) throws(ExportError) {
    path = "\(directory)/\(name)"
    self.sha256 = sha256
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw Self.damaged(path, "cannot be opened (\(String(cString: strerror(errno))))")
    }
    buffer = [UInt8](repeating: 0, count: ProfileMemory.bufferBytes)
    try advance()
  }

  /// The key at hand; valid until the next one is.
  func withKey<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try buffer.withUnsafeBytes {
      try body(UnsafeRawBufferPointer(rebasing: $0[position..<position + keyCount]))
    }
  }

  /// How the key at hand compares with `key`, by bytes: negative when it is the smaller one.
  func compare(_ key: UnsafeRawBufferPointer) -> Int {
    withKey { mine in
      let common = memcmp(mine.baseAddress!, key.baseAddress ?? mine.baseAddress!, min(mine.count, key.count))
      return common != 0 ? Int(common) : mine.count - key.count
    }
  }

  /// Goes on to the next entry.
  /// - Throws: ``ExportError`` when the file is not what was written: also behind its last entry, when its SHA-256 is
  ///   another one.
  func advance() throws(ExportError) {
    if hasEntry { position += keyCount + ProfileStamp.byteCount }
    hasEntry = false
    guard try has(4) else {
      guard filled == position, digest.finalize().hexadecimal == sha256 else {
        throw Self.damaged(path, "is not what was written")
      }
      return
    }
    let count = buffer.withUnsafeBytes {
      UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt32.self))
    }
    guard try has(4 + Int(count) + ProfileStamp.byteCount) else { throw Self.damaged(path, "is cut off") }
    position += 4
    keyCount = Int(count)
    stamp = buffer.withUnsafeBytes { ProfileStamp(bytes: $0.baseAddress! + position + keyCount) }
    hasEntry = true
  }

  /// Whether `count` more bytes are there; they then lie in the buffer.
  private func has(_ count: Int) throws(ExportError) -> Bool {
    if filled - position >= count { return true }
    buffer.withUnsafeMutableBytes { bytes in
      bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[position..<filled]))
    }
    filled -= position
    position = 0
    if buffer.count < count { buffer.append(contentsOf: repeatElement(0, count: count - buffer.count)) }
    while filled < count, !isAtEnd {
      let read = buffer.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress! + filled, $0.count - filled)
      }
      if read < 0 {
        if errno == EINTR { continue }
        throw ExportError(.state, errno: errno, cannot: "read", object: path, in: path)
      }
      isAtEnd = read == 0
      let fresh = filled..<filled + read
      buffer.withUnsafeBytes { digest.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[fresh])) }
      filled += read
    }
    return filled >= count
  }

  private static func damaged(_ path: String, _ problem: String) -> ExportError {
    ExportError(
      .state, .lasting, object: path,
      problem: "\(problem); it remembers which profiles were sent",
      hint: "restore it from a backup, or have all profiles sent again: `exportd run NAME --rebase`")
  }

  deinit { close(descriptor) }
}
