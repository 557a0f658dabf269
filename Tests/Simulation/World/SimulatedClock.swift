import Engine
import Glibc
import TimeZones

/// Time that stands still until the driver moves it. The wall clock can be set, the monotonic one cannot; who sleeps is
/// woken in the order of the times asked for.
///
/// It belongs to the thread of the driver: every task of the engine runs there, job by job.
final class SimulatedClock: TimeSource, @unchecked Sendable {
  /// Milliseconds since the history began.
  private(set) var elapsed: Int64 = 0
  /// What the wall clock shows at the beginning, and what it has been set by since, in seconds.
  private var wallBase: Int64
  /// The highest that the wall clock has shown.
  private(set) var highWater: Int64
  private var sleepers: [Sleeper] = [] {
    willSet { precondition(pthread_equal(driver, pthread_self()) != 0, "time is the driver's") }
  }
  private var sleeperCount = 0
  private let driver = pthread_self()

  private struct Sleeper {
    var number: Int
    var wakesAt: Int64
    /// Waiting for source or destination; else a pause of the engine's own.
    var isWork: Bool
    var continuation: CheckedContinuation<Void, any Error>
  }

  init(start: Int64) {
    wallBase = start
    highWater = start
  }

  func now() -> Instant { Instant(seconds: wallBase + elapsed / 1000) }
  func uptime() -> Int64 { 1_000_000 + elapsed }

  func sleep(milliseconds: Int64) async throws { try await sleep(milliseconds, isWork: false) }

  /// As long as source or destination takes; nil is for ever.
  func work(milliseconds: Int64?) async throws {
    if milliseconds == 0 { return await Task.yield() }
    try await sleep(milliseconds ?? Int64.max / 4, isWork: true)
  }

  /// When the next call to source or destination goes on; nil when none is under way that ever will.
  var nextWork: Int64? {
    sleepers.filter { $0.isWork && $0.wakesAt < .max / 8 }.map(\.wakesAt).min()
  }

  /// Whether any call to source or destination is under way, hung ones included.
  var isWorking: Bool { sleepers.contains(where: \.isWork) }

  /// Moves on, and wakes whoever has slept long enough.
  func advance(to instant: Int64) {
    elapsed = max(elapsed, instant)
    highWater = max(highWater, now().seconds)
    let due = sleepers.filter { $0.wakesAt <= elapsed }.sorted {
      ($0.wakesAt, $0.number) < ($1.wakesAt, $1.number)
    }
    guard !due.isEmpty else { return }
    sleepers.removeAll { $0.wakesAt <= elapsed }
    for sleeper in due { sleeper.continuation.resume() }
  }

  /// Sets the wall clock by so many seconds.
  func set(by seconds: Int64) {
    wallBase += seconds
    highWater = max(highWater, now().seconds)
  }

  private func sleep(_ milliseconds: Int64, isWork: Bool) async throws {
    sleeperCount += 1
    let number = sleeperCount
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
        sleepers.append(
          Sleeper(
            number: number, wakesAt: elapsed + milliseconds, isWork: isWork, continuation: continuation))
      }
    } onCancel: {
      cancel(number)
    }
  }

  private func cancel(_ number: Int) {
    guard let index = sleepers.firstIndex(where: { $0.number == number }) else { return }
    sleepers.remove(at: index).continuation.resume(throwing: CancellationError())
  }
}
