import Synchronization

/// How many bytes go out in a second, over all uploads to one destination. Each sender takes its turn behind those that
/// came before it.
final class UploadLimit: Sendable {
  let bytesPerSecond: Int
  /// When the bytes that were granted so far have gone out.
  private let grantedUntil: Mutex<ContinuousClock.Instant>

  init(bytesPerSecond: Int) {
    self.bytesPerSecond = bytesPerSecond
    grantedUntil = Mutex(.now)
  }

  /// Bytes that are sent at a time: not more than a quarter of a second's, so that senders take turns often.
  var stride: Int { min(max(bytesPerSecond / 4, 1), StagedPart.stride) }

  /// Returns when so many bytes may go out.
  /// - Throws: `CancellationError`.
  func take(_ bytes: Int) async throws {
    let turn = grantedUntil.withLock { until in
      let turn = max(until, .now)
      until = turn + .seconds(1) * (Double(bytes) / Double(bytesPerSecond))
      return turn
    }
    if turn > .now { try await Task.sleep(until: turn, tolerance: .milliseconds(10), clock: .continuous) }
  }
}
