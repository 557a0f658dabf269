import ExportCore
package import Ledger
package import Logging
import ServiceLifecycle
package import TimeZones

/// What the daemon around the scheduler does for it.
package struct SchedulerHooks: Sendable {
  /// Takes the configuration anew; the answer goes to whoever asked.
  package var reload: @Sendable () async -> Answer
  /// Tries out sources and destinations; the answer is JSON.
  package var probe: @Sendable () async -> Answer
  /// Called after every turn of the loop that worked, at most once a second: proof of life.
  package var turned: @Sendable (SchedulerReport) -> Void

  package init(
    reload: @escaping @Sendable () async -> Answer,
    probe: @escaping @Sendable () async -> Answer,
    turned: @escaping @Sendable (SchedulerReport) -> Void
  ) {
    self.reload = reload
    self.probe = probe
    self.turned = turned
  }
}

/// What a service manager should know after each turn.
package struct SchedulerReport: Hashable, Sendable {
  package var exports: Int
  package var running: Int
  package var next: (name: String, at: Instant, zone: String)?
  /// Whether every attempt that was told to end has ended in time: false is a thread that hangs, which only a
  /// restart mends.
  package var isHealthy: Bool

  package static func == (a: Self, b: Self) -> Bool {
    a.exports == b.exports && a.running == b.running && a.isHealthy == b.isHealthy
      && a.next?.name == b.next?.name && a.next?.at == b.next?.at
  }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(exports)
    hasher.combine(running)
  }
}

