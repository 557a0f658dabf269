import ExportConfig
import ExportCore
import Glibc

/// A path of the configuration, and what the service does there.
struct ServiceNeed: Hashable, Codable {
  enum Use: String, Hashable, Codable {
    /// A file.
    case read
    /// A directory and the names in it.
    case list
    /// Makes files in a directory.
    case write
    /// The same where another program must be able to write these files too.
    case share
    /// A program.
    case execute
  }

  var path: String
  var use: Use
  /// Whose path it is: `source main, database 0`.
  var subject: String
  /// With ``Use/share``: the database beside which files are made.
  var database: String?
  /// With ``Use/write``: what does not exist yet and will be made in `path`.
  var made: String?

  init(_ path: String, _ use: Use, _ subject: String) {
    self.path = path
    self.use = use
    self.subject = subject
  }

  /// What stands in the way of a need, as the service meets it.
  struct Obstacle: Hashable, Codable {
    var need: ServiceNeed
    /// The path itself, or a directory on the way to it.
    var place: String
    /// `errno`.
    var code: Int32
    /// What the service finds at `place`; nil when it finds nothing. Another inode than everybody else's is a mount of the
    /// sandbox.
    var inode: UInt64?
    /// Whether nobody may write there, whatever the permissions say: that comes to light only behind them.
    var isReadOnly: Bool
  }

  var writes: Bool { use == .write || use == .share }

  /// What it takes of the path itself.
  fileprivate var mode: Int32 {
    switch use {
    case .read: R_OK
    case .list: R_OK | X_OK
    case .write, .share: W_OK | X_OK
    case .execute: X_OK
    }
  }

  /// By the identity that this process has now.
  func obstacle() -> Obstacle? {
    for directory in Self.directories(above: path) {
      if let obstacle = obstacle(at: directory, X_OK) { return obstacle }
    }
    return obstacle(at: path, mode)
  }

  private func obstacle(at place: String, _ mode: Int32) -> Obstacle? {
    guard faccessat(AT_FDCWD, place, mode, AT_EACCESS) != 0 else { return nil }
    let code = errno
    var system = statvfs()
    let isReadOnly = statvfs(place, &system) == 0 && system.f_flag & UInt(ST_RDONLY) != 0
    return Obstacle(
      need: self, place: place, code: code, inode: Self.inode(of: place), isReadOnly: isReadOnly)
  }

  static func inode(of path: String) -> UInt64? {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
  }

  /// Whose members may be more than others; nil for root's, of which nobody is made a member.
  static func group(of path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_gid != 0, let entry = getgrgid(status.st_gid) else {
      return nil
    }
    return String(cString: entry.pointee.gr_name)
  }

  /// `/`, `/srv`, `/srv/app` for `/srv/app/app.db`.
  private static func directories(above path: String) -> [String] {
    path.indices.filter { path[$0] == "/" }.map { $0 == path.startIndex ? "/" : String(path[..<$0]) }
  }
}

extension ServiceNeed.Obstacle {
  /// Whether it is a directory in which two programs lay files for each other.
  var isShared: Bool { need.use == .share && place == need.path }

  /// The group whose members may pass, or should: of a shared directory the database's.
  var group: String? { isShared ? need.database.flatMap(ServiceNeed.group) : ServiceNeed.group(of: place) }

  /// The permissions that are missing at the place, as chmod writes them.
  var letters: String {
    let mode = place == need.path ? need.mode : X_OK
    return (mode & R_OK != 0 ? "r" : "") + (mode & W_OK != 0 ? "w" : "") + (mode & X_OK != 0 ? "x" : "")
  }
}

// MARK: Needs of a configuration

extension LoadedConfiguration {
  /// Every path that is written in the configuration, as far as it could be read.
  /// - Parameter configuration: what was made of it.
  func needs(of configuration: Configuration) -> [ServiceNeed] {
    var needs = [
      ServiceNeed(file, .read, "the configuration"),
      ServiceNeed.making(configuration.stateDirectory, "stateDirectory"),
    ]
    if access(folder, F_OK) == 0 { needs.append(ServiceNeed(folder, .list, "the definitions")) }
    needs += definitions.map { ServiceNeed($0.file, .read, "definition \($0.name)") }
    for (name, source) in configuration.sources.sorted(by: { $0.key < $1.key }) {
      needs += ServiceNeed.reading(source, "source \(name)")
    }
    for (name, destination) in configuration.destinations.sorted(by: { $0.key < $1.key }) {
      needs += ServiceNeed.delivering(to: destination, "destination \(name)")
    }
    if let program = configuration.onFailure?.command?.first {
      needs.append(ServiceNeed(program, .execute, "onFailure.command"))
    }
    if case .file(let path) = configuration.onFailure?.webhook {
      needs.append(ServiceNeed(path, .read, "onFailure.webhook"))
    }
    return needs
  }
}

extension ServiceNeed {
  fileprivate static func reading(_ source: SourceConfiguration, _ subject: String) -> [ServiceNeed] {
    switch source {
    case .sqlite(let sqlite):
      sqlite.databases.flatMap { database -> [ServiceNeed] in
        let subject = "\(subject), database \(database.id)"
        var needs = [ServiceNeed(database.path, .read, subject)]
        guard isWAL(database.path) else { return needs }
        // Whoever reads a database in WAL mode when nobody else has it open makes both of them.
        needs += ["-wal", "-shm"].map { database.path + $0 }.filter { access($0, F_OK) == 0 }
          .map { ServiceNeed($0, .read, subject) }
        var shared = ServiceNeed(parent(of: database.path), .share, "\(subject) in WAL mode")
        shared.database = database.path
        return needs + [shared]
      }
    }
  }

  fileprivate static func delivering(
    to destination: DestinationConfiguration, _ subject: String
  ) -> [ServiceNeed] {
    switch destination {
    case .directory(let directory): [making(directory.path, subject)]
    case .s3(let s3): reading(destination, s3.cloud, subject)
    case .gcs(let gcs): reading(destination, gcs.cloud, subject)
    case .azure(let azure): reading(destination, azure.cloud, subject)
    }
  }

  private static func reading(
    _ destination: DestinationConfiguration, _ cloud: CloudOptions, _ subject: String
  ) -> [ServiceNeed] {
    (destination.secretFiles + [cloud.caFile].compactMap(\.self)).map { ServiceNeed($0, .read, subject) }
  }

  /// A directory in which files are made, or which itself is made in the nearest one that exists.
  fileprivate static func making(_ path: String, _ subject: String) -> ServiceNeed {
    var existing = path
    while existing != "/", access(existing, F_OK) != 0 { existing = parent(of: existing) }
    var need = ServiceNeed(existing, .write, subject)
    if existing != path { need.made = path }
    return need
  }

  private static func parent(of path: String) -> String {
    let parent = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
    return parent.isEmpty ? "/" : String(parent)
  }

  /// Bytes 18 and 19 of the header are 2 in WAL mode (SQLite's file format, section 1.3.3).
  private static func isWAL(_ path: String) -> Bool {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    var versions = [UInt8](repeating: 0, count: 2)
    return pread(file, &versions, 2, 18) == 2 && versions.contains(2)
  }
}
