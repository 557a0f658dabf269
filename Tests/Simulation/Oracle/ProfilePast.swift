/// What the last run of an export left to the next one of what it had seen of a database.
struct ProfilePast: Hashable {
  private enum Mark: Hashable {
    /// By version, in milliseconds.
    case version(Int64)
    case content(Int)
    case deleted
  }

  /// Of that run; nil before the first one.
  private var kind: Rule.Profiles?
  private var marks: [String: Mark] = [:]

  init() {}

  /// What a run under `rule` owes that sees `view`.
  func owed(_ view: [String: Testimony.ProfileState], _ rule: Rule) -> OwedProfiles {
    var owed = OwedProfiles()
    // The first run of a mode begins with everyone who is alive.
    let isFirst = kind != rule.profiles
    for (id, profile) in view {
      switch rule.profiles! {
      case .now, .full, .changed, .compared:
        if isFirst || rule.profiles == .now {
          if profile.isAlive { owed.must[id] = profile }
          continue
        }
        if rule.profiles == .full {
          owed.must[id] = profile
        } else if marks[id] != mark(profile, rule) {
          if rule.profiles == .changed, !profile.isPunctual {
            owed.may[id] = profile
          } else if rule.profiles == .changed || profile.isAlive || isAliveBefore(id) {
            owed.must[id] = profile
          }
        }
      case .period:
        let seconds = profile.updatedAt >= 0 ? profile.updatedAt / 1000 : (profile.updatedAt - 999) / 1000
        if profile.isAlive, rule.only!.from <= seconds, seconds < rule.only!.to { owed.must[id] = profile }
      }
    }
    if rule.profiles == .compared, !isFirst {
      for id in marks.keys where view[id] == nil && isAliveBefore(id) { owed.gone.insert(id) }
    }
    return owed
  }

  func after(_ view: [String: Testimony.ProfileState], _ rule: Rule) -> ProfilePast {
    var past = ProfilePast()
    past.kind = rule.profiles
    if rule.profiles == .changed || rule.profiles == .compared {
      past.marks = view.mapValues { mark($0, rule) }
    }
    return past
  }

  private func mark(_ profile: Testimony.ProfileState, _ rule: Rule) -> Mark {
    if rule.profiles == .changed { return .version(profile.version!) }
    return profile.isAlive ? .content(profile.content!) : .deleted
  }

  private func isAliveBefore(_ id: String) -> Bool { marks[id].map { $0 != .deleted } ?? false }
}

/// What a run must, and what it may hold of a database.
struct OwedProfiles {
  var must: [String: Testimony.ProfileState] = [:]
  var may: [String: Testimony.ProfileState] = [:]
  /// Objects whose row is gone.
  var gone: Set<String> = []

  func problems(with delivered: [CompleteProfileRun.Record]) -> [String] {
    var problems: [String] = []
    var missing = Set(must.keys).union(gone)
    for record in delivered {
      missing.remove(record.objectId)
      if gone.contains(record.objectId) {
        if !record.isDeleted { problems.append("\(record.objectId) is gone, and shown as alive") }
      } else if let profile = must[record.objectId] ?? may[record.objectId] {
        if record.isDeleted != !profile.isAlive || (profile.isAlive && record.content != profile.content) {
          problems.append("\(record.objectId) is shown as \(record), and is \(profile)")
        }
      } else {
        problems.append("\(record.objectId) (content \(record.content ?? 0)) is not to be sent")
      }
    }
    problems += missing.sorted().map { "\($0) is missing (\(must[$0].map { "\($0)" } ?? "gone"))" }
    return problems
  }
}
