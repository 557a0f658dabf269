import ExportCore
import Foundation
import Glibc
import Ledger
import SimulationOracle
import TimeZones
import ZoneTesting

/// Drives one history: runs the engine job by job, moves the clock when nobody can go on, and lets the steps of the
/// history happen in between. It belongs to the thread that runs it: so do all tasks of the engine.
final class Simulator: @unchecked Sendable {
  private let history: History
  private let world: World
  private let installation: Installation
  private let executor = SteppedExecutor()
  private let people: People
  private var state: StateReader
  /// Decides what the driver decides: which job runs, how far the clock moves.
  private var random: SeededRandom

  private var process: DaemonProcess?
  private var lives = 0
  /// When the next process starts, in milliseconds since the beginning; nil while one runs.
  private var bootsAt: Int64? = 0
  private var downtime: Int64 = 0
  private var nextStep = 0
  /// Points left until the next step happens in the midst of things.
  private var pointsUntilStep: Int?
  /// When a step that waits for an occasion waits no longer.
  private var occasionEnds: Int64 = 0
  /// Until then the clock moves second by second.
  private var fineUntil: Int64 = 0
  private var jobs = 0
  private var isResting = false
  /// What the wall clock showed then.
  private var restsFrom: Int64 = 0
  private var problems: [Violation] = []

  /// How long a step waits for an occasion, in milliseconds.
  private static let patience: Int64 = 12 * 3_600_000

  /// More than any history needs; one that does not come to rest ends here.
  private static let jobLimit = 400_000

  /// - Parameter directory: empty, on a fast disk; it is left behind.
  init(_ history: History, directory: String, trace: Trace) throws {
    self.history = history
    random = SeededRandom(seed: history.seed ^ 0x5DEE_CE66_D5DE_ECE6)
    world = World(directory: directory, start: history.start, seed: history.seed &+ 1, trace: trace)
    let databases = history.databases + (history.profiles?.others ?? [])
    for id in databases {
      world.tables[id] = SourceTable(databaseId: id)
      world.profileTables[id] = ProfileTable(databaseId: id)
    }
    if history.isOnFiles {
      world.files = try SourceFiles(
        databases, in: directory, isWAL: history.isWAL, hasTimeIndex: history.order == .timestamp,
        profiles: history.profiles)
    }
    installation = Installation(world, history, executor)
    try Template.copy(to: directory)
    people = People(installation, try Ledger(stateDirectory: directory))
    state = try StateReader(path: directory + "/exportd.db", world: world)
    if let profiles = history.profiles {
      world.witness = try Witness(
        path: directory + "/exportd.db", world: world, remembersRuns: profiles.keepDays < 30)
    }
    world.newStaging()
  }

  /// Lives through the history, then lets everything come to rest without faults.
  func run() throws -> [Violation] {
    while nextStep < history.steps.count || bootsAt != nil || pointsUntilStep != nil {
      guard try turn() else { return [Violation("everything due gets done", "\(jobs) jobs and no end")] }
    }
    let cameToRest = try rest()
    var testimony = try testimony()
    testimony.cameToRest = cameToRest
    try end()
    return problems + Oracle.judge(testimony)
  }

  // MARK: One turn

  /// Runs a job, or when there is none lets something happen.
  /// - Returns: false when there have been too many.
  private func turn() throws -> Bool {
    if executor.isOutside { try awaitArrival() }
    if let process, process.life.isDead || process.hasEnded { try bury(process) }
    if pointsUntilStep == nil, nextStep < history.steps.count,
      history.steps[nextStep].at <= world.clock.elapsed
    {
      // Before the jobs that are due now, so that it happens in the midst of them.
      waitForStep(history.steps[nextStep])
    } else if executor.readyCount > 0 {
      jobs += 1
      guard jobs < Self.jobLimit else { return false }
      if let process, !world.pass(process.life) { return true }
      executor.step { count in
        count > 1 && Int.random(in: 0..<100, using: &random) < history.disorder
          ? Int.random(in: 0..<count, using: &random) : 0
      }
    } else if pointsUntilStep != nil, world.onOccasion == nil || occasionEnds <= world.clock.elapsed {
      takeStep()
    } else if let bootsAt, bootsAt <= world.clock.elapsed {
      try boot()
    } else {
      let coming = nextStep < history.steps.count ? history.steps[nextStep].at : nil
      advance(noFurtherThan: [bootsAt, pointsUntilStep == nil ? coming : occasionEnds])
    }
    return true
  }

  private func awaitArrival() throws {
    guard executor.awaitArrival() else { throw Lost() }
  }

  /// Work on another thread never came back.
  private struct Lost: Error {}

