import ExportCore
import Testing
import TimeZones
import ZoneTesting

/// The rules of a schedule, written down a second time by what they say instead of how they are calculated,
/// and compared in every zone around every change of its offset.
@Suite struct ScheduleRulesTests {
  /// The local times of one zone from three days before to three days after a change, by the rules' words.
  private struct Neighbourhood {
    let zone: Zone
    let begin: Instant
    let finish: Instant
    private let firstDay: LocalDate
    private let offsets: Set<Int>
    private let transitions: [OffsetTransition]

    init(_ zone: Zone, around transition: OffsetTransition) {
      self.zone = zone
      begin = transition.at - 3 * 86400
      finish = transition.at + 3 * 86400
      firstDay = zone.localDateTime(at: begin).date - 2
      transitions = zone.transitions(in: begin - 4 * 86400..<finish + 4 * 86400)
      offsets = Set(transitions.flatMap { [$0.before, $0.after] })
    }

    /// The first instant that shows `local`; if none does, the first instant after the gap.
    func instant(of local: LocalDateTime) -> Instant {
      var first: Instant?
      for offset in offsets {
        let instant = Instant(local, utcOffset: offset)
        if zone.localDateTime(at: instant) == local { first = min(first ?? instant, instant) }
      }
      let gap = transitions.first {
        $0.at.localDateTime(utcOffset: $0.before) <= local && local < $0.at.localDateTime(utcOffset: $0.after)
      }
      return first ?? gap!.at
    }

    /// For each day around here, the instants of `at` and of every full hour of wall time after it.
    func days(at: LocalTime) -> [(day: LocalDate, hours: [Instant])] {
      (0...10).map { number in
        let day = firstDay + number
        return (day, (0..<24).map { instant(of: LocalDateTime(day, at) + $0 * 3600) })
      }
    }

    /// The boundaries from `begin` to `finish`.
    func boundaries(_ schedule: Schedule, _ days: [(day: LocalDate, hours: [Instant])]) -> [Instant] {
      var found: [Instant] = []
      if 24 % schedule.everyHours == 0 {
        for (day, hours) in days where day >= schedule.from {
          found += stride(from: 0, to: 24, by: schedule.everyHours).map { hours[$0] }
        }
      } else {
        let step = Int64(schedule.everyHours) * 3600
        var boundary = schedule.firstBoundary + max(0, (begin - schedule.firstBoundary) / step) * step
        while boundary <= finish {
          found.append(boundary)
          boundary = boundary + step
        }
      }
      if let until = schedule.until {
        let end = instant(of: LocalDateTime(until + 1, .midnight))
        found = found.filter { $0 < end } + [end]
      }
      var once: [Instant] = []
      for boundary in found.sorted() where begin <= boundary && boundary <= finish && boundary != once.last {
        once.append(boundary)
      }
      return once
    }
  }

  /// Nil when the schedule keeps its rules in the neighbourhood, else what is wrong.
  private func fault(
    _ schedule: Schedule, _ near: Neighbourhood, _ days: [(day: LocalDate, hours: [Instant])]
  ) -> String? {
    let expected = near.boundaries(schedule, days)
    var found: [Instant] = []
    var next = schedule.boundary(after: near.begin - 1)
    while let boundary = next, boundary <= near.finish {
      found.append(boundary)
      next = schedule.boundary(after: boundary)
    }
    guard found == expected else { return "boundaries \(found), not \(expected)" }
    for (boundary, following) in zip(found, found.dropFirst()) {
      guard following > boundary else { return "an empty window at \(boundary)" }
      let inside = boundary + (following - boundary) / 2
      guard schedule.boundary(atOrBefore: inside) == boundary,
        schedule.boundary(atOrBefore: boundary) == boundary,
        schedule.boundary(after: inside) == following, schedule.isBoundary(boundary),
        !schedule.isBoundary(inside)
      else { return "questions around \(boundary) and \(inside) are answered differently" }
    }
    guard let first = found.first, let last = found.last else { return nil }
    let windows = Array(schedule.windows(after: first, dueBy: last))
    guard windows.map(\.from) == found.dropLast(), windows.map(\.to) == Array(found.dropFirst()) else {
      return "windows do not tile: \(windows)"
    }
    return editFault(schedule, near)
  }

