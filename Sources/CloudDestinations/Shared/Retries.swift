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

  /// Does something again as long as it fails in a way that may pass.
  /// - Parameters:
  ///   - detour: whether to do it again at once, for something was learnt from the failure; that does not count.
  ///   - failed: told of each failure after which it is tried again.
  /// - Throws: what `body` throws, or `CancellationError`.
  func perform<Failure: CloudFailure, Result>(
    detour: (Failure) -> Bool = { (_: Failure) in false }, failed: (Failure) -> Void = { (_: Failure) in },
    _ body: () async throws -> Result
  ) async throws -> Result {
    var attempt = 1
    while true {
      do {
        return try await body()
      } catch let failure as Failure {
        if detour(failure) { continue }
        guard failure.isPassing, let pause = pause(after: attempt, asked: failure.retryAfter) else {
          throw failure
        }
        failed(failure)
        attempt += 1
        try await Task.sleep(for: pause)
      }
    }
  }
}
