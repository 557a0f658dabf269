/// Whether the windows of an export tile time as its definitions ask, and from which window on each revision holds.
///
/// When exactly an edit came between two claims is not known from outside, but it is bounded: what was due by the wall
/// clock at the edit had to be planned before it, and nothing is planned before the clock has reached it. So all ways
/// are tried: a step is either one more window under the rule in force or the next edit.
struct Tiling {
  /// For each revision but the first, where planning may have stood when it came; nil is before the first window.
  private(set) var edits: [[Int64?]] = []
  private(set) var violation: Violation?

  init(_ rules: [Rule], _ runs: [Testimony.Run], _ export: Testimony.Export, end: Int64, highWater: Int64) {
    let windows = runs.filter { !$0.isVoided }.compactMap { run in run.from.map { (from: $0, to: run.to) } }
      .sorted { ($0.to, $0.from) < ($1.to, $1.from) }
    let planned: [Int64?] = [nil] + windows.map(\.to)
    var reached = Array(repeating: Array(repeating: false, count: rules.count), count: planned.count)
    reached[0][0] = true

    func mayClaim(_ window: Int, _ rule: Int) -> Bool {
      guard let next = rules[rule].next(planned[window]) else { return false }
      let latest = rule + 1 < rules.count ? rules[rule + 1].revision.highWater : highWater
      return next == (windows[window].from, windows[window].to) && next.to <= latest
    }
    func mayEdit(_ window: Int, _ rule: Int) -> Bool {
      let edit = rules[rule + 1].revision
      guard !edit.wasStopped, let next = rules[rule].next(planned[window]) else { return true }
      return next.to + rules[rule].delay > edit.acceptedAt
    }

    for window in planned.indices {
      for rule in rules.indices where reached[window][rule] {
        if window < windows.count, mayClaim(window, rule) { reached[window + 1][rule] = true }
        if rule + 1 < rules.count, mayEdit(window, rule) { reached[window][rule + 1] = true }
      }
    }
    guard reached[windows.count][rules.count - 1] else {
      let furthest = reached.lastIndex { $0.contains(true) }!
      let wanted = rules.indices.filter { reached[furthest][$0] }.map { rule in
        "revision \(rule + 1) wants \(rules[rule].next(planned[furthest]).map { "\($0)" } ?? "nothing")"
      }
      violation = Violation(
        "windows tile",
        "\(export.name) (\(export.id)): behind \(planned[furthest].map(String.init) ?? "nothing") comes "
          + "\(furthest < windows.count ? "\(windows[furthest].from)..\(windows[furthest].to)" : "the end"), but "
          + wanted.joined(separator: ", "))
      return
    }

    // Backwards, to leave out what leads nowhere.
    var leads = Array(repeating: Array(repeating: false, count: rules.count), count: planned.count)
    leads[windows.count][rules.count - 1] = true
    for window in planned.indices.reversed() {
      for rule in rules.indices.reversed() where reached[window][rule] && !leads[window][rule] {
        leads[window][rule] =
          (window < windows.count && leads[window + 1][rule] && mayClaim(window, rule))
          || (rule + 1 < rules.count && leads[window][rule + 1] && mayEdit(window, rule))
      }
    }
    for rule in rules.indices.dropLast() {
      edits.append(
        planned.indices.filter { reached[$0][rule] && leads[$0][rule + 1] && mayEdit($0, rule) }.map {
          planned[$0]
        })
    }
    if !export.isStopped, !export.isDeleted, let next = rules.last!.next(planned.last!),
      next.to + rules.last!.delay <= end
    {
      violation = Violation(
        "what is due gets planned",
        "\(export.name) (\(export.id)): \(next) was due and is not planned")
    }
  }
}
