import Dispatch
import Synchronization

/// Runs the engine one job at a time, on the thread of whoever steps it: a job is what lies between two suspension
/// points of a task. Tasks that prefer it, their children, and the actors that they enter run nowhere else.
///
/// Work that goes on outside, on a thread of its own, is waited for before any time passes.
final class SteppedExecutor: TaskExecutor {
  private struct Jobs {
    var ready: [UnownedJob] = []
    var outside = 0
  }

  private let jobs = Mutex(Jobs())
  /// Raised by every job that comes from outside.
  private let arrival = DispatchSemaphore(value: 0)

  init() {}

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isAwaited = jobs.withLock { jobs in
      jobs.ready.append(job)
      return jobs.outside > 0
    }
    if isAwaited { arrival.signal() }
  }

  /// How many jobs could run now.
  var readyCount: Int { jobs.withLock { $0.ready.count } }

  /// Runs one job to its next suspension point.
  /// - Parameter choose: which of so many, in the order in which they became ready.
  func step(choosing choose: (Int) -> Int) {
    let job = jobs.withLock { $0.ready.remove(at: choose($0.ready.count)) }
    job.runSynchronously(on: asUnownedTaskExecutor())
  }

  // MARK: Outside

  /// Whether work outside must come back before time may pass.
  var isOutside: Bool { jobs.withLock { $0.outside > 0 } }

  func goOutside() { jobs.withLock { $0.outside += 1 } }
  func comeBack() { jobs.withLock { $0.outside -= 1 } }

  /// Waits for a job from outside.
  /// - Returns: false when none has come for very long.
  func awaitArrival() -> Bool {
    while readyCount == 0 {
      guard arrival.wait(timeout: .now() + 60) == .success else { return false }
    }
    return true
  }
}
