package import ExportCore
package import TimeZones

/// The one place that decides when a failed attempt is tried again (SPEC section 5).
package struct RetryPolicy: Sendable {
  /// Pauses grow from this one, doubling.
  package var firstPause: Int64 = 5
  package var longestPause: Int64 = 15 * 60
  /// The pause after an error that only a person can mend.
  package var lastingPause: Int64 = 3600
  /// A run gives up this long after its first attempt.
  package var patience: Int64 = 3 * 86400

  package init() {}

  package enum Verdict: Hashable, Sendable {
    case again(at: Instant)
    case giveUp
  }

  /// - Parameter attempt: the number of the attempt that failed, from 1.
  /// - Parameter jitter: 0 ..< 1; spreads the pause over its upper half, so that many exports that fail together
  ///   do not come back together.
  package func verdict(
    attempt: Int, kind: ExportError.Kind, firstAttemptAt: Instant, now: Instant, jitter: Double
  ) -> Verdict {
    guard now - firstAttemptAt < patience else { return .giveUp }
    switch kind {
    case .lasting, .sourceReplaced: return .again(at: now + lastingPause)
    case .passing, .refused:
      let doubled = firstPause << Int64(min(max(attempt - 1, 0), 20))
      let pause = min(doubled, longestPause)
      let spread = pause - pause / 2
      return .again(at: now + pause / 2 + Int64((Double(spread) * jitter).rounded(.up)))
    }
  }
}
