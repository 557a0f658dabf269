/// Definition and repetition levels of a column as runs of equal pairs: a column that is absent from a million rows
/// takes four bytes for them.
struct LevelRuns: ~Copyable {
  /// So many entries of one pair of levels.
  struct Run {
    /// The count in the upper 24 bits, the repetition and the definition level in four bits each.
    fileprivate(set) var bits: UInt32

    var count: Int { Int(bits >> 8) }
    var levels: UInt8 { UInt8(truncatingIfNeeded: bits) }
    var repetition: Int { Int(bits >> 4 & 15) }
    var definition: Int { Int(bits & 15) }

    fileprivate init(_ levels: UInt8) { bits = UInt32(levels) }
  }

  /// Storage that every column may keep, whatever it held.
  private static let keptBytes = 256
  private static let one: UInt32 = 1 << 8
  private static let maxCount = 1 << 24 - 1

  private var closed = Bytes()
  private var open = Run(0)

  static func levels(repetition: Int, definition: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: repetition << 4 | definition)
  }

  /// Adds an entry; true when it began a run.
  @inline(__always)
  mutating func append(_ levels: UInt8) -> Bool {
    if open.levels == levels, open.count < LevelRuns.maxCount {
      open.bits += LevelRuns.one
      return false
    }
    begin(levels)
    open.bits += LevelRuns.one
    return true
  }

  /// Adds very many entries at once; how many runs they began.
  mutating func append(_ levels: UInt8, count: Int) -> Int {
    var left = count
    var runs = 0
    while left > 0 {
      if open.levels != levels || open.count == LevelRuns.maxCount {
        begin(levels)
        runs += 1
      }
      let taken = min(left, LevelRuns.maxCount - open.count)
      open.bits += UInt32(taken) << 8
      left -= taken
    }
    return runs
  }

  private mutating func begin(_ levels: UInt8) {
    if open.count > 0 { closed.append(open.bits) }
    open = Run(levels)
  }

  /// All runs; valid until the next change.
  mutating func finish() -> UnsafeBufferPointer<Run> {
    begin(0)
    return closed.values(as: Run.self)
  }

  /// Keeps about as much storage as the runs took.
  mutating func removeAll() {
    closed.removeAll(keepingCapacityUpTo: 2 * closed.count + LevelRuns.keptBytes)
    open = Run(0)
  }
}
