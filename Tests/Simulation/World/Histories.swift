import Foundation
import Glibc
package import SimulationOracle
import Synchronization

/// Runs many histories on all cores.
package struct Histories: Sendable {
  package struct Failure: Sendable {
    package var seed: UInt64
    package var violations: [Violation]
  }

  /// What came of it.
  package struct Outcome: Sendable {
    package var histories = 0
    package var failures: [Failure] = []

    package init() {}
  }

  private let directory: String

  /// Directories of histories are made on a disk in memory where there is one.
  package init() {
    let memory = "/dev/shm"
    let base = access(memory, W_OK) == 0 ? memory : FileManager.default.temporaryDirectory.path
    directory = "\(base)/exportd-simulation-\(getpid())"
  }

  /// Removes what lies on the disk. To be called once no history runs any more.
  package func clear() { try? FileManager.default.removeItem(atPath: directory) }

  /// One history, with the trace of what happened if it is wanted.
  package func one(_ history: History, trace: Trace = Trace(isOn: false)) throws -> [Violation] {
    let place = "\(directory)/\(history.seed)-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: place) }
    return try Simulator(history, directory: place, trace: trace).run()
  }

  /// - Parameter mayBegin: asked before each history; false ends the whole.
  /// - Parameter onFailure: told as soon as one has failed; false ends the whole.
  package func run(
    _ seeds: some Sequence<UInt64>, threads: Int, mayBegin: @escaping @Sendable () -> Bool = { true },
    onFailure: @escaping @Sendable (Failure) -> Bool,
    onProgress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws -> Outcome {
    try OracleZone.learn(HistoryMaking.zones)
    let left = Mutex(Array(seeds)[...])
    let outcome = Mutex(Outcome())
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while true {
        let seed = left.withLock { mayBegin() ? $0.popFirst() : nil }
        guard let seed else { return }
        var violations: [Violation] = []
        do {
          violations = try one(HistoryMaking.history(seed: seed))
        } catch {
          violations = [Violation("the simulation works", "\(error)")]
        }
        let count = outcome.withLock { outcome in
          outcome.histories += 1
          if !violations.isEmpty { outcome.failures.append(Failure(seed: seed, violations: violations)) }
          return outcome.histories
        }
        if !violations.isEmpty, !onFailure(Failure(seed: seed, violations: violations)) {
          left.withLock { $0 = [] }
        }
        onProgress(count)
      }
    }
    return outcome.withLock { $0 }
  }
}