  /// It happens at once, or in the midst of things: at the latest when nobody can go on, or when an occasion does not come
  /// before the next step.
  private func waitForStep(_ step: History.Step) {
    if process != nil, let occasion = step.occasion {
      pointsUntilStep = .max
      let next = nextStep + 1 < history.steps.count ? history.steps[nextStep + 1].at : .max
      occasionEnds = min(next, step.at + Simulator.patience)
      world.onOccasion = { [unowned self] in if $0 == occasion { takeStep() } }
    } else if process != nil, step.points > 0 {
      pointsUntilStep = step.points
      world.onPoint = { [unowned self] in passPoint() }
    } else {
      takeStep()
    }
  }

  private func passPoint() {
    guard let left = pointsUntilStep else { return }
    pointsUntilStep = left - 1
    if left <= 1 { takeStep() }
  }

  /// To the next thing that happens. While nothing is under way the daemon looks at the clock less often than it does
  /// in truth: a machine that is busy or asleep.
  private func advance(noFurtherThan limits: [Int64?], longest: Int64 = 3_600_000) {
    let now = world.clock.elapsed
    var leap: Int64 = 1000
    if now >= fineUntil {
      let limit: Int64 = world.clock.isWorking ? 20_000 : longest
      while leap < limit, isResting || Int.random(in: 0..<100, using: &random) < 90 { leap *= 3 }
      leap = min(leap, limit)
    }
    var targets = [now + leap, world.clock.nextWork].compactMap { $0 } + limits.compactMap { $0 }
    if leap > 1000, Int.random(in: 0..<100, using: &random) < 10 { targets.append(justBeforeTheQuarter) }
    world.clock.advance(to: targets.min()!)
  }

  /// The last second of this quarter of an hour, or of the next one: windows end with one.
  private var justBeforeTheQuarter: Int64 {
    let second = world.clock.now().seconds
    let left = 899 - (second % 900 + 900) % 900
    return (world.clock.elapsed / 1000 + (left > 0 ? left : 900)) * 1000
  }

  // MARK: Processes

  private func boot() throws {
    bootsAt = nil
    lives += 1
    let life = Life(number: lives, stagingDirectory: world.stagingDirectory)
    do {
      process = try DaemonProcess(
        installation, life: life, executor: executor, onReconciled: { [unowned self] in lookAtState() })
      people.isUp = true
    } catch {
      guard life.isDead || world.weather.failingStatements > 0 else { throw error }
      // Whoever supervises it starts it again.
      bootsAt = world.clock.elapsed + max(downtime, 5000)
      try examine()
    }
  }

  /// A process has died or ended: lets its tasks run out, and plans the next one.
  private func bury(_ process: DaemonProcess) throws {
    process.cancel()
    while executor.readyCount > 0 || executor.isOutside, jobs < Self.jobLimit {
      if executor.isOutside { try awaitArrival() }
      jobs += 1
      executor.step { _ in 0 }
    }
    if !process.hasEnded {
      problems.append(Violation("a process ends", "process \(process.life.number) has tasks that do not"))
    }
    self.process = nil
    people.isUp = false
    bootsAt = world.clock.elapsed + downtime
    if !process.life.isDead {
      world.pointsUntilDeath = nil
      world.newStaging(from: process.life.stagingDirectory)
    }
    try examine()
  }

  private func examine() throws {
    lookAtState()
    try state.checkWatermarks()
    try state.lookAtDelivered()
  }

  private func lookAtState() {
    do {
      try state.look(accountZone: installation.configuration.timeZone)
    } catch {
      problems.append(Violation("the state database can be read", "\(error)"))
    }
  }

  // MARK: Steps

  private func takeStep() {
    pointsUntilStep = nil
    world.onPoint = nil
    world.onOccasion = nil
    let step = history.steps[nextStep]
    nextStep += 1
    world.note("step \(nextStep - 1): \(step.act)")
    fineUntil = world.clock.elapsed + 4000
    world.witness?.look()
    defer { world.witness?.look() }
    do {
      try perform(step.act)
    } catch {
      problems.append(Violation("applications can write", "\(step.act): \(error)"))
    }
  }

  private func perform(_ act: History.Act) throws {
    switch act {
    case .insert(let rows): try world.insert(rows)
    case .repeatRows(let count): try world.insert(world.latest(count))
    case .write(let writes): try world.write(writes, lookback: Int64(history.profiles?.lookback ?? 0))
    case .update(let place):
      if let (id, sequence) = row(place) { try world.update(sequence, in: id) }
    case .delete(let place):
      if let (id, sequence) = row(place) { try world.delete(sequence, from: id) }
    case .setClock(let seconds): world.clock.set(by: seconds)
    case .create(let name, let writing): people.create(name, writing)
    case .edit(let name, let writing): people.edit(name, writing)
    case .file(let name, let writing): people.file(name, writing)
    case .accountZone(let zone): people.accountZone(zone)
    case .stop(let name): people.stop(name)
    case .start(let name, let skips): people.start(name, skippingMissed: skips)
    case .again(let name): people.again(name)
    case .remove(let name): people.remove(name)
    case .run(let name, let restart, let rebase): people.run(name, restart: restart, rebase: rebase)
    case .source(let mood): world.weather.source = mood
    case .destination(let mood): world.weather.destination = mood
    case .ledger(let failing): world.weather.failingStatements = failing
    case .crash(let points, let downtime):
      self.downtime = downtime
      if process != nil { world.pointsUntilDeath = points }
    case .terminate(let downtime):
      self.downtime = downtime
      process?.terminate()
    case .together(let one, let other):
      try perform(one)
      try perform(other)
    }
    switch act {
    case .create, .edit, .again: lookAtState()
    default: break
    }
  }

