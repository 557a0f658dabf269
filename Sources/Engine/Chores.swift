/// Work beside the runs that comes round again and again.
enum Chore: Hashable, CaseIterable {
  /// Deletes what runs that ended without completing had delivered.
  case clean
  /// Tells people of failures and recoveries.
  case tell
  /// Removes old history.
  case prune
  /// Gets to know the sources of new exports.
  case acquaint

  /// Between two rounds, in milliseconds.
  var pause: Int64 {
    switch self {
    case .clean, .acquaint: 60_000
    case .tell: 5_000
    case .prune: 3_600_000
    }
  }
}

/// When each chore was last begun, and which are under way: none is ever done twice at once.
struct ChoreClock {
  private var begunAt: [Chore: Int64] = [:]
  private var underWay: Set<Chore> = []

  /// Whether the chore is to be done now; then it counts as begun.
  /// - Parameter uptime: in milliseconds.
  /// - Parameter atOnce: whether there is a reason not to wait for its turn.
  mutating func begin(_ chore: Chore, at uptime: Int64, atOnce: Bool = false) -> Bool {
    guard !underWay.contains(chore) else { return false }
    guard atOnce || begunAt[chore].map({ uptime - $0 > chore.pause }) ?? true else { return false }
    begunAt[chore] = uptime
    underWay.insert(chore)
    return true
  }

  /// Whether one that is under way was begun longer ago than that, in milliseconds.
  func isOverdue(at uptime: Int64, patience: Int64) -> Bool {
    underWay.contains { chore in begunAt[chore].map { uptime - $0 > patience } ?? false }
  }

  mutating func end(_ chore: Chore) { underWay.remove(chore) }
}
