import Glibc

/// What is to be added to the unit so that the service reaches what it must.
struct DropIn: Hashable {
  private var groups: [String] = []
  /// A directory of these that is still to be made has its command among the steps.
  private var writable: [String] = []
  private var bound: [String] = []
  private var boundReadOnly: [String] = []
  private var showsHomes = false

  static let path = "/etc/systemd/system/\(ServiceUnit.name).d/access.conf"

  var isEmpty: Bool { self == DropIn() }

  /// Takes up what would remove an obstacle.
  /// - Returns: whether that is anything new.
  mutating func add(for obstacle: ServiceNeed.Obstacle, of unit: ServiceUnit) -> Bool {
    let before = self
    let need = obstacle.need
    let outside = ServiceNeed.inode(of: obstacle.place)
    if outside != nil, outside != obstacle.inode {
      show(need, unit)
    } else if let made = need.made, obstacle.place == need.path {
      Self.insert(made, &writable)
    } else {
      if obstacle.isReadOnly, obstacle.place == need.path, need.writes { Self.insert(need.path, &writable) }
      if obstacle.code == EACCES, let group = obstacle.group, !unit.isMember(of: group) {
        Self.insert(group, &groups)
      }
    }
    return self != before
  }

  /// What the sandbox hides.
  private mutating func show(_ need: ServiceNeed, _ unit: ServiceUnit) {
    let isHome = ["/home", "/root", "/run/user"].contains { need.path == $0 || need.path.hasPrefix("\($0)/") }
    if isHome, unit.hidesHomes { showsHomes = true }
    if need.writes {
      Self.insert(need.made ?? need.path, &bound)
    } else {
      Self.insert(need.path, &boundReadOnly)
    }
  }

  private static func insert(_ word: String, _ list: inout [String]) {
    if !list.contains(word) { list.append(word) }
  }

  // MARK: Settings

  private var settings: [(key: String, value: String)] {
    var settings: [(key: String, value: String)] = []
    if !groups.isEmpty { settings.append(("SupplementaryGroups", groups.joined(separator: " "))) }
    if showsHomes { settings.append(("ProtectHome", "tmpfs")) }
    settings += writable.map { ("ReadWritePaths", Self.quoted($0)) }
    settings += bound.map { ("BindPaths", Self.quoted($0)) }
    // A directory that is bound brings what lies in it.
    settings += boundReadOnly.filter { path in !bound.contains { path.hasPrefix("\($0)/") } }
      .map { ("BindReadOnlyPaths", Self.quoted($0)) }
    return settings
  }

  /// The same for a trial, in which a directory that is still to be made may be missing.
  var trial: [(key: String, value: String)] {
    settings.map { key, value in
      key == "ReadWritePaths" || key == "BindPaths" ? (key, "-\(value)") : (key, value)
    }
  }

  /// The file, ready to copy.
  var text: String {
    (["[Service]"] + settings.map { "\($0.key)=\($0.value)" }).joined(separator: "\n") + "\n"
  }

  /// White space parts words in a unit, a colon the two ends of a bind, and a percent sign begins a specifier.
  private static func quoted(_ path: String) -> String {
    let escaped = path.replacing("\\", with: "\\\\").replacing("%", with: "%%").replacing(":", with: "\\:")
    return escaped.contains { $0 == " " || $0 == "\t" || $0 == "\"" || $0 == "'" }
      ? "\"\(escaped.replacing("\"", with: "\\\""))\"" : escaped
  }
}
