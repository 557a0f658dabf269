/// The members of an object, asked for by name. What was never asked for is a mistake of its author, and
/// comes to light by itself when the object has been read.
final class Fields {
  /// The object itself.
  let whole: Field
  private let members: [JSONNode.Member]
  /// Names asked for, in that order: what is allowed here.
  private var allowed: [String] = []
  /// What should be there and is not; of several names in one entry, any would do.
  private var missing: [[String]] = []
  /// Names that ``refuse(_:_:)`` has reported.
  private var spokenOf: Set<String> = []
  private var restIsLeft = false

  init(of whole: Field, _ members: [JSONNode.Member]) {
    self.whole = whole
    self.members = members
  }

  /// Whether the key is there. Does not make it an allowed one.
  func has(_ name: String) -> Bool { member(name) != nil }

  /// The value of a key that must be there.
  func required<Value>(_ name: String, _ read: (Field) -> Value?) -> Value? {
    guard let field = field(name) else {
      miss(name)
      return nil
    }
    return read(field)
  }

  /// Says that one of these keys should be there.
  func miss(_ names: String...) { miss(names) }

  func miss(_ names: [String]) { missing.append(names) }

  /// The value of a key; nil also when it is left out.
  func optional<Value>(_ name: String, _ read: (Field) -> Value?) -> Value? {
    field(name).flatMap(read)
  }

  /// The value of a key that has a default, which also stands in for a wrong value once that is reported.
  func optional<Value>(_ name: String, default standard: Value, _ read: (Field) -> Value?) -> Value {
    optional(name, read) ?? standard
  }

  /// Reports a key that is known, but does not belong here.
  func refuse(_ name: String, _ message: String) {
    guard let member = member(name) else { return }
    spokenOf.insert(name)
    whole.report.add(at: member.nameOffset, whole.path.appending(name), message)
  }

  /// A warning at a key that is there.
  func warn(_ name: String, _ message: String) {
    guard let member = member(name) else { return }
    whole.report.add(.warning, at: member.nameOffset, whole.path.appending(name), message)
  }

  /// Leaves the other keys alone: the one that decides what they mean is missing or wrong.
  func leaveRest() { restIsLeft = true }

  /// Reports the keys that nobody asked for, and those that should be there and are not. A missing key that is
  /// surely there under a mistyped name is spoken of once.
  func reportKeys() {
    let free = allowed.filter { !has($0) }
    for member in members where !allowed.contains(member.name) && !spokenOf.contains(member.name) {
      let meant = Nearest.to(member.name, in: free)
      if restIsLeft, meant == nil { continue }
      if let meant { missing.removeAll { $0.contains(meant) } }
      whole.report.add(
        at: member.nameOffset, whole.path.appending(member.name),
        unknown(
          "key", member.name, nearest: meant ?? Nearest.to(member.name, in: allowed),
          allowed: allowed.map(\.quoted)))
    }
    for names in missing {
      whole.fail("the key \(names.map(\.quoted).joined(separator: " or ")) is missing")
    }
  }

  private func member(_ name: String) -> JSONNode.Member? { members.first { $0.name == name } }

  private func field(_ name: String) -> Field? {
    if !allowed.contains(name) { allowed.append(name) }
    return member(name).map {
      Field(
        node: $0.node, path: whole.path.appending(name), report: whole.report, isSecret: whole.isSecret)
    }
  }
}
