import ExportCore

/// Histories of profiles: exports that recur and exports that run once, of the same source and of another, among
/// applications whose transactions commit long after they began.
extension HistoryMaking {
  private static let objects = ["p1", "p10", "p2", "Z", "é", "p3", "𝔭", "a-b", "p4"]

  mutating func makeProfiles(_ seed: UInt64) -> History {
    start = pick(Self.origins) + Int64(number(-36...36)) * 3600 + Int64(number(0...3599))
    databases = chance(60) ? ["0"] : ["0", "1"]
    let profiles = History.Profiles(
      hasVersions: chance(75), lookback: pick([0, 600, 3600, 3600]), others: chance(25) ? ["9"] : [],
      keepDays: pick([400, 400, 400, 1]))
    let zone = pick(Self.zones)
    let length = Int64(number(4...28)) * 3_600_000
    write(count: number(0...6), profiles, at: 0, points: 0)
    for _ in 0..<number(1...3) { addProfileCreation(profiles, at: Int64(number(0...3)) * 60_000) }
    if chance(15) { addCreation(at: Int64(number(0...5)) * 60_000) }
    for _ in 0..<number(4...20) { addProfileStep(profiles, before: length) }
    steps.sort { $0.at < $1.at }
    return History(
      seed: seed, zone: zone, start: start, databases: databases, order: chance(50) ? .timestamp : .sequence,
      isOnFiles: chance(10), isWAL: true, maxConcurrentRuns: number(1...3), stallTimeout: pick([60, 600]),
      prefixes: ["lake": pick(["", "raw/", "{export}/{date}", "{databaseId}/"]), "pond": ""],
      disorder: pick([0, 20, 100]), startsAllAtTheEnd: chance(60), profiles: profiles, steps: steps)
  }

  private mutating func addProfileStep(_ profiles: History.Profiles, before length: Int64) {
    let at = time(before: length)
    let points = chance(60) ? number(0...300) : 0
    switch number(0..<100) {
    case 0..<36: write(count: number(1...4), profiles, at: at, points: points)
    case 36..<40: setClock(at)
    case 40..<52: addProfileCreation(profiles, at: at)
    case 52..<57: editProfiles(profiles, at, points)
    case 57..<58: add(at, points, .accountZone(pick(Self.zones)))
    case 58..<63: anyName { $0.stop($1, at, points) }
    case 63..<68: anyName { $0.add(at, points, .start($1, skippingMissed: $0.chance(20))) }
    case 68..<71: anyName { $0.remove($1, at, points) }
    case 71..<73: anyName { $0.add(at, points, .again($1)) }
    case 73..<78: anyName { $0.add(at, points, .run($1, restart: $0.chance(30), rebase: $0.chance(8))) }
    case 78..<82: spell(at, length, of: { .destination($0) })
    case 82..<85: spell(at, length, of: { .source($0) })
    case 85..<87:
      add(at, 0, .ledger(failing: pick([3, 30, 300])))
      add(at + Int64(exponential(upTo: 10 * 3600)) * 1000, 0, .ledger(failing: 0))
    case 87..<96:
      add(at, 0, .crash(points: exponential(upTo: 400), downtime: Int64(exponential(upTo: 8 * 3600)) * 1000))
    default: add(at, points, .terminate(downtime: Int64(exponential(upTo: 8 * 3600)) * 1000))
    }
  }

  // MARK: Definitions

  private mutating func addProfileCreation(_ profiles: History.Profiles, at: Int64) {
    var writing = newWriting(at)
    writing.names = nil
    writing.once = nil
    if chance(50) { writing.maxFileBytes = 1 }
    if !profiles.others.isEmpty, chance(30) { writing.source = "other" }
    if chance(55) {
      writing.profiles = mode(profiles)
      if writing.everyHours == nil { writing.everyHours = pick([4, 5, 6]) }
    } else {
      writing.profiles = "once"
      (writing.everyHours, writing.from, writing.at, writing.until, writing.delayMinutes) =
        (nil, nil, nil, nil, nil)
      let period = pick(["\"today\"", "\"yesterday\"", "{\"lastDays\":\(number(1...3))}"])
      writing.once = chance(65) || !profiles.hasVersions ? "\"now\"" : period
      writing.stopRecurring = chance(60)
      writing.resumeRecurring = writing.stopRecurring && chance(65)
      if writing.resumeRecurring, chance(25) { stopMeanwhile(at) }
    }
    addCreation(of: writing, at: at)
  }

  /// A person stops what a one-time export has stopped already, while that has a bad time.
  private mutating func stopMeanwhile(_ at: Int64) {
    let recurring = written.keys.sorted().filter { written[$0]!.everyHours != nil }
    guard let name = recurring.randomElement(using: &random) else { return }
    let later = at + Int64(number(1...600)) * 1000
    add(at, 0, .destination(Weather.Mood(failing: 100)))
    add(later, 0, .stop(name))
    add(later + Int64(number(1...600)) * 1000, 0, .destination(Weather.Mood()))
  }

  /// Many of the coming steps are of the same kind as those of events.
  private mutating func editProfiles(_ profiles: History.Profiles, _ at: Int64, _ points: Int) {
    let recurring = written.keys.sorted().filter { written[$0]!.everyHours != nil }
    guard let name = recurring.randomElement(using: &random), var writing = written[name] else { return }
    switch number(0..<6) {
    case 0: writing.everyHours = pick([4, 5, 6, 8])
    case 1: writing.at = clock()
    case 2: writing.zone = pick(Self.zones)
    case 3: if writing.profiles != nil { writing.profiles = mode(profiles) }
    case 4: writing.delayMinutes = pick([0, 5, 120])
    default: writing.destination = pick(["lake", "pond"])
    }
    written[name] = writing
    add(at, points, fromFile.contains(name) ? .file(name, writing) : .edit(name, writing))
  }

  private mutating func mode(_ profiles: History.Profiles) -> String {
    pick(
      profiles.hasVersions ? ["changed", "changed", "compared", "full"] : ["compared", "compared", "full"])
  }

  // MARK: Rows

  private mutating func write(count: Int, _ profiles: History.Profiles, at: Int64, points: Int) {
    guard count > 0 else { return }
    let places = databases + profiles.others
    add(
      at, points,
      .write(
        (0..<count).map { _ in
          History.ProfileWrite(
            databaseId: pick(places), objectId: pick(Self.objects),
            kind: pick([.put, .put, .put, .touch, .silent, .revert, .bury, .remove]),
            age: age(profiles))
        }))
  }

  /// Mostly minutes within `lookback`, up to its last second; now and then beyond it, or ahead of exportd's clock.
  private mutating func age(_ profiles: History.Profiles) -> Int64 {
    let lookback = Int64(profiles.lookback)
    switch number(0..<12) {
    case 0..<4: return 0
    case 4..<8: return Int64(number(0...max(1, profiles.lookback)))
    case 8: return lookback
    case 9: return lookback + Int64(number(1...7200))
    case 10: return lookback + 1
    default: return -Int64(number(1...3600))
    }
  }
}