  /// From a point that is on no boundary: the window begins there, is not short, and rejoins the grid soon.
  private func editFault(_ schedule: Schedule, _ near: Neighbourhood) -> String? {
    let begin = near.begin + (near.finish - near.begin) / 2 + 1234
    if schedule.isBoundary(begin) { return nil }
    guard let window = schedule.window(after: begin) else {
      return schedule.end.map { begin >= $0 } ?? false ? nil : "no window from \(begin)"
    }
    let enough = begin + 4 * 3600
    guard window.from == begin, schedule.isBoundary(window.to),
      window.to >= enough || window.to == schedule.end,
      !(schedule.boundary(atOrBefore: window.to - 1).map { $0 >= enough } ?? false)
    else { return "after an edit: \(window)" }
    return nil
  }

  @Test func windowsTileAroundEveryChangeInEveryZone() throws {
    let starts: [LocalTime] = ["00:00", "00:30", "02:00", "02:30", "13:45", "23:00", "23:59"]
    var (transitions, cases) = (0, 0)
    for zone in try distinctZones() {
      for transition in zone.transitionsUpTo2100 {
        let near = Neighbourhood(zone, around: transition)
        let here = zone.localDateTime(at: near.begin).date
        transitions += 1
        for at in Effort.isLong ? starts : [starts[transitions % starts.count]] {
          let days = near.days(at: at)
          for hours in Schedule.hours {
            // Begun on the spot, begun long before, and ending on a day around the change.
            let lives = [(here, nil), (here - 400, nil), (here - 1, here + transitions % 6)]
            for (from, until) in Effort.isLong ? lives : [lives[(transitions + hours) % lives.count]] {
              cases += 1
              guard let schedule = Schedule(from: from, at: at, everyHours: hours, until: until, zone: zone)
              else {
                Issue.record("no schedule from \(from) until \(until ?? from)")
                return
              }
              if let fault = fault(schedule, near, days) {
                Issue.record("\(zone.name), \(from) \(at) every \(hours) h until \(until ?? from): \(fault)")
                return
              }
            }
          }
        }
      }
    }
    #expect(transitions > 20_000)
    #expect(cases >= transitions * Schedule.hours.count)
  }

  @Test func boundariesAgreeWithPython() throws {
    var random = SeededRandom(seed: 2)
    let zones = try distinctZones().map { (zone: $0, transitions: $0.transitionsUpTo2100) }
    let dividing = [4, 6, 8, 12, 24]
    var questions: [String] = []
    var answers: [String] = []
    for number in 0..<5_000 {
      let (zone, transitions) = zones[number % zones.count]
      let near = transitions.randomElement(using: &random)?.at ?? "2026-11-24T00:00:00Z"
      let begin = near - .random(in: 0...172_800, using: &random)
      let finish = begin + 3 * 86400
      let date = zone.localDateTime(at: begin).date
      let at = try #require(
        LocalTime(hour: .random(in: 0...23, using: &random), minute: .random(in: 0...59, using: &random)))
      let hours =
        number % 5 == 0 ? Int.random(in: 4...24, using: &random) : dividing.randomElement(using: &random)!
      let from = date - .random(in: -1...1000, using: &random)
      let until = number % 3 == 0 ? max(from, date + .random(in: 0...3, using: &random)) : nil
      let schedule = try #require(Schedule(from: from, at: at, everyHours: hours, until: until, zone: zone))

      var boundaries: [String] = []
      var next = schedule.boundary(after: begin - 1)
      while let boundary = next, boundary <= finish {
        boundaries.append("\(boundary.seconds)")
        next = schedule.boundary(after: boundary)
      }
      let last = until.map { "\($0)" } ?? "-"
      questions.append(
        "grid \(zone.name) \(LocalDateTime(from, at)) \(hours) \(last) \(begin.seconds) \(finish.seconds)")
      answers.append(boundaries.isEmpty ? "none" : boundaries.joined(separator: " "))
    }
    let expected = try PythonZoneinfo.ask(questions)
    try #require(expected.count == questions.count)
    let wrong = questions.indices.filter { answers[$0] != expected[$0] }
    #expect(
      wrong.isEmpty, "\(wrong.prefix(5).map { "\(questions[$0]): \(answers[$0]), not \(expected[$0])" })")
  }
}
