/// Judges a history by what SPEC promises, from what happened and what was delivered alone.
package enum Oracle {
  /// Every rule that was broken; empty when all is well.
  package static func judge(_ testimony: Testimony) -> [Violation] {
    let delivered = Delivered(testimony)
    var violations = delivered.violations
    violations += testimony.strayWatermarks.map {
      Violation("a watermark moves with a committed manifest", $0)
    }
    violations += testimony.staged.map { Violation("nothing stray lies in the staging directory", $0) }
    if !testimony.cameToRest {
      violations.append(Violation("everything due gets done", "the engine does not come to rest"))
    }
    for export in testimony.exports {
      let runs = testimony.runs.filter { $0.export == export.id }
      let horizon = max(testimony.highWater, testimony.end) + 2 * 86400
      var rules: [Rule] = []
      for revision in export.revisions {
        rules.append(Rule(revision, first: rules.first, createdAt: export.createdAt, horizon: horizon))
      }
      guard rules[0].profiles == nil else {
        violations += profiles(of: export, rules, runs, delivered, testimony)
        violations += stops(of: export, testimony)
        continue
      }
      let tiling = Tiling(rules, runs, export, end: testimony.end, highWater: testimony.highWater)
      violations += [tiling.violation].compactMap { $0 }
      violations += endings(of: runs, export, testimony)
      let complete = delivered.runs.filter { $0.export == export.id }
      violations += completeness(of: complete, runs, export)
      violations += punctuality(of: complete, export, rules)
      violations += resumption(of: export, testimony)
      violations += stops(of: export, testimony)
      guard tiling.edits.count == rules.count - 1 else { continue }
      var judge = EventsJudge(testimony, export, rules, Selection.ofRevisions(rules, tiling.edits), complete)
      judge.judge()
      violations += judge.violations
    }
    violations += Exclusivity(testimony).violations
    return violations
  }

  private static func profiles(
    of export: Testimony.Export, _ rules: [Rule], _ runs: [Testimony.Run], _ delivered: Delivered,
    _ testimony: Testimony
  ) -> [Violation] {
    let complete = delivered.profileRuns.filter { $0.export == export.id }
    let windows = ProfileRuns(testimony, export, rules, runs, complete)
    guard complete.allSatisfy({ rules.indices.contains($0.revision - 1) }) else { return windows.violations }
    var judge = ProfilesJudge(testimony, export, rules, complete)
    judge.judge()
    return windows.violations + judge.violations
  }

  /// How long after the last fault a run may still give up: until its next attempt has come, in seconds.
  private static let patienceAtRest: Int64 = 2 * 3600

  /// Every window that is due ends, with a reason when it does not end well.
  private static func endings(
    of runs: [Testimony.Run], _ export: Testimony.Export, _ testimony: Testimony
  ) -> [Violation] {
    runs.compactMap { run in
      let what =
        "\(export.name) (\(export.id)), window \(run.from ?? run.to)..\(run.to), is \(run.state) (\(run.reason ?? "no reason"))"
      switch run.state {
      case "DONE": return nil
      case "STOPPED" where !export.isStopped && !export.isDeleted:
        return Violation("everything due gets done", "\(what), and the export goes on")
      case "FAILED" where run.finishedAt ?? 0 > testimony.faultsEnd + patienceAtRest:
        return Violation("everything due gets done", "\(what), long after all faults")
      case "FAILED", "STOPPED", "SKIPPED":
        return run.reason == nil ? Violation("what ends badly has a reason", what) : nil
      default:
        return run.scheduledAt <= testimony.end ? Violation("everything due gets done", what) : nil
      }
    }
  }

  /// A manifest lies at the destination for every run that is DONE, and for no other.
  private static func completeness(
    of complete: [CompleteRun], _ runs: [Testimony.Run], _ export: Testimony.Export
  ) -> [Violation] {
    var violations: [Violation] = []
    let name = "\(export.name) (\(export.id))"
    for run in runs where run.state == "DONE" {
      let found = complete.filter {
        $0.runTimestamp == run.runTimestamp && $0.from == run.from && $0.to == run.to
      }
      if found.count != 1 {
        violations.append(
          Violation("DONE has a manifest", "\(name): window to \(run.to) has \(found.count)"))
      }
    }
    for run in complete {
      if !runs.contains(where: { $0.state == "DONE" && $0.runTimestamp == run.runTimestamp }) {
        violations.append(Violation("a manifest means DONE", "\(name): run \(run.runTimestamp)"))
      }
      if run.revision < 1 || run.revision > export.revisions.count {
        violations.append(Violation("a manifest names its revision", "\(name): run \(run.runTimestamp)"))
      }
    }
    let windows = complete.map(\.from)
    if Set(windows).count != windows.count {
      violations.append(Violation("each window once", "\(name) has two complete runs of one window"))
    }
    return violations
  }

  /// Nothing is sent of a window that is not over, or whose delay is not.
  private static func punctuality(
    of complete: [CompleteRun], _ export: Testimony.Export, _ rules: [Rule]
  ) -> [Violation] {
    let delay = rules.map(\.delay).min()!
    return complete.filter { $0.begunBy < $0.to + delay }.map { run in
      Violation(
        "a window is over before it is sent",
        "\(export.name) (\(export.id)): run \(run.runTimestamp), due at \(run.to + delay), by \(run.begunBy)")
    }
  }

  /// A run goes on behind what is written down as delivered, unless somebody asks something of the export meanwhile.
  private static func resumption(of export: Testimony.Export, _ testimony: Testimony) -> [Violation] {
    guard export.revisions.count == 1 else { return [] }
    return testimony.recorded.filter { $0.export == export.id }.compactMap { recorded in
      let next = testimony.deposits.first { $0.name == recorded.name && $0.moment > recorded.moment }
      let asked = testimony.deeds.first { $0.export == export.id && $0.moment > recorded.moment }
      guard let next, next.bytes != nil, next.moment < asked?.moment ?? .max else { return nil }
      return Violation("what is recorded as delivered is not sent again", next.name)
    }
  }

  /// How long after `stop` a new name may still appear, in milliseconds.
  private static let patience: Int64 = 2000

  /// Two seconds after a stop no new name of the export appears, save manifests, until it is started again.
  private static func stops(of export: Testimony.Export, _ testimony: Testimony) -> [Violation] {
    let deeds = testimony.deeds.filter { $0.export == export.id }
    return deeds.enumerated().compactMap { index, stop in
      guard stop.kind == .stop || stop.kind == .delete else { return nil }
      let until =
        deeds[(index + 1)...].first { $0.kind.reopens }?.moment
        ?? .max
      let late = testimony.deposits.first { deposit in
        deposit.bytes != nil && deposit.moment > stop.moment && deposit.moment < until
          && deposit.elapsed > stop.elapsed + patience && deposit.isOf(export)
          && !deposit.name.hasSuffix("-manifest.json")
      }
      return late.map {
        Violation(
          "a stop ends a run within two seconds",
          "\($0.name) appeared \($0.elapsed - stop.elapsed) ms after it")
      }
    }
  }
}
