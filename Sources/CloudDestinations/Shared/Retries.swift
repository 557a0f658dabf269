/// How often a request is sent again before the run itself is tried again later, and after what pauses: exponential,
/// with full jitter, so that many uploads that are turned away together do not come back together.
struct Retries: Sendable {
  /// All of them together.
  var attempts = 6
  var firstPause = Duration.milliseconds(200)
  var longestPause = Duration.seconds(20)
  /// Longer waits that a server asks for are left to the run's own retries.
  var longestWait = Duration.seconds(60)
  /// Gives 0 ..< 1.
  var jitter: @Sendable () -> Double = { Double.random(in: 0..<1) }

  /// - Parameters:
  ///   - attempt: the one that failed, from 1.
  ///   - asked: how long the server asked to be left alone.
  /// - Returns: nil when it is given up.
  func pause(after attempt: Int, asked: Duration? = nil) -> Duration? {
    guard attempt < attempts else { return nil }
    if let asked, asked > longestWait { return nil }
    let limit = min(firstPause * (1 << min(attempt - 1, 16)), longestPause)
    return max(limit * jitter(), asked ?? .zero)
  }
}
