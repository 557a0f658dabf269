import Glibc
import Synchronization

/// The time zones of the system: a directory of TZif files, one per IANA name.
///
/// Each question looks at the file again (one `stat`) and reads it again when the file is another than before, so
/// that an update of the system's zones reaches a running process. A ``Zone`` handed out earlier stays as
/// it is: ask again for the new one, and keep the old one if the answer is an error.
package final class ZoneDatabase: Sendable {
  package let directory: String
  private let cache = Mutex<[String: (identity: FileIdentity, zone: Zone)]>([:])

  package init(directory: String = "/usr/share/zoneinfo") { self.directory = directory }

  /// The zone of an IANA name, exactly as written there. `UTC` needs no file and never fails.
  ///
  /// Throws ``ZoneError``: for a name that is malformed, unknown, or leads out of the directory through a symbolic
  /// link; for a file that cannot be read, or that ``Zone/init(name:tzif:)`` refuses.
  package func zone(named name: String) throws(ZoneError) -> Zone {
    if name == Zone.utc.name { return .utc }
    guard ZoneDatabase.isWellFormed(name) else { throw ZoneError(zone: name, problem: .malformedName) }
    let path = "\(directory)/\(name)"
    if let identity = FileIdentity(path: path), let cached = cache.withLock({ $0[name] }),
      cached.identity == identity
    {
      return cached.zone
    }
    let (bytes, identity) = try read(path, name)
    let zone = try Zone(name: name, tzif: bytes)
    cache.withLock { $0[name] = (identity, zone) }
    return zone
  }

  /// The names of all zones, sorted. Empty when there is no database. `posix/` and `right/` repeat the whole
  /// database and are left out, and so are `localtime` and `posixrules`, which are settings of the machine.
  package func names() -> [String] {
    var names: Set<String> = [Zone.utc.name]
    var folders = [""]
    while let folder = folders.popLast() {
      for entry in ZoneDatabase.entries(of: "\(directory)/\(folder)") {
        let name = folder + entry
        guard ZoneDatabase.isWellFormed(name), !ZoneDatabase.notZones.contains(name) else { continue }
        switch FileIdentity(path: "\(directory)/\(name)")?.kind {
        case .directory: folders.append(name + "/")
        case .regular where ZoneDatabase.isTZif("\(directory)/\(name)"): names.insert(name)
        default: continue
        }
      }
    }
    return names.sorted()
  }

  private static let notZones: Set<String> = ["posix", "right", "localtime", "posixrules"]

  /// The form of names in the tz database: parts of ASCII letters, digits, `.`, `_`, `+` and `-`, parted by
  /// `/`; none is `.` or `..` or begins with `-`.
  private static func isWellFormed(_ name: String) -> Bool {
    guard name.utf8.count <= 64 else { return false }
    return name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
      part in
      !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
        && part.first != UInt8(ascii: "-")
        && part.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
          default: false
          }
        }
    }
  }

  /// The whole file, and which file it was.
  private func read(_ path: String, _ name: String) throws(ZoneError) -> ([UInt8], FileIdentity) {
    let unknown = ZoneError(zone: name, problem: .unknown(directory: directory))
    guard let root = ZoneDatabase.resolved(directory) else {
      throw ZoneError(zone: name, problem: .databaseMissing(directory: directory))
    }
    guard let target = ZoneDatabase.resolved(path) else {
      throw errno == ENOENT || errno == ENOTDIR ? unknown : .unreadable(name, path)
    }
    guard target.hasPrefix(root + "/") else { throw unknown }
    let descriptor = open(target, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(name, path) }
    defer { close(descriptor) }
    guard let identity = FileIdentity(descriptor: descriptor), identity.kind == .regular else {
      throw unknown
    }
    guard identity.size <= ZoneDatabase.largestFile else {
      throw ZoneError(zone: name, problem: .damaged(reason: "larger than any zone"))
    }
    var bytes = [UInt8](repeating: 0, count: Int(identity.size))
    var length = 0
    while length < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress! + length, buffer.count - length)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .unreadable(name, path)
      }
      // Shorter than a moment ago: it is being written, and does not parse.
      guard count > 0 else { break }
      length += count
    }
    return (Array(bytes.prefix(length)), identity)
  }

  /// The largest zones of the tz database are about 4 KiB.
  private static let largestFile: Int64 = 1 << 20

  /// Free of symbolic links; nil, with `errno`, when there is nothing.
  private static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func entries(of folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var entries: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      entries.append(name)
    }
    return entries
  }

  private static func isTZif(_ path: String) -> Bool {
    guard let file = fopen(path, "re") else { return false }
    defer { fclose(file) }
    var magic = [UInt8](repeating: 0, count: 4)
    return fread(&magic, 1, 4, file) == 4 && magic == Array("TZif".utf8)
  }
}

/// Tells whether a path still leads to the same file with the same content.
private struct FileIdentity: Hashable {
  enum Kind { case regular, directory, other }

  let kind: Kind
  let size: Int64
  private let device: UInt64
  private let inode: UInt64
  /// Nanoseconds since the epoch.
  private let modified: Int
  private let changed: Int

  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      default: .other
      }
    size = Int64(status.st_size)
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    modified = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
    changed = status.st_ctim.tv_sec &* 1_000_000_000 &+ status.st_ctim.tv_nsec
  }
}

extension ZoneError {
  /// With the system's words for `errno`.
  fileprivate static func unreadable(_ zone: String, _ path: String) -> ZoneError {
    ZoneError(zone: zone, problem: .unreadable(path: path, reason: String(cString: strerror(errno))))
  }
}
