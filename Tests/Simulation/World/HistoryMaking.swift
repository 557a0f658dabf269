import ExportCore
import TimeZones
import ZoneTesting

/// Makes histories up. Times are chosen so that things meet: rows on boundaries, people and crashes just when windows
/// become due.
package struct HistoryMaking {
  var random: SeededRandom
  var steps: [History.Step] = []
  var start: Int64 = 0
  var databases: [String] = []
  /// How far the clock has been set by when: for what the wall clock shows at a time.
  private var settings: [(at: Int64, by: Int64)] = []
  /// The definitions as they stand so far, by name.
  var written: [String: Writing] = [:]
  var fromFile: Set<String> = []
  var names = 0
  private var rows: [History.NewRow] = []
  /// Few histories are long: most mistakes need few steps, and many short histories find more of them in the same time.
  private var isLong = false

  /// Every zone that histories use: with all sorts of changes of the clock.
  package static let zones = [
    "UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo",
    "America/Santiago", "America/Havana", "Asia/Beirut", "Atlantic/Azores", "Pacific/Chatham",
    "Antarctica/Troll",
  ]
  /// Instants near which clocks change in 2026 somewhere among them, and one far from any.
  static let origins: [Int64] = [
    1_774_742_400, 1_772_956_800, 1_775_318_400, 1_777_000_000, 1_788_400_000, 1_793_000_000, 1_793_520_000,
    1_781_000_000,
  ]
  private static let events = ["Charged", "App Launched", "Viewed"]

  package static func history(seed: UInt64) -> History {
    var making = HistoryMaking(random: SeededRandom(seed: seed))
    if isOfProfiles(seed) { return making.makeProfiles(seed) }
    return isOfMoments(seed) ? making.makeMoments(seed) : making.make(seed)
  }

  /// One history in three is of profiles; the others keep what they hold whatever is added here.
  package static func isOfProfiles(_ seed: UInt64) -> Bool { seed % 3 == 0 }

  /// What `--of` calls them.
  package static func kind(of seed: UInt64) -> String {
    isOfProfiles(seed) ? "profiles" : isOfMoments(seed) ? "moments" : "events"
  }

  private init(random: SeededRandom) { self.random = random }

  mutating func make(_ seed: UInt64) -> History {
    start = pick(Self.origins) + Int64(number(-36...36)) * 3600 + Int64(number(0...3599))
    databases = chance(70) ? ["0"] : ["0", "1"]
    let zone = pick(Self.zones)
    isLong = chance(5)
    let length = Int64(isLong ? number(24...80) : number(4...24)) * 3_600_000
    for _ in 0..<(isLong ? number(1...3) : pick([1, 1, 1, 2])) {
      addCreation(at: Int64(number(0...3)) * 60_000)
    }
    insert(count: number(0...8), at: 0, points: 0)
    for _ in 0..<(isLong ? number(20...50) : number(3...16)) { addStep(before: length) }
    steps.sort { $0.at < $1.at }
    return History(
      seed: seed, zone: zone, start: start, databases: databases, order: chance(50) ? .timestamp : .sequence,
      isOnFiles: chance(10), isWAL: chance(60),
      maxConcurrentRuns: number(1...3), stallTimeout: pick([60, 600]),
      prefixes: [
        "lake": pick(["", "raw/", "{export}/{eventDate}", "{date}/{eventName}-{databaseId}"]), "pond": "",
      ],
      disorder: pick([0, 20, 100]), startsAllAtTheEnd: chance(60), steps: steps)
  }

  // MARK: Steps

  mutating func addStep(before length: Int64) {
    let at = time(before: length)
    let points = chance(60) ? number(0...300) : 0
    switch number(0..<100) {
    case 0..<34 where chance(10): add(at, .repeatRows(number(1...6)), at: .file, mayCrash: chance(70))
    case 0..<34: insert(count: number(1...6), at: at, points: points)
    case 34..<37: add(at, points, .update(number(0...99)))
    case 37..<39: add(at, points, .delete(number(0...99)))
    case 39..<44: setClock(at)
    case 44..<47: addCreation(at: at)
    case 47..<53: edit(at, points)
    case 53..<55: add(at, points, .accountZone(pick(Self.zones)))
    case 55..<60: anyName { $0.stop($1, at, points) }
    case 60..<65: anyName { $0.add(at, points, .start($1, skippingMissed: $0.chance(20))) }
    case 65..<67: anyName { $0.remove($1, at, points) }
    case 67..<68: anyName { $0.add(at, points, .again($1)) }
    case 68..<73:
      anyName { $0.add(at, points, .run($1, restart: $0.chance(30), rebase: $0.chance(5))) }
    case 73..<78: spell(at, length, of: { .destination($0) })
    case 78..<81: spell(at, length, of: { .source($0) })
    case 81..<83:
      add(at, 0, .ledger(failing: pick([3, 30, 300])))
      add(at + Int64(exponential(upTo: 10 * 3600)) * 1000, 0, .ledger(failing: 0))
    case 83..<95:
      add(at, 0, .crash(points: exponential(upTo: 800), downtime: Int64(exponential(upTo: 8 * 3600)) * 1000))
    default: add(at, points, .terminate(downtime: Int64(exponential(upTo: 8 * 3600)) * 1000))
    }
  }

  /// What may happen in the midst of things sometimes happens when a run is at its most delicate, and the process may die
  /// of it.
  mutating func add(_ at: Int64, _ points: Int, _ act: History.Act) {
    if points > 0, chance(15) {
      add(at, act, at: pick(History.Occasion.allCases), mayCrash: chance(50))
    } else {
      steps.append(History.Step(at: at, points: points, act: act))
    }
  }

  private mutating func add(
    _ at: Int64, _ act: History.Act, at occasion: History.Occasion, mayCrash: Bool
  ) {
    var step = History.Step(at: at, points: 0, occasion: occasion, act: act)
    if mayCrash {
      let downtime = Int64(exponential(upTo: 8 * 3600)) * 1000
      step.act = .together(act, .crash(points: exponential(upTo: 40), downtime: downtime))
    }
    steps.append(step)
  }

  /// Half of all things happen just when some window may become due.
  mutating func time(before length: Int64) -> Int64 {
    let at = Int64.random(in: 0..<length, using: &random)
    guard chance(60) else { return at }
    let wall = wall(at)
    return max(0, at + ((wall / 900) * 900 - wall) * 1000 + Int64(number(0...4000)))
  }

  func wall(_ at: Int64) -> Int64 {
    start + at / 1000 + settings.filter { $0.at <= at }.reduce(0) { $0 + $1.by }
  }

  /// Often followed soon by a change of mind.
  mutating func stop(_ name: String, _ at: Int64, _ points: Int) {
    if chance(20) { return add(at, .stop(name), at: .manifest, mayCrash: true) }
    add(at, points, .stop(name))
    guard chance(60) else { return }
    let later = at + Int64(exponential(upTo: 100_000_000))
    if chance(80) {
      add(later, number(0...100), .start(name, skippingMissed: chance(10)))
    } else {
      add(later, number(0...100), .run(name, restart: false, rebase: false))
    }
  }

  /// A bad spell that ends.
  mutating func spell(_ at: Int64, _ length: Int64, of act: (Weather.Mood) -> History.Act) {
    let mood = Weather.Mood(
      failing: pick([0, 10, 50, 100]), lying: pick([0, 20, 50]), hanging: pick([0, 0, 5, 30]),
      isLasting: chance(20),
      slowness: pick([0, 10, 1000, 20000]))
    add(at, 0, act(mood))
    if chance(80) { add(at + Int64(exponential(upTo: 40 * 3600)) * 1000, 0, act(Weather.Mood())) }
  }

  /// Back by less than a window; forward by as much as it takes for runs to give up.
  mutating func setClock(_ at: Int64) {
    let by = pick([1, -1, 3600, -3600, 7200, 30000, isLong ? 4 * 86400 : 43200, -600])
    settings.append((at, Int64(by)))
    // However they come to follow one another, the clock never falls far behind what it has shown before.
    settings.sort { $0.at < $1.at }
    var (shift, highest): (Int64, Int64) = (0, 0)
    for setting in settings {
      shift += setting.by
      highest = max(highest, shift)
      guard highest - shift <= 3 * 3600 else { return settings.removeAll { $0.at == at } }
    }
    add(at, number(0...50), .setClock(by: Int64(by)))
  }

  // MARK: Definitions

  mutating func addCreation(at: Int64) { addCreation(of: newWriting(at), at: at) }

  mutating func addCreation(of writing: Writing, at: Int64) {
    names += 1
    let name = "export-\(names)"
    written[name] = writing
    if chance(40) {
      fromFile.insert(name)
      add(at, 0, .file(name, writing))
    } else {
      add(at, 0, .create(name, writing))
    }
  }

  mutating func newWriting(_ at: Int64) -> Writing {
    var writing = Writing()
    let today = Int(wall(at) / 86400)
    if chance(30) { writing.destination = "pond" }
    if chance(40) { writing.names = Array(Self.events.shuffled(using: &random).prefix(number(1...2))) }
    if chance(25) { writing.zone = pick(Self.zones) }
    if chance(50) { writing.maxFileBytes = pick([1, 100, 200]) }
    if chance(20) {
      writing.once = pick([
        "\"today\"", "\"yesterday\"", "{\"lastDays\":\(number(1...5))}",
        "{\"day\":\"\(date(today - number(1...3)))\"}",
      ])
      return writing
    }
    writing.everyHours = pick(isLong ? [4, 6, 8, 12, 24, 5, 7] : [4, 4, 6, 5, 7])
    if chance(70) { writing.from = date(today - (isLong ? number(0...3) : pick([0, 0, 1]))) }
    if chance(60) { writing.at = clock() }
    if chance(20) { writing.until = date(today + number(0...2)) }
    if chance(30) { writing.delayMinutes = pick([0, 5, 90, 240]) }
    return writing
  }

  mutating func edit(_ at: Int64, _ points: Int) {
    guard let name = written.keys.sorted().randomElement(using: &random), var writing = written[name] else {
      return
    }
    switch number(0..<7) {
    case 0: writing.everyHours = writing.everyHours == nil ? nil : pick([4, 5, 6, 8])
    case 1: writing.at = writing.everyHours == nil ? nil : clock()
    case 2: writing.zone = pick(Self.zones)
    case 3, 6:
      writing.names = chance(30) ? nil : Array(Self.events.shuffled(using: &random).prefix(number(1...3)))
    case 4: writing.delayMinutes = writing.everyHours == nil ? nil : pick([0, 5, 120])
    default: writing.destination = pick(["lake", "pond"])
    }
    written[name] = writing
    add(at, points, fromFile.contains(name) ? .file(name, writing) : .edit(name, writing))
  }

  mutating func remove(_ name: String, _ at: Int64, _ points: Int) {
    if fromFile.contains(name) {
      add(at, points, .file(name, nil))
      if chance(50), let writing = written[name] {
        add(at + Int64(exponential(upTo: 40000)) * 1000, points, .file(name, writing))
      }
    } else {
      add(at, points, .remove(name))
    }
  }

  mutating func anyName(_ use: (inout Self, String) -> Void) {
    if let name = written.keys.sorted().randomElement(using: &random) { use(&self, name) }
  }

  mutating func clock() -> String {
    let (hour, minute) = (number(0...23), pick([0, 0, 15, 30, 45]))
    return "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
  }

  func date(_ days: Int) -> String { LocalDate(daysSinceEpoch: days).description }

  // MARK: Rows

  mutating func insert(count: Int, at: Int64, points: Int) {
    guard count > 0 else { return }
    add(
      at, points,
      .insert(
        (0..<count).map { _ in
          if let row = rows.randomElement(using: &random), chance(15) { return beside(row) }
          let row = History.NewRow(
            databaseId: pick(databases), ts: chance(96) ? timestamp(wall(at)) : nil,
            name: chance(97) ? pick(Self.events) : nil)
          rows.append(row)
          return row
        }))
  }

  /// Where files that have been delivered may already hold what lies around it.
  private mutating func beside(_ row: History.NewRow) -> History.NewRow {
    var row = row
    row.ts = row.ts.map { $0 + Int64(number(-1...1)) }
    return row
  }

  mutating func timestamp(_ now: Int64) -> Int64 {
    let milliseconds = now * 1000
    switch number(0..<10) {
    case 0..<3: return milliseconds - Int64(number(0...600_000))
    case 3..<5: return milliseconds - Int64(number(0...48 * 3_600_000))
    case 5..<9:
      // On a boundary, or a millisecond beside it.
      return (now / 900 - Int64(number(-16...96))) * 900_000 + Int64(number(-1...1))
    default: return milliseconds + Int64(number(-30 * 24...12)) * 3_600_000
    }
  }

  // MARK: Chance

  mutating func chance(_ percent: Int) -> Bool { number(0..<100) < percent }
  mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  mutating func pick<T>(_ choices: [T]) -> T { choices.randomElement(using: &random)! }

  /// Each order of magnitude is as likely as any other.
  mutating func exponential(upTo limit: Int) -> Int {
    var value = limit
    while value > 1, chance(60) { value /= 3 }
    return number(1...max(1, value))
  }
}
