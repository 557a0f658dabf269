import Simulation
import SimulationOracle

/// One history again: what it holds, what happened, and which of its steps it takes to break a rule.
struct Replay {
  var history: History
  let isTraced: Bool
  let isShrunk: Bool

  init(seed: UInt64, arguments: [String], _ without: String?) {
    history = HistoryMaking.history(seed: seed)
    isTraced = arguments.contains("--trace")
    isShrunk = arguments.contains("--shrink")
    let left = Set((without ?? "").split(separator: ",").compactMap { Int($0) })
    history.steps = history.steps.enumerated().filter { !left.contains($0.offset) }.map(\.element)
  }

  /// - Returns: whether all is well.
  func run(_ histories: Histories) throws -> Bool {
    try OracleZone.learn(HistoryMaking.zones)
    var shown = history
    var violations = try histories.one(history)
    if isShrunk, let rule = violations.first?.rule {
      (shown, violations) = try shrink(histories, rule, violations)
    }
    print(shown)
    let trace = Trace(isOn: true)
    violations = try histories.one(shown, trace: trace)
    if isTraced { for line in trace.lines { print(line) } }
    for violation in violations { print("violated: \(violation)") }
    return violations.isEmpty
  }

  /// Leaves out steps for as long as the same rule is broken.
  private func shrink(
    _ histories: Histories, _ rule: String, _ violations: [Violation]
  ) throws -> (History, [Violation]) {
    var (smallest, broken) = (history, violations)
    var size = max(1, smallest.steps.count / 2)
    while size >= 1 {
      var place = 0
      var hasShrunk = false
      while place < smallest.steps.count {
        var candidate = smallest
        candidate.steps.removeSubrange(place..<min(place + size, candidate.steps.count))
        let found = try histories.one(candidate)
        if found.contains(where: { $0.rule == rule }) {
          (smallest, broken, hasShrunk) = (candidate, found, true)
        } else {
          place += size
        }
      }
      if size == 1, !hasShrunk { break }
      size = size == 1 ? 1 : size / 2
    }
    return (smallest, broken)
  }
}
