import Glibc

/// What a person does so that a user may read a file.
struct PermissionAdvice: Hashable {
  /// The file, or the first directory on the way to it that the user may not enter.
  var path: String
  var isDirectory: Bool
  var owner: String
  var group: String
  /// Permission bits.
  var mode: UInt32
  /// Who wants to read.
  var user: String
  var userIsInGroup: Bool

  var text: String {
    let bits = String(mode & 0o7777, radix: 8)
    let state = "\(owner):\(group), mode \(String(repeating: "0", count: max(0, 4 - bits.count)) + bits)"
    return "may not be \(isDirectory ? "entered" : "read") by the user \(user) (\(state)): "
      + steps.joined(separator: " && ")
  }

  private var steps: [String] {
    // Nobody is made a member of root's group for this.
    let reader = group == "root" ? "exportd" : group
    let mayRead = mode & (isDirectory ? 0o010 : 0o040) != 0
    let isReader = group == "root" ? user == reader : userIsInGroup
    var steps: [String] = []
    if reader != group { steps.append("chgrp \(reader) \(path)") }
    if !mayRead { steps.append("chmod g+\(isDirectory ? "x" : "r") \(path)") }
    if !isReader { steps.append("usermod -aG \(reader) \(user)") }
    // The bits allow it, and still the system refuses: an access list or a sandbox.
    return steps.isEmpty ? ["look for access control lists (getfacl) and the unit's sandbox"] : steps
  }
}

extension PermissionAdvice {
  /// For the user that this process runs as. Nil when nothing can be found out.
  init?(reading path: String) {
    var closed = path
    var isDirectory = false
    for end in path.indices where path[end] == "/" && end > path.startIndex {
      let directory = String(path[..<end])
      guard faccessat(AT_FDCWD, directory, X_OK, AT_EACCESS) != 0 else { continue }
      closed = directory
      isDirectory = true
      break
    }
    var status = stat()
    guard stat(closed, &status) == 0 else { return nil }
    self.init(
      path: closed, isDirectory: isDirectory || status.st_mode & S_IFMT == S_IFDIR,
      owner: Self.user(status.st_uid), group: Self.group(status.st_gid), mode: status.st_mode & 0o7777,
      user: Self.user(geteuid()), userIsInGroup: Self.isMember(status.st_gid))
  }

  private static func user(_ id: uid_t) -> String {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      getpwuid_r(id, &entry, buffer.baseAddress!, buffer.count, &found)
      return found.map { String(cString: $0.pointee.pw_name) } ?? "\(id)"
    }
  }

  private static func group(_ id: gid_t) -> String {
    var entry = Glibc.group()
    var found: UnsafeMutablePointer<Glibc.group>?
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65536) { buffer in
      getgrgid_r(id, &entry, buffer.baseAddress!, buffer.count, &found)
      return found.map { String(cString: $0.pointee.gr_name) } ?? "\(id)"
    }
  }

  private static func isMember(_ id: gid_t) -> Bool {
    var groups = [gid_t](repeating: 0, count: 65536)
    let count = getgroups(Int32(groups.count), &groups)
    return getegid() == id || groups.prefix(Int(max(0, count))).contains(id)
  }
}