/// The loop of the daemon: once a second it looks at the clocks and at the ledger, claims what is due, starts what
/// may run, and ends what should. All decisions are the ``Agenda``'s.
package actor Scheduler: Service {
  package struct Settings: Hashable, Sendable {
    package var maxConcurrentRuns: Int
    /// In seconds.
    package var stallTimeout: Int

    package init(maxConcurrentRuns: Int, stallTimeout: Int) {
      self.maxConcurrentRuns = maxConcurrentRuns
      self.stallTimeout = stallTimeout
    }
  }

  let ledger: Ledger
  let executor: RunExecutor
  let hooks: SchedulerHooks
  let logger: Logger
  let time: any TimeSource
  var settings: Settings
  var agenda: Agenda
  var running: [RunId: RunningAttempt] = [:]

  private let wakeups: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation
  /// The ledger has changed, or may have: read it again.
  private var isStale = true
  private var seenVersion: Int64 = -1
  private var readAt = Scheduler.never
  private var clock: (wall: Instant, uptime: Int64)
  private var isEnding = false
  private var isCleaning = false
  private var mayHaveLeftovers = true
  private var cleanedAt = Scheduler.never
  private var isAcquainting = false
  private var acquaintedAt = Scheduler.never
  private var lastError: String?

  struct RunningAttempt {
    var export: RequestId
    var control: AttemptControl
    /// When its export had last been told to stop as it began: a later word ends it.
    var stoppedAt: Instant?
    var reportedRows = 0
  }

  /// Longer ago than any pause, in milliseconds.
  private static let never = Int64.min / 2
  /// A hung call is given this long to notice that it was cancelled, in milliseconds.
  private static let graceForCancellation: Int64 = 60_000
  /// Zones may be updated beneath a long sleep: plans are made anew at least this often, in milliseconds.
  private static let longestTrust: Int64 = 600_000
  /// Between two tries to delete what ended runs left, or to get to know a source that did not answer.
  private static let pauseBetweenTries: Int64 = 60_000

  package init(
    ledger: Ledger, executor: RunExecutor, settings: Settings, hooks: SchedulerHooks, logger: Logger
  ) {
    self.ledger = ledger
    self.executor = executor
    self.settings = settings
    self.hooks = hooks
    self.logger = logger
    time = executor.time
    agenda = Agenda(maxConcurrentRuns: settings.maxConcurrentRuns)
    clock = (time.now(), time.uptime())
    (wakeups, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Takes over what a process before this one left running, then turns until it is told to end; attempts in flight then
  /// end at a resumable point.
  package func run() async throws {
    let interrupted = try ledger.adopt(bootId: executor.bootId)
    if interrupted > 0 { logger.notice("going on with \(interrupted) interrupted run(s)") }
    await withGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.tick() }
        wake.yield()
        for await _ in wakeups {
          for job in turn() { group.addTask { await self.carryOut(job) } }
          if isEnding, running.isEmpty { break }
        }
        group.cancelAll()
      }
    } onGracefulShutdown: {
      Task { await self.end() }
    }
  }

  /// New settings from a reload.
  package func apply(_ settings: Settings) {
    self.settings = settings
    agenda.maxConcurrentRuns = settings.maxConcurrentRuns
    wakeUp()
  }

  private func end() {
    isEnding = true
    for attempt in running.values { attempt.control.end(.shutdown) }
    wake.yield()
  }

  private func wakeUp() {
    isStale = true
    mayHaveLeftovers = true
    wake.yield()
  }

  private nonisolated func tick() async {
    while (try? await time.sleep(milliseconds: 1000)) != nil { wake.yield() }
  }

  // MARK: One turn

  private enum Job: Sendable {
    case attempt(Agenda.Start, AttemptControl)
    case reload(WishRecord)
    case probe(WishRecord)
    case verify(WishRecord, RequestId, run: RunId?, source: Bool)
    case clean
    case acquaint([ExportRecord])
  }

  private func turn() -> [Job] {
    do {
      let jobs = try decide()
      lastError = nil
      report()
      return jobs
    } catch {
      // The watchdog is not fed by a turn that failed: a ledger that stays out of reach leads to a restart.
      if lastError != error.description { logger.error("\(error)") }
      lastError = error.description
      isStale = true
      return []
    }
  }

  private func decide() throws(ExportError) -> [Job] {
    let now = lookAtClocks()
    var jobs: [Job] = []
    let version = try ledger.dataVersion()
    if version != seenVersion {
      seenVersion = version
      isStale = true
      mayHaveLeftovers = true
      if !isEnding {
        for wish in try ledger.takeWishes(bootId: executor.bootId) {
          if let job = try take(wish) { jobs.append(job) }
        }
      }
    }
    if time.uptime() - readAt > Self.longestTrust { isStale = true }
    if isStale { try readLedger() }
    if !isEnding {
      let due = agenda.due(at: now)
      for (export, windows) in due { try ledger.claim(windows, of: export, now: now) }
      if !due.isEmpty { try readLedger() }
      jobs += begin(at: now)
      jobs += housekeeping()
    }
    try watch()
    return jobs
  }

  /// A wall clock that is set moves against the monotonic one. Nothing else needs to be done about it: what is due is
  /// computed from now, and what was claimed stays claimed.
  private func lookAtClocks() -> Instant {
    let now = (wall: time.now(), uptime: time.uptime())
    let moved = (now.wall - clock.wall) - (now.uptime - clock.uptime) / 1000
    if abs(moved) > 2 {
      logger.notice("the clock was set \(moved > 0 ? "forward" : "back") by \(abs(moved)) s")
      isStale = true
    }
    clock = now
    return now.wall
  }

  private func readLedger() throws(ExportError) {
    let records = try ledger.exports()
    let open = Dictionary(grouping: try ledger.openRuns(), by: \.exportId)
    var entries: [RequestId: AgendaEntry] = [:]
    for record in records {
      let known = agenda.entries[record.id]
      do throws(ExportError) {
        let revision =
          if let known, known.revision.number == record.revision {
            known.revision
          } else {
            try ledger.revision(of: record.id, number: record.revision)
          }
        let planner = try RunPlanner(
          revision: revision.resolved, plannedThrough: record.plannedThrough,
          hasSequence: record.hasSequence, zone: try executor.parts.zone(revision.resolved.timeZone))
        entries[record.id] = AgendaEntry(
          record: record, revision: revision, planner: planner, open: open[record.id] ?? [])
      } catch {
        // One bad definition never stops the loop.
        logger.error("\(record.name): \(error)")
        try ledger.note(record.id, error.description)
      }
    }
    agenda.entries = entries
    isStale = false
    readAt = time.uptime()
  }

  private func begin(at now: Instant) -> [Job] {
    agenda.starts(running: Set(running.keys), at: now).map { start in
      let control = AttemptControl(time: time)
      running[start.run] = RunningAttempt(
        export: start.export, control: control, stoppedAt: agenda.entries[start.export]?.record.stoppedAt)
      return .attempt(start, control)
    }
  }

  /// Ends attempts whose export was stopped or that do not move, and writes down how far the others have come.
  private func watch() throws(ExportError) {
    for (id, attempt) in running {
      let record = agenda.entries[attempt.export]?.record
      if record == nil {
        attempt.control.end(.stop(reason: "the export was deleted"))
      } else if let record, record.stoppedBy != nil, record.stoppedAt != attempt.stoppedAt {
        attempt.control.end(.stop(reason: record.reason ?? "stopped"))
      } else if attempt.control.stillFor > Int64(settings.stallTimeout) * 1000 {
        attempt.control.end(.stall(seconds: settings.stallTimeout))
      }
      let rows = attempt.control.rows
      if rows != attempt.reportedRows {
        running[id]?.reportedRows = rows
        try ledger.progress(id, rows: rows)
      }
    }
  }

  private func housekeeping() -> [Job] {
    var jobs: [Job] = []
    let uptime = time.uptime()
    if !isCleaning, mayHaveLeftovers || uptime - cleanedAt > Self.pauseBetweenTries {
      isCleaning = true
      mayHaveLeftovers = false
      cleanedAt = uptime
      jobs.append(.clean)
    }
    let strangers = agenda.entries.values.filter { $0.record.hasSequence == nil }.map(\.record)
    if !isAcquainting, !strangers.isEmpty, uptime - acquaintedAt > Self.pauseBetweenTries {
      isAcquainting = true
      acquaintedAt = uptime
      jobs.append(.acquaint(strangers))
    }
    return jobs
  }

  private func report() {
    let next = agenda.nextDue.map { due in
      (
        name: due.entry.record.name, at: due.entry.planner.next!.window.to,
        zone: due.entry.revision.resolved.timeZone
      )
    }
    let hung = running.values.contains {
      $0.control.ending != nil && $0.control.stillFor > Self.graceForCancellation
        && $0.control.stillFor > Int64(settings.stallTimeout) * 1000 + Self.graceForCancellation
    }
    hooks.turned(
      SchedulerReport(exports: agenda.entries.count, running: running.count, next: next, isHealthy: !hung))
  }

  // MARK: Jobs

  private func carryOut(_ job: Job) async {
    switch job {
    case .attempt(let start, let control):
      await attempt(start, control)
    case .reload(let record):
      finish(record.id, await hooks.reload())
    case .probe(let record):
      finish(record.id, await hooks.probe())
      return
    case .verify(let record, let export, let run, let source):
      let verification = Verification(ledger: ledger, parts: executor.parts)
      finish(record.id, await verification.answer(export, run: run, source: source))
      return
    case .clean:
      await Cleaner(ledger: ledger, executor: executor, logger: logger).clean()
      isCleaning = false
      return
    case .acquaint(let records):
      for record in records { await Acquaintance(ledger: ledger, parts: executor.parts).make(record.id) }
      isAcquainting = false
    }
    wakeUp()
  }

  private func attempt(_ start: Agenda.Start, _ control: AttemptControl) async {
    let name = agenda.entries[start.export]?.record.name ?? "export \(start.export)"
    logger.info("\(name): run \(start.run) begins")
    let outcome: Result<RunExecutor.Outcome, ExportError> = await withTaskGroup(
      of: Result<RunExecutor.Outcome, ExportError>?.self
    ) { [executor] group in
      group.addTask {
        do throws(ExportError) {
          return .success(
            try await executor.attempt(start.run, control: control, evenIfStopped: start.requested))
        } catch {
          return .failure(error)
        }
      }
      group.addTask {
        await control.untilEnded()
        return nil
      }
      var outcome: Result<RunExecutor.Outcome, ExportError>?
      for await result in group {
        group.cancelAll()
        outcome = result ?? outcome
      }
      return outcome!
    }
    running[start.run] = nil
    tell(outcome, of: start, name: name, rows: control.rows)
    settle(start, outcome)
  }

  private func tell(
    _ outcome: Result<RunExecutor.Outcome, ExportError>, of start: Agenda.Start, name: String, rows: Int
  ) {
    switch outcome {
    case .success(.done): logger.info("\(name): run \(start.run) is DONE")
    case .success(.retry(let error, let at)):
      logger.error("\(name): run \(start.run) failed and is tried again at \(at): \(error)")
    case .success(.failed(let error)): logger.critical("\(name): run \(start.run) FAILED: \(error)")
    case .success(.stopped): logger.notice("\(name): run \(start.run) was stopped after \(rows) rows")
    case .success(.interrupted): logger.notice("\(name): run \(start.run) was interrupted after \(rows) rows")
    case .success(.notBegun): logger.debug("\(name): run \(start.run) was not there to begin")
    case .failure(let error): logger.error("\(name): run \(start.run) could not be written down: \(error)")
    }
  }
}

