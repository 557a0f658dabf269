import ArgumentParser
import CMalloc
import Engine
import ExportConfig
import ExportCore
import Glibc
import Ledger
import Logging
import ServiceLifecycle
import Synchronization
import TimeZones
import UnixSignals

struct DaemonCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "daemon", abstract: "Run in the foreground: what systemd starts.")

  @OptionGroup var config: ConfigurationOption

  func run() async throws {
    try await reporting {
      LoggingSystem.bootstrap { _ in StderrLogHandler() }
      // A child or a client that goes away is an error of a write, not the end of the daemon.
      signal(SIGPIPE, SIG_IGN)
      let logger = Logger(label: "exportd")
      let installation = try Installation(config)
      switch try await lock(installation) {
      case .held(let holder):
        throw Failure(
          .refused,
          "another exportd (pid \(holder.pid)) already works on \(installation.configuration.stateDirectory); stop it first"
        )
      case .taken(let lock):
        try await Daemon(installation, logger: logger).run()
        _ = consume lock
      }
    }
  }

  /// A command in the foreground may hold the lock for a moment, so a starting daemon asks for it a few times.
  private func lock(_ installation: Installation) async throws -> StateLock.Attempt {
    for _ in 0..<10 {
      switch try StateLock.attempt(stateDirectory: installation.configuration.stateDirectory) {
      case .taken(let lock): return .taken(lock)
      case .held: try await installation.time.sleep(milliseconds: 100)
      }
    }
    return try StateLock.attempt(stateDirectory: installation.configuration.stateDirectory)
  }
}

/// The daemon around the scheduler: signals, reloads, and the service manager.
final class Daemon: Sendable {
  private let first: Installation
  private let logger: Logger
  private let notification = ServiceNotification()
  private let bootId = Assembly.bootId()
  /// What the last reload that succeeded brought.
  private let current: Mutex<LoadedConfigurationState>
  private let supervision: Supervision
  private let notices = NoticeDelivery()

  struct LoadedConfigurationState {
    var configuration: Configuration
  }

  init(_ installation: Installation, logger: Logger) {
    first = installation
    self.logger = logger
    current = Mutex(LoadedConfigurationState(configuration: installation.configuration))
    supervision = Supervision(notification: notification)
  }

  func run() async throws {
    let hangups = await UnixSignalsSequence(trapping: .sighup)
    let ledger = first.ledger
    try ledger.register(bootId: bootId, pid: getpid(), version: Exportd.version, now: first.time.now())
    try takeAtStart()
    Self.giveBackMemory()
    // Parts that look at the newest configuration for every run: secrets are never part of a revision.
    let executor = RunExecutor(
      ledger: ledger, parts: currentParts(), time: first.time, bootId: bootId, logger: logger)
    let scheduler = Scheduler(
      ledger: ledger, executor: executor, settings: current.withLock { $0.configuration.schedulerSettings },
      hooks: SchedulerHooks(
        reload: { [self] in await reload() },
        probe: { [self] in await probe() },
        turned: { [supervision] in supervision.turned($0) },
        tell: { [self] message in
          try await notices.deliver(message, as: current.withLock { $0.configuration.onFailure })
        }),
      logger: logger)
    logger.notice("exportd \(Exportd.version) is up, pid \(getpid())")
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(service: scheduler, successTerminationBehavior: .gracefullyShutdownGroup),
          .init(
            service: HangupListener(
              hangups: hangups, ready: { [notification] in notification.ready(status: "starting") },
              reload: { [self] in await reloadForSignal(scheduler) })),
          .init(service: EndNotice(notification: notification)),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: Self.quiet))
    schedulerForReload.withLock { $0 = scheduler }
    try await group.run()
    logger.notice("exportd has ended")
  }

  private let schedulerForReload = Mutex<Scheduler?>(nil)
  private static let quiet: Logger = {
    var logger = Logger(label: "lifecycle")
    logger.logLevel = .error
    return logger
  }()

  private func currentParts() -> Parts {
    var parts = Assembly.parts(first.configuration)
    parts.destination = { [self] (name, destination) throws(ExportError) in
      try Assembly.parts(current.withLock { $0.configuration }).destination(name, destination)
    }
    return parts
  }

  // MARK: Configuration

  /// At start a broken definition file leaves its export, loudly, at its last good definition.
  private func takeAtStart() throws {
    let loaded = Assembly.reader.load(first.configurationPath)
    guard let configuration = loaded.configuration else { throw Failure(.configuration, loaded.errorText) }
    guard configuration.stateDirectory == first.configuration.stateDirectory else {
      throw Failure(.configuration, "stateDirectory was changed as the daemon started; start it again")
    }
    current.withLock { $0.configuration = configuration }
    for diagnostic in loaded.diagnostics {
      logger.log(level: diagnostic.severity == .error ? .error : .warning, "\(diagnostic)")
    }
    let report = try Assembly.registrar(configuration, first.ledger).reconcile(
      loaded.written, broken: loaded.brokenReasons, .sound, now: first.time.now())
    for line in report.warnings { logger.warning("\(line)") }
    for line in report.errors { logger.error("\(line)") }
    logger.info("configuration \(first.configurationPath): \(report.summary)")
    let problems = loaded.diagnostics.errors.map(\.description) + report.errors.map(\.description)
    if !problems.isEmpty {
      try first.ledger.reloaded(error: problems.joined(separator: "\n"), now: first.time.now())
    }
  }

  /// Of what ten thousand definitions took to be read, next to nothing is needed from then on.
  private static func giveBackMemory() { malloc_trim(0) }

  private func reloadForSignal(_ scheduler: Scheduler) async { _ = await reload() }

  /// Takes a new configuration whole or, with any error, not at all.
  private func reload() async -> Answer {
    notification.reloading()
    defer { notification.ready(status: supervision.lastStatus) }
    let answer = await takeAnew()
    Self.giveBackMemory()
    return answer
  }

  private func takeAnew() async -> Answer {
    let loaded = Assembly.reader.load(first.configurationPath)
    let outcome = take(loaded)
    switch outcome {
    case .success(let report):
      for line in report.warnings { logger.warning("\(line)") }
      logger.notice("reloaded: \(report.summary)")
      if let configuration = loaded.configuration {
        current.withLock { $0.configuration = configuration }
        await schedulerForReload.withLock { $0 }?.apply(configuration.schedulerSettings)
      }
      try? first.ledger.reloaded(error: nil, now: first.time.now())
      let warnings = report.warnings.map { "\nwarning: \($0)" }.joined()
      return Answer(succeeded: true, text: report.summary + warnings)
    case .failure(let problem):
      logger.error("reload refused, the old configuration goes on: \(problem.message)")
      try? first.ledger.reloaded(error: problem.message, now: first.time.now())
      return Answer(succeeded: false, text: problem.message)
    }
  }

  /// Tries out what the files name now, taken or not, with the credentials that the daemon has.
  private func probe() async -> Answer {
    let loaded = Assembly.reader.load(first.configurationPath)
    do {
      return try await loaded.probe(first.ledger).answer
    } catch {
      return Answer(succeeded: false, text: "\(error)")
    }
  }

  private func take(_ loaded: LoadedConfiguration) -> Result<ReconciliationReport, Failure> {
    guard let configuration = loaded.configuration, loaded.isSound else {
      return .failure(Failure(.configuration, loaded.errorText))
    }
    guard configuration.stateDirectory == first.configuration.stateDirectory else {
      return .failure(
        Failure(.configuration, "stateDirectory cannot change under a running daemon; restart it to move"))
    }
    do {
      let report = try Assembly.registrar(configuration, first.ledger).reconcile(
        loaded.written, broken: [:], .whole, now: first.time.now())
      return report.errors.isEmpty
        ? .success(report)
        : .failure(Failure(.configuration, report.errors.map(\.description).joined(separator: "\n")))
    } catch {
      return .failure(Failure(error))
    }
  }
}

