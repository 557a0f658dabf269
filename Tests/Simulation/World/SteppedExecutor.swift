import Synchronization

/// Runs the engine one job at a time, on the thread of whoever steps it: a job is what lies between two suspension
/// points of a task. Tasks that prefer it, their children, and the actors that they enter run nowhere else.
final class SteppedExecutor: TaskExecutor {
  private let ready = Mutex<[UnownedJob]>([])

  init() {}

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    ready.withLock { $0.append(job) }
  }

  /// How many jobs could run now.
  var readyCount: Int { ready.withLock { $0.count } }

  /// Runs one job to its next suspension point.
  /// - Parameter choose: which of so many, in the order in which they became ready.
  func step(choosing choose: (Int) -> Int) {
    let job = ready.withLock { $0.remove(at: choose($0.count)) }
    job.runSynchronously(on: asUnownedTaskExecutor())
  }
}
