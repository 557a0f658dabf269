/// Whether the runs of a profile export delivered what they owe, once each.
///
/// A run holds a database as it was at one moment, and which one that was cannot be told from outside. But it lies between
/// the completion of the run before it and the appearance of its first file, so all are tried: each together with what the
/// runs before it may have left.
struct ProfilesJudge {
  let testimony: Testimony
  let export: Testimony.Export
  let rules: [Rule]
  /// Complete runs of the export, in the order in which they became complete.
  let runs: [CompleteProfileRun]
  private(set) var violations: [Violation] = []

  init(_ testimony: Testimony, _ export: Testimony.Export, _ rules: [Rule], _ runs: [CompleteProfileRun]) {
    self.testimony = testimony
    self.export = export
    self.rules = rules
    self.runs = runs
  }

  mutating func judge() {
    let ids = testimony.databases[rules[0].source] ?? []
    for run in runs {
      for id in run.records.keys where !ids.contains(id) {
        violations.append(Violation("nothing is invented", "\(name(run)) has files of database \(id)"))
      }
    }
    for id in ids { judge(id) }
  }

  private mutating func judge(_ databaseId: String) {
    let history = ProfileHistory(testimony.profileStates.filter { $0.databaseId == databaseId })
    var pasts: Set<ProfilePast> = [ProfilePast()]
    for (index, run) in runs.enumerated() {
      let begin = index == 0 ? export.seenAt : runs[index - 1].moment
      let end = run.sentAt[databaseId] ?? run.moment
      let rule = rules[run.revision - 1]
      let delivered = run.records[databaseId] ?? []
      if mayHaveForgotten(index) { pasts.insert(ProfilePast()) }
      var next: Set<ProfilePast> = []
      var nearest: (problems: [String], past: ProfilePast)?
      for view in history.views(from: begin, to: end) {
        for past in pasts {
          let owed = past.owed(view, rule)
          let problems = owed.problems(with: delivered)
          let left = past.after(view, rule)
          if problems.isEmpty { next.insert(left) }
          if nearest.map({ problems.count < $0.problems.count }) ?? true { nearest = (problems, left) }
        }
      }
      if next.isEmpty, let nearest {
        violations.append(
          Violation(
            "profiles of \(rule.profiles!.rawValue) runs",
            "\(name(run)), database \(databaseId): \(nearest.problems.joined(separator: "; "))"))
        next = [nearest.past]
      }
      pasts = next
    }
  }

  /// A rebase has the next run send all; one that was under way then may still be as it would have been.
  private func mayHaveForgotten(_ index: Int) -> Bool {
    testimony.deeds.contains { deed in
      deed.kind == .rebase && deed.export == export.id && deed.moment < runs[index].moment
        && (index < 2 || runs[index - 2].moment < deed.moment)
    }
  }

  private func name(_ run: CompleteProfileRun) -> String {
    "\(export.name) (\(export.id)), run \(run.runTimestamp)"
  }
}

/// All states of the profiles of one database, ascending by their moments.
struct ProfileHistory {
  private let states: [Testimony.ProfileState]

  init(_ states: [Testimony.ProfileState]) { self.states = states }

  /// Every state of the whole database within two moments, each a profile by its objectId; those that are gone are not
  /// in it.
  func views(from begin: Int, to end: Int) -> [[String: Testimony.ProfileState]] {
    var view: [String: Testimony.ProfileState] = [:]
    var index = 0
    func take(through moment: Int) {
      while index < states.count, states[index].moment <= moment {
        view[states[index].objectId] = states[index].content == nil ? nil : states[index]
        index += 1
      }
    }
    take(through: begin)
    var views = [view]
    while index < states.count, states[index].moment < end {
      take(through: states[index].moment)
      views.append(view)
    }
    return views
  }
}