extension Configuration {
  var schedulerSettings: Scheduler.Settings {
    Scheduler.Settings(
      maxConcurrentRuns: maxConcurrentRuns, stallTimeout: stallTimeout, keepHistoryDays: keepHistoryDays)
  }
}

/// SIGHUP: what `systemctl kill -s HUP` and habit send.
struct HangupListener: Service {
  let hangups: UnixSignalsSequence
  /// Called when no signal ends the process by itself any more: those that end it in order are trapped before any
  /// service runs.
  let ready: @Sendable () -> Void
  let reload: @Sendable () async -> Void

  func run() async throws {
    ready()
    for await _ in hangups.cancelOnGracefulShutdown() { await reload() }
  }
}

/// Tells the service manager as soon as the end has begun.
struct EndNotice: Service {
  let notification: ServiceNotification

  func run() async throws {
    try await gracefulShutdown()
    notification.stopping()
  }
}

/// Keeps the service manager informed: proof of life, and a line that says what comes next.
final class Supervision: Sendable {
  private let notification: ServiceNotification
  /// Nil before the first turn.
  private let status = Mutex<String?>(nil)
  private let fedAt = Mutex<Int64>(.min / 2)
  private let time = SystemTime()

  init(notification: ServiceNotification) { self.notification = notification }

  var lastStatus: String { status.withLock { $0 } ?? "starting" }

  func turned(_ report: SchedulerReport) {
    let line = line(report)
    status.withLock { status in
      if status == nil {
        // The first turn comes when signals are listened to and the state database has been worked with.
        notification.ready(status: line)
      } else if status == line || !notification.status(line) {
        return
      }
      status = line
    }
    guard report.isHealthy, let interval = ServiceNotification.watchdogInterval else { return }
    let uptime = time.uptime()
    fedAt.withLock { fedAt in
      // The loop turns once a second; feeding at half the interval leaves room for one slow turn.
      if uptime - fedAt >= interval / 2, notification.alive() { fedAt = uptime }
    }
  }

  /// `3 exports, next: charged-to-lake 06:00 IST`.
  private func line(_ report: SchedulerReport) -> String {
    var line = "\(report.exports) export\(report.exports == 1 ? "" : "s")"
    if report.running > 0 { line += ", \(report.running) running" }
    if let next = report.next {
      let local = next.zone.localDateTime(at: next.at)
      let day = next.zone.localDateTime(at: time.now()).date == local.date ? "" : "\(local.date) "
      let minute = String(local.secondOfDay / 60 % 60)
      let hour = String(local.secondOfDay / 3600)
      line +=
        ", next: \(next.name) \(day)\(hour.count < 2 ? "0" : "")\(hour):\(minute.count < 2 ? "0" : "")\(minute) \(next.zone.abbreviation(at: next.at))"
    }
    return line
  }
}