extension Scheduler {
  // MARK: Wishes

  /// Turns a wish into a job, or into a request that the coming turns fulfil.
  private func take(_ record: WishRecord) throws(ExportError) -> Job? {
    switch record.wish {
    case .reload: return .reload(record)
    case .probe: return .probe(record)
    case .verify(let export, let run, let source):
      return .verify(record, export, run: run, source: source)
    case .run(let export, let restart, let rebase):
      try take(record, export, restart: restart, rebase: rebase)
      return nil
    }
  }

  private func take(
    _ record: WishRecord, _ export: RequestId, restart: Bool, rebase: Bool
  ) throws(ExportError) {
    do throws(ExportError) {
      let open = try RunWish(ledger: ledger, parts: executor.parts).open(
        export, restart: restart, rebase: rebase, now: time.now())
      if restart {
        for (id, attempt) in running where open.contains(id) { attempt.control.end(.restart) }
      }
      if open.isEmpty {
        finish(record.id, Answer(succeeded: true, text: "nothing is due"))
      } else {
        agenda.requests.append(RunRequest(wish: record.id, export: export, remaining: open))
      }
    } catch {
      finish(record.id, Answer(succeeded: false, text: error.description))
    }
  }

  /// After an attempt: requests that asked for it move on, or end with its failure.
  private func settle(_ start: Agenda.Start, _ outcome: Result<RunExecutor.Outcome, ExportError>) {
    var rest: [RunRequest] = []
    for var request in agenda.requests {
      guard request.remaining.contains(start.run) else {
        rest.append(request)
        continue
      }
      switch outcome {
      case .success(.done), .success(.notBegun):
        request.remaining.removeAll { $0 == start.run }
        if request.remaining.isEmpty {
          finish(request.wish, Answer(succeeded: true, text: "\(request.total) run(s) DONE"))
        } else {
          rest.append(request)
        }
      case .success(.interrupted) where !isEnding:
        rest.append(request)
      case .success(.retry(let error, _)), .success(.failed(let error)), .failure(let error):
        end(request, error.description)
      case .success(.stopped): end(request, "the run was stopped")
      case .success(.interrupted): end(request, "the daemon is ending; the run goes on at its next start")
      }
    }
    agenda.requests = rest
  }

  private func end(_ request: RunRequest, _ problem: String) {
    finish(request.wish, Answer(succeeded: false, text: problem))
    guard let record = agenda.entries[request.export]?.record, record.stoppedBy != nil else { return }
    do throws(ExportError) {
      try ledger.stopWaiting(of: request.export, reason: record.reason ?? "stopped", now: time.now())
    } catch {
      logger.error("\(error)")
    }
  }

  private func finish(_ wish: Int64, _ answer: Answer) {
    do throws(ExportError) {
      try ledger.answer(wish, answer, now: time.now())
    } catch {
      logger.error("a wish could not be answered: \(error)")
    }
  }
}
