import ZoneTesting

/// How source and destination behave for a while.
package struct Weather: Hashable, Sendable {
  package struct Mood: Hashable, Sendable, CustomStringConvertible {
    /// Percent of calls that fail before they do anything.
    var failing = 0
    /// Percent of calls that do their work and then fail: the answer is lost.
    var lying = 0
    /// Percent of calls that never come back.
    var hanging = 0
    /// Whether failures are of the kind that only a person can mend.
    var isLasting = false
    /// The longest that a call takes, in milliseconds.
    var slowness: Int64 = 0

    package init(
      failing: Int = 0, lying: Int = 0, hanging: Int = 0, isLasting: Bool = false, slowness: Int64 = 0
    ) {
      self.failing = failing
      self.lying = lying
      self.hanging = hanging
      self.isLasting = isLasting
      self.slowness = slowness
    }

    package var description: String {
      let parts = [
        failing > 0 ? "fails \(failing)%\(isLasting ? " for good" : "")" : nil,
        lying > 0 ? "loses \(lying)% of its answers" : nil, hanging > 0 ? "hangs \(hanging)%" : nil,
        slowness > 0 ? "takes up to \(slowness) ms" : nil,
      ].compactMap { $0 }
      return parts.isEmpty ? "is well" : parts.joined(separator: ", ")
    }

    /// What one call meets.
    func fate(_ random: inout SeededRandom) -> Fate {
      var fate = Fate()
      let roll = Int.random(in: 0..<100, using: &random)
      if roll < failing {
        fate.ending = .failure
      } else if roll < failing + lying {
        fate.ending = .lostAnswer
      } else if roll < failing + lying + hanging {
        fate.ending = .hang
      }
      if slowness > 0 {
        fate.before = Int64.random(in: 0...slowness, using: &random)
        fate.after = Int64.random(in: 0...slowness, using: &random) / 2
      }
      return fate
    }
  }

  /// What happens to one call.
  struct Fate: Hashable, Sendable {
    enum Ending: Hashable, Sendable { case answer, failure, lostAnswer, hang }
    var ending = Ending.answer
    /// Milliseconds until it has its effect, and from there until it returns.
    var before: Int64 = 0
    var after: Int64 = 0
  }

  var source = Mood()
  var destination = Mood()
  /// How many of a thousand statements of the daemon's ledger fail: a full disk, a lock held too long.
  var failingStatements = 0

  init() {}
}
