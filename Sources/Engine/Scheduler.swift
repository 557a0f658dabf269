import ExportCore
package import Ledger
package import Logging
import ServiceLifecycle
import Synchronization
import TimeZones

/// The loop of the daemon: once a second it looks at the clocks and at the ledger, claims what is due, starts what
/// may run, and ends what should. All decisions are the ``Agenda``'s.
package actor Scheduler: Service {
  package struct Settings: Hashable, Sendable {
    package var maxConcurrentRuns: Int
    /// In seconds.
    package var stallTimeout: Int
    package var keepHistoryDays: Int

    package init(maxConcurrentRuns: Int, stallTimeout: Int, keepHistoryDays: Int) {
      self.maxConcurrentRuns = maxConcurrentRuns
      self.stallTimeout = stallTimeout
      self.keepHistoryDays = keepHistoryDays
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
  /// Open runs of exports that were deleted.
  private var orphans: [RequestId: [RunRecord]] = [:]
  /// Files of this run are being deleted.
  private var beingCleaned: RunId?

  private let wakeups: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation
  /// The ledger has changed, or may have: read it again.
  private var isStale = true
  private var seenVersion: Int64 = -1
  /// The last of the ledger's changes that the agenda knows of; 0 when it is to know all anew.
  private var seenChange: Int64 = 0
  private var readAt = Scheduler.never
  private var clock: (wall: Instant, uptime: Int64)
  private let wasToldToEnd = Atomic<Bool>(false)
  private(set) var isEnding = false
  private var mayHaveLeftovers = true
  private var chores = ChoreClock()
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
  /// A hung call is given at most this long to notice that it was cancelled, in milliseconds.
  private static let longestGrace: Int64 = 60_000
  /// Zones may be updated beneath a long sleep: plans are made anew at least this often, in milliseconds.
  private static let longestTrust: Int64 = 600_000

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
    let interrupted = try ledger.adopt(bootId: executor.bootId, now: time.now())
    executor.tidyMemories(of: nil)
    if !interrupted.isEmpty { logger.notice("going on with \(interrupted.count) interrupted run(s)") }
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
      self.end()
    }
  }

  /// New settings from a reload.
  package func apply(_ settings: Settings) {
    self.settings = settings
    agenda.maxConcurrentRuns = settings.maxConcurrentRuns
    wakeUp()
  }

  /// Has the scheduler end: nothing begins any more, and ``run()`` returns as soon as the attempts in flight have ended
  /// at a resumable point.
  package nonisolated func end() {
    wasToldToEnd.store(true, ordering: .relaxed)
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

  enum Job: Sendable {
    case attempt(Agenda.Start, AttemptControl)
    case reload(WishRecord)
    case probe(WishRecord)
    case verify(WishRecord, RequestId, run: RunId?, source: Bool)
    /// With the exports whose source is not known yet.
    case chore(Chore, [ExportRecord])
  }

  private func turn() -> [Job] {
    if wasToldToEnd.load(ordering: .relaxed), !isEnding {
      isEnding = true
      for attempt in running.values { attempt.control.end(.shutdown) }
    }
    // What has been decided on is carried out also when a later step fails: it counts as under way already.
    var jobs: [Job] = []
    do throws(ExportError) {
      try decide(&jobs)
      lastError = nil
      report()
    } catch {
      // The watchdog is not fed by a turn that failed: a ledger that stays out of reach leads to a restart.
      if lastError != error.description { logger.error("\(error)") }
      lastError = error.description
      isStale = true
    }
    return jobs
  }

  private func decide(_ jobs: inout [Job]) throws(ExportError) {
    let now = lookAtClocks()
    let version = try ledger.dataVersion()
    if version != seenVersion {
      isStale = true
      mayHaveLeftovers = true
      if !isEnding {
        for wish in try ledger.takeWishes(bootId: executor.bootId) {
          if let job = try take(wish) { jobs.append(job) }
        }
      }
      seenVersion = version
    }
    if time.uptime() - readAt > Self.longestTrust { (isStale, seenChange) = (true, 0) }
    if isStale { try readLedger() }
    agenda.dropOutdatedRequests()
    try retrieve()
    if !isEnding {
      if try voidFarAhead(of: now) { try readLedger() }
      let due = agenda.due(at: now)
      for (export, windows) in due { try ledger.claim(windows, of: export, now: now) }
      // A one-time profile run that has just been planned is admitted in the same turn.
      if !due.isEmpty { try readLedger() }
      if try settleProfiles(at: now) { try readLedger() }
      jobs += begin(at: now)
      jobs += housekeeping()
    }
    try watch()
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

  /// Takes over what has changed in the ledger since it was read last, or all of it.
  private func readLedger() throws(ExportError) {
    let changes = try ledger.changes(after: seenChange)
    isStale = false
    guard changes.last != seenChange else { return }
    var entries = agenda.entries
    if seenChange == 0 {
      (entries, orphans) = ([:], [:])
      readAt = time.uptime()
    }
    var zones = ZonesOfTheMoment(executor.parts.zone)
    for export in changes.exports {
      do throws(ExportError) {
        entries[export.id] = try entry(export, &zones)
      } catch {
        // One bad definition never stops the loop.
        logger.error("\(export.record?.name ?? "export \(export.id)"): \(error)")
        entries[export.id] = nil
        try ledger.note(export.id, error.description)
      }
      orphans[export.id] = entries[export.id] == nil && !export.open.isEmpty ? export.open : nil
    }
    agenda.entries = entries
    seenChange = changes.last
  }

  /// What is to be known of an export; nil when nothing of it is left to do. What is known already and has not changed
  /// is kept.
  private func entry(
    _ export: Changes.Export, _ zones: inout ZonesOfTheMoment
  ) throws(ExportError) -> AgendaEntry? {
    guard let record = export.record else { return nil }
    if let known = agenda.entries[record.id], known.record.revision == record.revision,
      known.record.plannedThrough == record.plannedThrough, known.record.hasSequence == record.hasSequence,
      known.planner.voided == export.voided,
      try known.planner.zone == zones.zone(known.planner.zone.name)
    {
      return AgendaEntry(record: record, planner: known.planner, open: export.open)
    }
    let revision = try ledger.revision(of: record.id, number: record.revision).resolved
    let planner = try RunPlanner(
      revision: revision, plannedThrough: record.plannedThrough, hasSequence: record.hasSequence,
      voided: export.voided, zone: try zones.zone(revision.timeZone))
    return AgendaEntry(record: record, planner: planner, open: export.open)
  }

  /// A clock that had been far ahead has planned windows that are not over yet: they are voided, and planned again when
  /// they are. Without a sequence nobody can tell which of their rows were sent, so the export stops.
  private func voidFarAhead(of now: Instant) throws(ExportError) -> Bool {
    var hasVoided = false
    for entry in agenda.farAhead(of: now) {
      let isRepeatable = entry.record.dataType == .events && entry.record.hasSequence == true
      let name = entry.record.name
      let reason =
        "the clock had been ahead until \(entry.record.plannedThrough?.rfc3339 ?? "") and is back at \(now.rfc3339)"
      let advice =
        entry.record.dataType == .profiles
        ? "; `exportd start \(name)` goes on and sends all profiles once more"
        : "; its source has no sequence: `exportd start \(name)` goes on and sends those windows once more"
      let count = try ledger.void(
        entry.record.id, reason: isRepeatable ? reason : reason + advice, stop: !isRepeatable, now: now)
      guard count > 0 else { continue }
      hasVoided = true
      logger.error("\(name): \(count) window(s) are voided: \(reason)\(isRepeatable ? "" : advice)")
    }
    return hasVoided
  }

  /// One-time profile exports and the recurring ones of their source take turns (SPEC section 4).
  /// - Returns: whether the ledger must be read again.
  private func settleProfiles(at now: Instant) throws(ExportError) -> Bool {
    let finished = agenda.finished
    for export in finished { try ledger.markDone(export, now: now) }
    var hasChanged = !finished.isEmpty
    for (export, run) in agenda.waiting {
      let definition = try ledger.revision(of: export).resolved.definition
      let admission = try ledger.admit(
        run, stopRecurring: definition.stopRecurring, resume: definition.resumeRecurring, now: now)
      if admission == .admitted || definition.stopRecurring { hasChanged = true }
    }
    let resumed = try ledger.resumeRecurring(now: now)
    if !resumed.isEmpty {
      logger.notice("started again after a one-time export: \(resumed.joined(separator: ", "))")
    }
    return hasChanged || !resumed.isEmpty
  }

  /// Takes back runs of this process that nobody works on: the ledger did not hold how their last attempt ended. Those of
  /// stopped exports that nobody asks for any more are stopped again.
  private func retrieve() throws(ExportError) {
    func isLost(_ run: RunRecord) -> Bool {
      run.state == .running && run.bootId == executor.bootId && running[run.id] == nil
    }
    let lost = agenda.open.flatMap(\.open).filter(isLost)
    for run in lost { try ledger.interrupt(run.id, reason: "interrupted; goes on now") }
    let over = orphans.values.flatMap(\.self).filter(isLost).sorted { $0.id < $1.id }
    for run in over {
      _ = try ledger.stopped(run.id, reason: "the export was deleted", now: time.now())
    }
    let unasked = agenda.unasked
    for export in unasked { try ledger.stopWaiting(of: export, now: time.now()) }
    if !lost.isEmpty || !over.isEmpty || !unasked.isEmpty { try readLedger() }
  }

  private func hold(_ run: RunId?) {
    beingCleaned = run
    if run == nil { wake.yield() }
  }

  private func begin(at now: Instant) -> [Job] {
    agenda.starts(running: Set(running.keys), at: now).filter { $0.run != beingCleaned }.map { start in
      let control = AttemptControl(time: time)
      running[start.run] = RunningAttempt(
        export: start.export, control: control, stoppedAt: agenda.entries[start.export]?.record.stoppedAt)
      return .attempt(start, control)
    }
  }

  /// Ends attempts whose export was stopped or that do not move, and writes down how far the others have come.
  private func watch() throws(ExportError) {
    for (id, attempt) in running.sorted(by: { $0.key < $1.key }) {
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
    var due: [Chore] = []
    let uptime = time.uptime()
    if chores.begin(.clean, at: uptime, atOnce: mayHaveLeftovers) {
      mayHaveLeftovers = false
      due.append(.clean)
    }
    for chore in [Chore.tell, .prune] where chores.begin(chore, at: uptime) { due.append(chore) }
    if !agenda.strangers.isEmpty, chores.begin(.acquaint, at: uptime) { due.append(.acquaint) }
    return due.map { .chore($0, $0 == .acquaint ? agenda.strangers.map(\.record) : []) }
  }

  private func report() {
    let next = agenda.nextDue.map {
      (name: $0.record.name, at: $0.upcoming!.to, zone: $0.planner.zone)
    }
    hooks.turned(
      SchedulerReport(
        exports: agenda.entries.count, running: running.count, next: next, isHealthy: !hasHungCall))
  }

  /// Whether something that was told to end, since it did not move, has not.
  private var hasHungCall: Bool {
    let stall = Int64(settings.stallTimeout) * 1000
    let patience = stall + min(stall, Self.longestGrace)
    return running.values.contains { $0.control.ending != nil && $0.control.stillFor > patience }
      || chores.isOverdue(at: time.uptime(), patience: patience)
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
    case .chore(let chore, let strangers):
      await inTime { [self] in await carryOut(chore, strangers) }
      chores.end(chore)
      if chore != .acquaint { return }
    }
    wakeUp()
  }

  private func carryOut(_ chore: Chore, _ strangers: [ExportRecord]) async {
    switch chore {
    case .clean:
      let cleaner = Cleaner(
        ledger: ledger, executor: executor, logger: logger, holds: { [self] in await hold($0) })
      await cleaner.clean()
      await cleaner.tidy()
    case .tell:
      await NoticeTelling(
        ledger: ledger, tell: hooks.tell, policy: executor.policy, time: time, logger: logger
      ).run()
    case .prune:
      await Pruning(ledger: ledger, keepDays: settings.keepHistoryDays, logger: logger).run(now: time.now())
    case .acquaint:
      for record in strangers { await Acquaintance(ledger: ledger, parts: executor.parts).make(record.id) }
    }
  }

  /// Work that comes round again is cancelled when it takes as long as an attempt may stand still: a call that hangs would
  /// otherwise be its last.
  private nonisolated func inTime(_ work: @escaping @Sendable () async -> Void) async {
    let patience = Int64(await settings.stallTimeout) * 1000
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await work() }
      group.addTask { [time] in try? await time.sleep(milliseconds: patience) }
      await group.next()
      group.cancelAll()
    }
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
            try await executor.attempt(start.run, control: control, for: start.occasion))
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
    if case .failure = outcome {
      // Nothing was written down, so the run would be begun again at once, and again.
      try? await time.sleep(milliseconds: 1000)
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
