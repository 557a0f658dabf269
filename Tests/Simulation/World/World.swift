import Glibc
import SimulationOracle
import TimeZones
import ZoneTesting

/// All that outlives a process of exportd: the clock, the rows of the source, the objects at the destinations, and who
/// is alive. Whatever a process does to it goes through a ``Life``, which may end at any such point.
///
/// It belongs to the thread of the driver, as ``SimulatedClock`` does.
final class World: @unchecked Sendable {
  let clock: SimulatedClock
  /// Where state database and staging directories lie.
  let directory: String
  var random: SeededRandom
  var weather = Weather()
  /// Counts everything that happens in the world, so that each has its place in one order.
  private(set) var moment = 0
  /// The same rows on a disk, for a history that plays on real files.
  var files: SourceFiles?
  /// By database id.
  var tables: [String: SourceTable] = [:]
  var profileTables: [String: ProfileTable] = [:]
  /// How many profiles have been written so far.
  var profileWrites = 0
  /// Of a history of profiles.
  var witness: Witness?
  /// By destination, then by name.
  var stores: [String: [String: [UInt8]]] = [:]
  private(set) var deposits: [Testimony.Deposit] = []
  /// What could not be deleted when that was tried, as `store/name`.
  var unwilling: Set<String> = []
  /// Uploads that have begun and are not over, as `store/name`, by the number of the process that began them.
  var uploads: [String: Int] = [:]
  let trace: Trace

  /// How many further points of a process may be passed until it dies; nil for as many as it likes.
  var pointsUntilDeath: Int?
  /// Called where people and applications may interfere: no lock is held.
  var onPoint: (() -> Void)?
  /// Called on an occasion, if there is a step that waits for it; no lock is held either.
  var onOccasion: ((History.Occasion) -> Void)?
  private var isInterfering = false
  private var stagings = 0

  init(directory: String, start: Int64, seed: UInt64, trace: Trace) {
    self.directory = directory
    clock = SimulatedClock(start: start)
    random = SeededRandom(seed: seed)
    self.trace = trace
  }

  /// The number of a new thing that happens.
  func happen() -> Int {
    moment += 1
    return moment
  }

  func note(_ text: @autoclosure () -> String) {
    trace.note { "\(clock.elapsed) \(clock.now().seconds) \(text())" }
  }

  // MARK: Points

  /// A place where the process may die, and where others may come in between.
  /// - Parameter isQuiet: false where a lock of the state database may be held.
  /// - Returns: whether it lives on.
  func pass(_ life: Life, isQuiet: @autoclosure () -> Bool = true) -> Bool {
    guard !life.isDead else { return false }
    if !isInterfering, let onPoint, isQuiet() {
      isInterfering = true
      onPoint()
      isInterfering = false
    }
    guard let left = pointsUntilDeath else { return true }
    pointsUntilDeath = left - 1
    guard left <= 1 else { return true }
    kill(life)
    return false
  }

  /// Something has come about that a step may wait for.
  func reach(_ occasion: History.Occasion, _ life: Life) {
    guard !life.isDead, !isInterfering, let onOccasion else { return }
    isInterfering = true
    onOccasion(occasion)
    isInterfering = false
  }

  /// Whether the ledger can carry out its next statement.
  func holdsStatement() -> Bool {
    guard weather.failingStatements > 0 else { return true }
    return Int.random(in: 0..<1000, using: &random) >= weather.failingStatements
  }

  /// From now on the process changes nothing any more. What it has in its staging directory stays as it is: the next
  /// one finds it there, whatever its tasks clear away while they end.
  func kill(_ life: Life) {
    note("process \(life.number) dies")
    life.isDead = true
    pointsUntilDeath = nil
    newStaging(from: life.stagingDirectory)
  }

  /// The staging directory of the next process.
  private(set) var stagingDirectory = ""

  func newStaging(from old: String? = nil) {
    stagings += 1
    stagingDirectory = "\(directory)/staging-\(stagings)"
    mkdir(stagingDirectory, 0o700)
    guard let old else { return }
    for name in fileNames(of: old) { link("\(old)/\(name)", "\(stagingDirectory)/\(name)") }
  }

  // MARK: Objects

  func put(_ bytes: [UInt8], as name: String, at store: String) {
    witness?.look()
    deposits.append(
      Testimony.Deposit(
        moment: happen(), elapsed: clock.elapsed, highWater: clock.highWater, store: store, name: name,
        bytes: bytes))
    stores[store, default: [:]][name] = bytes
    note("put \(store) \(name) \(bytes.count)")
  }

  func remove(_ name: String, at store: String) {
    guard stores[store, default: [:]].removeValue(forKey: name) != nil else { return }
    deposits.append(
      Testimony.Deposit(
        moment: happen(), elapsed: clock.elapsed, highWater: clock.highWater, store: store, name: name,
        bytes: nil))
    note("remove \(store) \(name)")
  }
}

/// One process of exportd, from its start to its end.
final class Life: @unchecked Sendable {
  let number: Int
  let stagingDirectory: String
  fileprivate(set) var isDead = false

  init(number: Int, stagingDirectory: String) {
    self.number = number
    self.stagingDirectory = stagingDirectory
  }
}

/// What the tasks of a dead process meet wherever they turn.
struct Dead: Error {
  init() {}
}

/// The names in a directory, sorted; none when it is not there.
func fileNames(of directory: String) -> [String] {
  guard let stream = opendir(directory) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}
