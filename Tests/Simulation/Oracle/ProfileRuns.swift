/// Whether the runs of a profile export were due when they should, and ended as they should. Their windows only say when
/// they are due: the first at the first boundary, the others at each later one, and those that were missed are one.
struct ProfileRuns {
  private let testimony: Testimony
  private let export: Testimony.Export
  private let rules: [Rule]
  /// Those that count, in the order of their boundaries.
  private let runs: [Testimony.Run]
  private let complete: [CompleteProfileRun]
  private(set) var violations: [Violation] = []

  init(
    _ testimony: Testimony, _ export: Testimony.Export, _ rules: [Rule], _ runs: [Testimony.Run],
    _ complete: [CompleteProfileRun]
  ) {
    self.testimony = testimony
    self.export = export
    self.rules = rules
    self.runs = runs.filter { !$0.isVoided }.sorted { ($0.to, $0.id) < ($1.to, $1.id) }
    self.complete = complete
    judgeEndings()
    judgeManifests()
    judgeBoundaries()
  }

  private var name: String { "\(export.name) (\(export.id))" }

  private mutating func complain(_ rule: String, _ detail: String) {
    violations.append(Violation(rule, "\(name): \(detail)"))
  }

  // MARK: Endings

  private mutating func judgeEndings() {
    for run in runs {
      let what = "the run due at \(run.to) is \(run.state) (\(run.reason ?? "no reason"))"
      switch run.state {
      case "DONE": continue
      case "STOPPED" where !export.isStopped && !export.isDeleted && run.id == runs.last!.id:
        complain("everything due gets done", "\(what), and the export goes on")
      case "FAILED", "STOPPED", "SKIPPED":
        if run.reason == nil { complain("what ends badly has a reason", what) }
      default:
        if run.scheduledAt <= testimony.end, !waitsForOthers {
          complain("everything due gets done", what)
        }
      }
    }
  }

  /// A one-time export waits for as long as a recurring one of its source is active.
  private var waitsForOthers: Bool {
    guard !rules[0].isRecurring, let last = testimony.glances.last else { return false }
    return last.standings.contains { standing in
      standing.isActive
        && testimony.exports.contains {
          $0.id == standing.export && $0.isRecurring && $0.source == export.source
        }
    }
  }

  private mutating func judgeManifests() {
    for run in runs where run.state == "DONE" {
      let count = complete.count { $0.runTimestamp == run.runTimestamp }
      if count != 1 { complain("DONE has a manifest", "the run due at \(run.to) has \(count)") }
    }
    for run in complete {
      if !runs.contains(where: { $0.state == "DONE" && $0.runTimestamp == run.runTimestamp }) {
        complain("a manifest means DONE", "run \(run.runTimestamp)")
      }
      if !rules.indices.contains(run.revision - 1) {
        complain("a manifest names its revision", "run \(run.runTimestamp)")
      }
    }
    var previous: Int64?
    for run in complete {
      let isPeriod = rules[0].profiles == .period
      let isRebased = testimony.deeds.contains { $0.kind == .rebase && $0.export == export.id }
      let from = isPeriod ? rules[0].only!.from : previous
      if run.from != from, !isRebased || run.from != nil {
        complain(
          "a cut follows the last success",
          "run \(run.runTimestamp) is from \(run.from ?? 0), not from \(from ?? 0)")
      }
      if run.to < run.from ?? run.to || run.to > testimony.highWater
        || isPeriod && run.to != rules[0].only!.to
      {
        complain("a cut is now", "run \(run.runTimestamp) is to \(run.to)")
      }
      if rules[0].isRecurring { previous = run.to }
    }
  }

  // MARK: Boundaries

  private mutating func judgeBoundaries() {
    guard rules[0].isRecurring else {
      if runs.count > 1 { complain("once", "it has \(runs.count) runs") }
      if runs.isEmpty, !export.isStopped, !export.isDeleted, rules[0].only!.to <= testimony.end {
        complain("what is due gets planned", "it has no run")
      }
      return
    }
    if Set(runs.map(\.to)).count != runs.count { complain("each boundary once", "\(runs.map(\.to))") }
    // By run, which revisions may have been in force when it had been claimed.
    var revisions: Set<Int> = [0]
    var planned: Int64?
    for (index, run) in runs.enumerated() {
      var next: Set<Int> = []
      for revision in rules.indices where revision >= revisions.min()! {
        guard mayEdit(through: revision, from: revisions, planned, index) else { break }
        if isBoundary(run.to, of: rules[revision], behind: planned) { next.insert(revision) }
      }
      guard !next.isEmpty else {
        return complain(
          "runs are due at boundaries", "behind \(planned ?? 0) comes one that is due at \(run.to)")
      }
      judgeMerging(index)
      revisions = next
      planned = run.to
    }
    let isOpen = runs.contains { $0.state == "PENDING" || $0.state == "RUNNING" }
    if !export.isStopped, !export.isDeleted, !isOpen, let next = boundary(of: rules.last!, behind: planned),
      next + rules.last!.delay <= testimony.end
    {
      complain("what is due gets planned", "\(next) was due and is not planned")
    }
  }

  /// Whether all edits up to `revision` may have come before the run at `index` was claimed: what is due by an old rule is
  /// planned before an edit, unless a run is open that it becomes part of.
  private func mayEdit(through revision: Int, from: Set<Int>, _ planned: Int64?, _ index: Int) -> Bool {
    from.contains { start in
      guard start <= revision else { return false }
      return (start..<revision).allSatisfy { old in
        let edit = rules[old + 1].revision
        guard !edit.wasStopped, let next = boundary(of: rules[old], behind: planned) else { return true }
        return next + rules[old].delay > edit.acceptedAt || wasOpen(at: edit.acceptedAt, before: index)
      }
    }
  }

  private func wasOpen(at instant: Int64, before index: Int) -> Bool {
    runs[..<index].contains { $0.finishedAt.map { $0 >= instant - Self.longestSetBack } ?? true }
  }

  private func isBoundary(_ to: Int64, of rule: Rule, behind planned: Int64?) -> Bool {
    var place = planned
    while let next = boundary(of: rule, behind: place), next <= to {
      if next == to { return true }
      place = next
    }
    return false
  }

  private func boundary(of rule: Rule, behind planned: Int64?) -> Int64? {
    planned == nil ? rule.boundaries.first : rule.next(planned)?.to
  }

  /// In seconds: no history sets the clock back further, all in all.
  private static let longestSetBack: Int64 = 3 * 3600

  /// A run is claimed once the one before it has ended; what was due by then is part of it.
  private mutating func judgeMerging(_ index: Int) {
    guard index > 0, runs[index - 1].state == "DONE", let ended = runs[index - 1].finishedAt else { return }
    let following = rules.compactMap { rule in
      boundary(of: rule, behind: runs[index].to).map { $0 + rule.delay }
    }
    guard following.count == rules.count, following.max()! <= ended - Self.longestSetBack else { return }
    complain(
      "missed windows of profiles are one",
      "the run due at \(runs[index].to) came after \(ended), when later ones were due as well")
  }
}
