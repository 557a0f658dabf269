import Glibc
package import TimeZones

/// Where the engine takes time from. Injected, so that a test can move it.
package protocol TimeSource: Sendable {
  /// The wall clock.
  func now() -> Instant
  /// Milliseconds on a clock that is never set and counts on while the machine sleeps.
  func uptime() -> Int64
  /// Sleeps on the monotonic clock. Throws `CancellationError`.
  func sleep(milliseconds: Int64) async throws
}

/// The machine's own clocks.
package struct SystemTime: TimeSource {
  package init() {}

  package func now() -> Instant { Instant(seconds: Int64(time(nil))) }

  package func uptime() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  package func sleep(milliseconds: Int64) async throws {
    try await Task.sleep(for: .milliseconds(milliseconds))
  }
}
