import ExportCore

/// Histories of one moment that chance brings about once in some thousand histories. Mostly a run has just sent a file that holds several
/// rows, and not yet all of its files. Then rows come that belong between those, and something breaks; or the export is sent
/// elsewhere, or sends less, before anybody knows of the file.
extension HistoryMaking {
  /// Two histories in 21, none of them of profiles.
  package static func isOfMoments(_ seed: UInt64) -> Bool { seed % 21 == 1 || seed % 21 == 8 }

  mutating func makeMoments(_ seed: UInt64) -> History {
    switch seed % 63 {
    case 22: makeGivenUp(seed, isOvertaken: true)
    case 43: makeGivenUp(seed, isOvertaken: false)
    default: makeMomentsOfFiles(seed)
    }
  }

  /// A window gives up, and is asked for again.
  /// - Parameter isOvertaken: whether the next one has begun with a cut of its own, in vain, when rows of the first one come, which then
  ///   gets ahead of it. Else those rows come before, and the next one is done.
  private mutating func makeGivenUp(_ seed: UInt64, isOvertaken: Bool) -> History {
    start = pick(Self.origins) + Int64(number(-36...36)) * 3600 + Int64(number(0...3599))
    databases = chance(70) ? ["0"] : ["0", "1"]
    let zone = pick(Self.zones)
    var writing = Writing()
    writing.everyHours = pick([4, 5, 6])
    writing.from = date(Int(start / 86400) - 1)
    let rows = burst(Int64(number(20...30)) * 3600)
    add(0, 0, .insert(rows))
    add(0, 0, .destination(Weather.Mood(failing: 100)))
    addCreation(of: writing, at: 1000)
    // Beyond the three days that a run has.
    let over = Int64(number(10...40)) * 1000
    add(over, 0, .setClock(by: Int64(4 * 86400)))
    let later = over + Int64(number(60...180)) * 1000
    let asking = History.Act.run("export-1", restart: false, rebase: false)
    let more = History.Act.insert(rows.filter { _ in chance(50) })
    if isOvertaken {
      add(later, 0, more)
      add(later + 1000, 0, asking)
      add(later + Int64(number(1...20)) * 1000, 0, .destination(Weather.Mood()))
    } else {
      add(Int64(number(3...9)) * 1000, 0, more)
      add(later, 0, .destination(Weather.Mood()))
      add(later + Int64(number(600...3600)) * 1000, 0, asking)
    }
    steps.sort { $0.at < $1.at }
    return History(
      seed: seed, zone: zone, start: start, databases: databases, order: chance(50) ? .timestamp : .sequence,
      isOnFiles: chance(10), isWAL: true, maxConcurrentRuns: number(1...3), stallTimeout: 60,
      prefixes: ["lake": pick(["", "raw/"]), "pond": ""], disorder: pick([0, 20, 100]),
      startsAllAtTheEnd: true, steps: steps)
  }

  private mutating func makeMomentsOfFiles(_ seed: UInt64) -> History {
    start = pick(Self.origins) + Int64(number(-36...36)) * 3600 + Int64(number(0...3599))
    databases = chance(70) ? ["0"] : ["0", "1"]
    let zone = pick(Self.zones)
    var writing = Writing()
    writing.everyHours = pick([4, 5, 6])
    writing.from = date(Int(start / 86400) - 1)
    if chance(30) { writing.maxFileBytes = 200 }
    // Its first windows are over, and so due as soon as it is there.
    addCreation(of: writing, at: 1000)
    var at: Int64 = 1000
    for _ in 0..<number(1...3) {
      let rows = burst(Int64(number(6...30)) * 3600)
      steps.append(History.Step(at: 0, points: 0, act: .insert(rows)))
      at = addMoment(at, rows, writing)
    }
    steps.sort { $0.at < $1.at }
    return History(
      seed: seed, zone: zone, start: start, databases: databases, order: chance(80) ? .timestamp : .sequence,
      isOnFiles: chance(10), isWAL: true, maxConcurrentRuns: 1, stallTimeout: 60,
      prefixes: ["lake": pick(["", "raw/"]), "pond": ""], disorder: pick([0, 20, 100]),
      startsAllAtTheEnd: true,
      steps: steps)
  }

  /// Rows of two events within a few minutes, so long before the history begins, in seconds.
  private mutating func burst(_ age: Int64) -> [History.NewRow] {
    let databaseId = pick(databases)
    let first = (start - age) * 1000
    return (0..<number(4...10)).map { place in
      History.NewRow(
        databaseId: databaseId, ts: first + Int64(place) * 20_000, name: ["Charged", "Viewed"][place % 2])
    }
  }

  /// - Parameter at: in the second in which runs begin.
  /// - Returns: when those begin that go on after it.
  private mutating func addMoment(_ at: Int64, _ rows: [History.NewRow], _ writing: Writing) -> Int64 {
    let downtime = Int64(exponential(upTo: 8 * 3600)) * 1000
    var step = History.Step(at: at, points: 0, occasion: .file, act: .terminate(downtime: downtime))
    if chance(15) {
      // Nobody makes that file again: its window is left out, or its rows are gone.
      let end = History.Act.crash(points: number(1...4), downtime: downtime)
      let kind = number(0...2)
      if kind == 0 {
        step.act = .together(.stop("export-1"), end)
        let later = at + downtime + 60_000
        steps += [step, History.Step(at: later, points: 0, act: .start("export-1", skippingMissed: true))]
        return later
      }
      let last =
        kind == 1
        ? end
        : .together(
          .destination(Weather.Mood(failing: 100)), .crash(points: number(2...12), downtime: downtime))
      step.act = (0..<rows.count).reduce(last) { act, _ in .together(.delete(0), act) }
      steps.append(step)
      if kind == 2 {
        // The file is known of by then: only who asks for it anew loses it.
        let later = at + downtime + Int64(number(5...60)) * 1000
        steps.append(History.Step(at: later, points: 0, act: .run("export-1", restart: true, rebase: false)))
        let well = later + Int64(number(5...60)) * 1000
        steps.append(History.Step(at: well, points: 0, act: .destination(Weather.Mood())))
        return well
      }
      return at + downtime
    }
    if chance(30) {
      var edited = writing
      if chance(70) { edited.destination = "pond" } else { edited.names = ["Viewed"] }
      let edit = fromFile.isEmpty ? History.Act.edit("export-1", edited) : .file("export-1", edited)
      step.act = .together(edit, .crash(points: number(1...4), downtime: downtime))
    } else {
      let between = History.Act.insert(
        rows.filter { _ in chance(50) }.map { row in
          var row = row
          row.ts = row.ts! + Int64(number(-1...1)) * 10_000
          return row
        })
      if chance(50) {
        step.act = .together(between, .crash(points: exponential(upTo: 40), downtime: downtime))
      } else {
        step.act = .together(between, .destination(Weather.Mood(failing: pick([50, 100]))))
        let later = at + Int64(exponential(upTo: 3600)) * 1000
        steps.append(History.Step(at: later, points: 0, act: .destination(Weather.Mood())))
        steps.append(step)
        return later
      }
    }
    steps.append(step)
    return at + downtime
  }
}
