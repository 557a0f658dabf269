import Engine
import ExportCore
import Ledger
import Logging
import Synchronization
import TimeZones

/// One process of the daemon: real ledger, scheduler and executor, on simulated time and world.
final class DaemonProcess {
  let life: Life
  private let world: World
  private let scheduler: Scheduler
  private let task: Task<Void, Never>
  private let ended: Ended

  private final class Ended: Sendable {
    let flag = Atomic<Bool>(false)
  }

  /// Whether its task has run to its end.
  var hasEnded: Bool { ended.flag.load(ordering: .relaxed) }

  /// Starts as the executable does: registers, takes the configuration, turns.
  /// - Throws: whatever the first steps meet; ``Dead`` in effect when the process was killed in them.
  init(
    _ installation: Installation, life: Life, executor: SteppedExecutor,
    onReconciled: @escaping @Sendable () -> Void
  ) throws {
    self.life = life
    let world = installation.world
    self.world = world
    let time = world.clock
    let ledger = try installation.ledger(for: life)
    let bootId = "boot-\(life.number)"
    try ledger.register(bootId: bootId, pid: Int32(life.number), version: "0", now: time.now())
    let report = try installation.registrar(ledger).reconcile(
      installation.written, broken: [:], .sound, now: time.now())
    world.note("process \(life.number) starts: \(report.summary) \(report.errors) \(report.warnings)")
    onReconciled()
    let runs = RunExecutor(
      ledger: ledger, parts: installation.parts(for: life), time: time, bootId: bootId, logger: silence,
      jitter: { Double.random(in: 0..<1, using: &world.random) })
    scheduler = Scheduler(
      ledger: ledger, executor: runs,
      settings: Scheduler.Settings(
        maxConcurrentRuns: installation.configuration.maxConcurrentRuns,
        stallTimeout: installation.configuration.stallTimeout,
        keepHistoryDays: installation.configuration.keepHistoryDays),
      hooks: SchedulerHooks(
        reload: {
          defer { onReconciled() }
          do throws(ExportError) {
            let report = try installation.registrar(ledger).reconcile(
              installation.written, broken: [:], .whole, now: time.now())
            world.note("reload: \(report.summary) \(report.errors) \(report.warnings)")
            return Answer(succeeded: report.errors.isEmpty, text: report.summary)
          } catch {
            return Answer(succeeded: false, text: error.description)
          }
        },
        probe: { Answer(succeeded: true, text: "{}") }, turned: { _ in }, tell: { _ in }),
      logger: silence)
    let ended = Ended()
    self.ended = ended
    task = Task(executorPreference: executor) { [scheduler] in
      do {
        try await scheduler.run()
      } catch {
        world.note("process \(life.number) gives up: \(error)")
      }
      ended.flag.store(true, ordering: .relaxed)
    }
  }

  /// SIGTERM.
  func terminate() {
    world.note("process \(life.number) is told to end")
    scheduler.end()
  }

  /// Has the tasks of a dead process come to their end: whatever they try meets ``Dead``.
  func cancel() { task.cancel() }
}

let silence = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
