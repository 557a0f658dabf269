/// Whether one-time profile exports and recurring ones of their source took turns at every instant, and whether those that
/// were stopped for one came back.
struct Exclusivity {
  private let testimony: Testimony
  private let exports: [Int64: Testimony.Export]
  private(set) var violations: [Violation] = []

  init(_ testimony: Testimony) {
    self.testimony = testimony
    exports = Dictionary(
      uniqueKeysWithValues: (testimony.exports + testimony.prunedExports).map { ($0.id, $0) })
    guard !testimony.glances.isEmpty else { return }
    for glance in testimony.glances { judge(glance) }
    judgeEffects()
    for export in testimony.exports where export.isOfProfiles && export.isRecurring {
      judgeReturn(of: export)
    }
  }

  private typealias Standing = Testimony.Glance.Standing

  private func standings(
    _ glance: Testimony.Glance, source: String, recurring: Bool
  ) -> [Standing] {
    glance.standings.filter {
      exports[$0.export]?.source == source && exports[$0.export]?.isRecurring == recurring
    }
  }

  private mutating func judge(_ glance: Testimony.Glance) {
    for source in testimony.databases.keys.sorted() {
      let recurring = standings(glance, source: source, recurring: true)
      for once in standings(glance, source: source, recurring: false) where once.isAdmitted || once.isInFlight
      {
        if let active = recurring.first(where: \.isActive) {
          complain("one-time and recurring profile exports take turns", once, active, glance, "is active")
        }
        if once.isInFlight, let flight = recurring.first(where: \.isInFlight) {
          complain(
            "a one-time run waits for the end of recurring ones", once, flight, glance, "has a run under way")
        }
        if once.isInFlight, !once.isAdmitted {
          complain("a one-time run is admitted before it begins", once, once, glance, "is not")
        }
      }
    }
  }

  private mutating func complain(
    _ rule: String, _ once: Standing, _ other: Standing, _ glance: Testimony.Glance, _ what: String
  ) {
    violations.append(
      Violation(
        rule,
        "\(exports[once.export]!.name) runs at \(glance.moment), and \(exports[other.export]!.name) \(what)"))
  }

  // MARK: Reading and sending

  /// Nobody reads or sends for one side while it is the other's turn.
  private mutating func judgeEffects() {
    for reading in testimony.readings {
      guard !reading.exports.isEmpty else {
        violations.append(Violation("who reads runs", "database \(reading.databaseId) at \(reading.moment)"))
        continue
      }
      let trespasses = reading.exports.compactMap { trespass(of: $0, at: reading.moment) }
      if trespasses.count == reading.exports.count { complain("reads", reading.moment, trespasses[0]) }
    }
    for deposit in testimony.deposits where deposit.bytes != nil {
      guard
        let sender = testimony.exports.first(where: {
          $0.isOfProfiles && deposit.isOf($0)
        }), let trespass = trespass(of: sender.id, at: deposit.moment)
      else { continue }
      complain("sends \(deposit.name)", deposit.moment, trespass)
    }
  }

  private mutating func complain(_ what: String, _ moment: Int, _ trespass: String) {
    violations.append(Violation("nobody reads or sends out of turn", "\(what) at \(moment): \(trespass)"))
  }

  /// Why it is not the turn of an export; nil when it is.
  private func trespass(of id: Int64, at moment: Int) -> String? {
    guard let export = exports[id], let glance = glance(at: moment) else { return nil }
    let others = standings(glance, source: export.source, recurring: !export.isRecurring)
    let other = others.first { export.isRecurring ? $0.isAdmitted : $0.isActive || $0.isInFlight }
    return other.map { "\(export.name) beside \(exports[$0.export]!.name)" }
  }

  /// The last look before a moment.
  private func glance(at moment: Int) -> Testimony.Glance? {
    var (low, high) = (0, testimony.glances.count)
    while low < high {
      let middle = (low + high) / 2
      if testimony.glances[middle].moment < moment { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? testimony.glances[low - 1] : nil
  }

  // MARK: Stopped and started again

  private mutating func judgeReturn(of export: Testimony.Export) {
    let deeds = testimony.deeds.filter { $0.export == export.id }
    /// The one-time export that stopped it.
    var stopper: Testimony.Export?
    var stoppedAt = 0
    /// Whether it has never been active: a file defined it while the one-time export ran, and it waits for its end.
    var waits = false
    var was: Standing?
    for glance in testimony.glances {
      guard let now = glance.standings.first(where: { $0.export == export.id }) else { continue }
      defer { was = now }
      guard let before = was else {
        if !now.isActive, !now.isDone { stopper = oneTimeExport(namedIn: now.reason, source: export.source) }
        waits = stopper != nil
        continue
      }
      guard before.isActive != now.isActive else { continue }
      let since = deeds.filter { $0.moment > stoppedAt && $0.moment <= glance.moment }
      if now.isActive {
        let isAskedFor = since.contains { $0.kind == .start || $0.kind == .file }
        let isResumed =
          stopper?.nature.resumesRecurring ?? false || waits && !since.contains { $0.kind == .stop }
        if !isAskedFor, !isResumed {
          violations.append(
            Violation("what is stopped stays stopped", "\(export.name) is active at \(glance.moment)"))
        }
        stopper = nil
        waits = false
      } else {
        stoppedAt = glance.moment
        stopper = now.isDone ? nil : oneTimeExport(namedIn: now.reason, source: export.source)
        if now.isDone { continue }
        let isAskedFor = deeds.contains { $0.moment <= glance.moment && $0.kind != .start && $0.kind != .run }
        if !isAskedFor, stopper.map({ !$0.nature.stopsRecurring }) ?? true {
          violations.append(
            Violation(
              "nothing stops by itself", "\(export.name) is stopped at \(glance.moment): \(now.reason ?? "")")
          )
        }
      }
    }
    guard let stopper, stopper.nature.resumesRecurring, export.isStopped, !export.isDeleted, hasEnded(stopper)
    else {
      return
    }
    guard !deeds.contains(where: { $0.moment > stoppedAt }) else { return }
    violations.append(
      Violation(
        "what was stopped for a while comes back", "\(export.name) is still stopped for \(stopper.name)"))
  }

  /// The export that a reason names.
  private func oneTimeExport(namedIn reason: String?, source: String) -> Testimony.Export? {
    guard let reason else { return nil }
    let words = Set(reason.split { $0 == " " || $0 == "," }.map(String.init))
    // Of several of that name the newest.
    return exports.values.sorted { $0.id < $1.id }.last {
      $0.isOfProfiles && !$0.isRecurring && $0.source == source && words.contains($0.name)
    }
  }

  private func hasEnded(_ export: Testimony.Export) -> Bool {
    if export.isStopped || export.isDeleted { return true }
    let runs = testimony.runs.filter { $0.export == export.id }
    return !runs.isEmpty && runs.allSatisfy { $0.state != "PENDING" && $0.state != "RUNNING" }
  }
}