  private func row(_ place: Int) -> (String, Int64)? {
    let present = history.databases.flatMap { id in world.tables[id]!.present.map { (id, $0.sequence) } }
    return present.isEmpty ? nil : present[place % present.count]
  }

  // MARK: The end

  /// No more faults, and as much time as it takes: two windows of every export that goes on.
  private func rest() throws -> Bool {
    world.note("rest")
    isResting = true
    restsFrom = world.clock.now().seconds
    let needed = Int64(history.longestWindow + 9) * 3_600_000
    world.weather = Weather()
    world.pointsUntilDeath = nil
    downtime = 0
    if history.startsAllAtTheEnd {
      for name in try state.stopped() { people.start(name, skippingMissed: false) }
    }
    let began = world.clock.elapsed
    var lookedAt: Int64 = 0
    while world.clock.elapsed - began < 12 * 86_400_000 {
      guard try turnAtRest() else { return false }
      let isQuiet = executor.readyCount == 0 && !executor.isOutside && !world.clock.isWorking
      guard isQuiet, world.clock.elapsed - lookedAt > 1_800_000 else { continue }
      lookedAt = world.clock.elapsed
      let overdue = try state.overdue(at: world.clock.now().seconds)
      if overdue.isEmpty, world.clock.elapsed - began > needed, process != nil { return true }
      for run in overdue where run.error?.contains("replaced") ?? false {
        people.run(run.name, restart: false, rebase: true)
      }
    }
    // What is left undone the oracle tells one by one.
    return true
  }

  private func turnAtRest() throws -> Bool {
    if executor.readyCount == 0, !executor.isOutside, bootsAt == nil {
      if let process, process.life.isDead || process.hasEnded {
        try bury(process)
      } else {
        advance(noFurtherThan: [], longest: 5_400_000)
      }
      return true
    }
    return try turn()
  }

  private func testimony() throws -> Testimony {
    try examine()
    var testimony = Testimony()
    testimony.rows = history.databases.flatMap { world.tables[$0]!.rows }
    if let profiles = history.profiles {
      testimony.hasVersions = profiles.hasVersions
      testimony.databases = ["main": history.databases, "other": profiles.others]
      testimony.profileStates = (history.databases + profiles.others)
        .flatMap { world.profileTables[$0]!.states }
      world.witness?.look()
      testimony.glances = world.witness?.glances ?? []
      testimony.readings = world.witness?.readings ?? []
    }
    testimony.deposits = world.deposits
    testimony.recorded = state.recorded
    testimony.exports = try state.exports()
    testimony.prunedExports = try state.prunedExports()
    testimony.runs = try state.runs()
    let present = Set(testimony.runs.map(\.id))
    testimony.runs += (world.witness?.runs ?? [:]).filter { !present.contains($0.key) }.map(\.value)
    testimony.deeds = people.deeds
    testimony.undeletable = try state.undeletable()
    testimony.unwilling = world.unwilling
    testimony.uploads = world.uploads.keys.sorted()
    testimony.staged = fileNames(of: world.stagingDirectory)
    testimony.strayWatermarks = state.strayWatermarks
    testimony.faultsEnd = restsFrom
    testimony.end = world.clock.now().seconds
    testimony.highWater = world.clock.highWater
    return testimony
  }

  /// Ends the last process as SIGTERM does, and sees that it ends.
  private func end() throws {
    guard let process else { return }
    process.terminate()
    for _ in 0..<10_000 where !process.hasEnded {
      if executor.isOutside { try awaitArrival() }
      if executor.readyCount > 0 {
        executor.step { _ in 0 }
      } else {
        world.clock.advance(to: world.clock.elapsed + 1000)
      }
    }
    try bury(process)
  }
}

/// An empty state database, made once: migrations take longer than many a history.
enum Template {
  private static let file: Result<String, any Error> = Result {
    let directory = FileManager.default.temporaryDirectory.path + "/exportd-template-\(getpid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    _ = try Ledger(stateDirectory: directory)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: directory + "/exportd.db"))
    content = bytes
    return directory
  }
  nonisolated(unsafe) private static var content = Data()

  static func copy(to directory: String) throws {
    _ = try file.get()
    try content.write(to: URL(fileURLWithPath: directory + "/exportd.db"))
  }
}
