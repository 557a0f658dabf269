/// Whether every event that an export owes was delivered exactly once, and nothing else.
///
/// Which run takes a row that is written about when a run begins cannot be told from outside, but it is bounded: the
/// runs of an export follow one another, so a run has not looked at the source before the one before it was complete, and
/// has looked before it is complete itself.
struct EventsJudge {
  let testimony: Testimony
  let export: Testimony.Export
  let rules: [Rule]
  let selections: [Selection]
  /// Complete runs of the export, in the order in which they became complete.
  let runs: [CompleteRun]
  /// Before this the run at the same place had not looked at the source.
  let begins: [Int]
  private(set) var violations: [Violation] = []

  init(
    _ testimony: Testimony, _ export: Testimony.Export, _ rules: [Rule], _ selections: [Selection],
    _ runs: [CompleteRun]
  ) {
    self.testimony = testimony
    self.export = export
    self.rules = rules
    self.selections = selections
    self.runs = runs
    begins = runs.indices.map { Self.begin(of: $0, runs, export, testimony.deeds) }
  }

  /// A run looks at the source after the one before it is complete, unless that one is an older window that a person had
  /// reopened when this one had been begun already.
  private static func begin(
    of place: Int, _ runs: [CompleteRun], _ export: Testimony.Export, _ deeds: [Testimony.Deed]
  ) -> Int {
    let reopenings = deeds.filter {
      $0.export == export.id && $0.kind.reopens && $0.highWater >= runs[place].to
    }
    return runs[..<place].reduce(export.seenAt) { begin, earlier in
      reopenings.contains { begin < $0.moment && $0.moment < earlier.moment } ? begin : earlier.moment
    }
  }

  mutating func judge() {
    var places: [Int: [(run: Int, record: CompleteRun.Record)]] = [:]
    var rejections: [Int: [Int]] = [:]
    for (index, run) in runs.enumerated() {
      for record in run.records { places[record.number, default: []].append((index, record)) }
      for number in run.rejected { rejections[number, default: []].append(index) }
    }
    for row in testimony.rows {
      let found = places.removeValue(forKey: row.number) ?? []
      let rejected = rejections.removeValue(forKey: row.number) ?? []
      if let ts = row.ts, row.name != nil {
        if !rejected.isEmpty { complain("only what cannot be used is rejected", row, "") }
        judge(row, ts, found.map(\.run))
        for (run, record) in found { judge(row, ts, record, runs[run]) }
      } else {
        if !found.isEmpty { complain("what cannot be used is rejected", row, "was delivered") }
        if let ts = row.ts { judge(row, ts, rejected) } else { judgeWithoutTime(row, rejected) }
      }
    }
    for number in places.keys.sorted() + rejections.keys.sorted() {
      violations.append(Violation("nothing is invented", "\(export.name): row \(number)"))
    }
  }

  /// - Parameter taken: the runs that have it.
  private mutating func judge(_ row: Testimony.Row, _ ts: Int64, _ taken: [Int]) {
    let seconds = ts >= 0 ? ts / 1000 : (ts - 999) / 1000
    if taken.count > 1 { complain("exactly once", row, "was delivered \(taken.count) times") }
    guard let own = runs.firstIndex(where: { $0.from <= seconds && seconds < $0.to }) else {
      if !taken.isEmpty { complain("only what is due", row, "was delivered, and its window is not complete") }
      return
    }
    // The first run that may have seen it, and the first one that must have.
    guard let first = runs.indices.first(where: { $0 >= own && runs[$0].moment > row.insertedAt }) else {
      if !taken.isEmpty { complain("only what is due", row, "was delivered before it was there") }
      return
    }
    let last = runs.indices.first { $0 >= own && begins[$0] > row.insertedAt }
    let candidates = first...(last ?? runs.count - 1)
    for run in taken where !candidates.contains(run) {
      complain(
        "each event in its run", row,
        "was delivered by run \(runs[run].runTimestamp), not by \(runs[candidates.upperBound].runTimestamp)")
    }
    let answers = candidates.map { selections[runs[$0].revision - 1].wants(row.name, at: seconds) }
    if !taken.isEmpty, answers.allSatisfy({ $0 == .no }) {
      complain("only what is due", row, "is not asked for")
    }
    if let deletedAt = row.deletedAt {
      for run in taken where deletedAt < begins[run] { complain("only what is due", row, "was gone by then") }
      if last.map({ deletedAt < runs[$0].moment }) ?? true { return }
    }
    if taken.isEmpty, last != nil, answers.allSatisfy({ $0 == .yes }), !isExcused(row, own: own) {
      complain("exactly once", row, "was not delivered, and run \(runs[last!].runTimestamp) is complete")
    }
  }

  /// A rebase takes the source as it is: what came late before it is not looked for.
  private func isExcused(_ row: Testimony.Row, own: Int) -> Bool {
    guard row.insertedAt > begins[own] else { return false }
    return testimony.deeds.contains { deed in
      deed.kind == .rebase && deed.export == export.id
        && row.insertedAt < runs.first { $0.moment > deed.moment }?.moment ?? .max
    }
  }

  private mutating func judgeWithoutTime(_ row: Testimony.Row, _ taken: [Int]) {
    if taken.count > 1 { complain("rejected once", row, "was rejected \(taken.count) times") }
    if !taken.isEmpty, row.insertedAt < export.seenAt, !isRebased {
      complain("rejected once", row, "is older than the export")
    }
    guard let first = runs.first, let last = runs.indices.first(where: { begins[$0] > row.insertedAt }) else {
      return
    }
    let mustWant = runs.allSatisfy { selections[$0.revision - 1].mayWant(row.name) }
    if taken.isEmpty, mustWant, row.insertedAt > first.moment, !isRebased,
      row.deletedAt.map({ $0 > runs[last].moment }) ?? true
    {
      complain("rejected once", row, "was not rejected, and run \(runs[last].runTimestamp) is complete")
    }
  }

  private var isRebased: Bool { testimony.deeds.contains { $0.kind == .rebase && $0.export == export.id } }

  private mutating func judge(
    _ row: Testimony.Row, _ ts: Int64, _ record: CompleteRun.Record, _ run: CompleteRun
  ) {
    if record.eventName != row.name || record.databaseId != row.databaseId {
      complain("records are what the rows were", row, "lies under \(record.eventName), \(record.databaseId)")
    }
    let zone = rules[run.revision - 1].zone
    let seconds = ts >= 0 ? ts / 1000 : (ts - 999) / 1000
    let stamp = Calendar.stamp(zone.local(seconds))
    if record.ts != stamp { complain("local time is right", row, "says \(record.ts), not \(stamp)") }
    let became =
      record.version == 0 ? row.insertedAt : row.versions[min(record.version, row.versions.count) - 1]
    if record.version > row.versions.count || became > run.moment {
      complain("records are what the rows were", row, "shows version \(record.version)")
    }
  }

  private mutating func complain(_ rule: String, _ row: Testimony.Row, _ detail: String) {
    violations.append(
      Violation(
        rule,
        "\(export.name) (\(export.id)): row \(row.number) (database \(row.databaseId), sequence \(row.sequence), ts \(row.ts.map(String.init) ?? "NULL"), \(row.name ?? "no name")) \(detail)"
      ))
  }
}
