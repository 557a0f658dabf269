package import ExportCore
import Testing
package import TimeZones

/// What every source must do, as checks that each implementation runs one by one.
package struct SourceConformance: Sendable, CustomStringConvertible {
  package let description: String
  /// Whether it is about what only sources with a sequence have.
  package let needsSequence: Bool
  package let check: @Sendable (SourceFixture) async throws -> Void

  init(
    _ description: String, needsSequence: Bool = false,
    check: @escaping @Sendable (SourceFixture) async throws -> Void
  ) {
    self.description = description
    self.needsSequence = needsSequence
    self.check = check
  }

  /// All of them; one that a fixture has no use for does nothing.
  package static let all: [SourceConformance] = windows + rows + runs

  package func run(on fixture: SourceFixture) async throws {
    guard fixture.hasSequence || !needsSequence else { return }
    try await check(fixture)
  }

  /// 2026-11-24T00:00:00Z
  package static let day = Instant(seconds: 1_795_478_400)

  /// A window of hours since ``day``.
  package static func hours(_ from: Int64, _ to: Int64) -> Window {
    Window(from: day + from * 3600, to: day + to * 3600)!
  }

  package static let everything = EventSelection(allSince: Instant(seconds: 0), names: [:])

  /// Milliseconds since the epoch, `seconds` behind ``day``.
  static func ms(_ seconds: Int64, _ millisecond: Int64 = 0) -> Int64 {
    (day.seconds + seconds) * 1000 + millisecond
  }
}

// MARK: Windows and selections

extension SourceConformance {
  static let windows: [SourceConformance] = [
    SourceConformance("a window is half-open, to the millisecond") { fixture in
      let test = try fixture.make(["0"])
      try test.insert(
        [
          SourceEvent("E", ts: ms(3600, -1), id: "before"), SourceEvent("E", ts: ms(3600), id: "first"),
          SourceEvent("E", ts: ms(7200, -1), id: "last"), SourceEvent("E", ts: ms(7200), id: "after"),
        ], into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      let result = try await test.source.readAll(
        EventRead(cut: cut, selection: everything, window: hours(1, 2)))
      #expect(Set(result.ids) == ["first", "last"])
      #expect(result.events.map(\.ts).sorted() == [ms(3600), ms(7200, -1)])
    },
    SourceConformance("windows side by side give every row once") { fixture in
      let test = try fixture.make(["0"])
      let events = (0..<500).map { SourceEvent("E", ts: ms(Int64($0 * 7919 % 86400)), id: "\($0)") }
      try test.insert(events, into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      var ids: [String] = []
      for hour in stride(from: Int64(0), to: 24, by: 4) {
        ids += try await test.source.readAll(
          EventRead(cut: cut, selection: everything, window: hours(hour, hour + 4))
        ).ids
      }
      #expect(ids.count == 500)
      #expect(Set(ids) == Set(events.map { $0.id! }))
    },
    SourceConformance("each name counts from its own instant") { fixture in
      let test = try fixture.make(["0"])
      try test.insert(
        [
          SourceEvent("Old", ts: ms(3599), id: "old early"), SourceEvent("Old", ts: ms(3600), id: "old"),
          SourceEvent("New", ts: ms(3600), id: "new early"), SourceEvent("New", ts: ms(5400), id: "new"),
          SourceEvent("Other", ts: ms(6000), id: "other"), SourceEvent("old", ts: ms(6000), id: "case"),
        ], into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      var selection = EventSelection(allSince: nil, names: ["Old": day + 3600, "New": day + 5400])
      var read = EventRead(cut: cut, selection: selection, window: hours(0, 4))
      #expect(try await Set(test.source.readAll(read).ids) == ["old", "new"])
      selection.allSince = day + 6000
      read.selection = selection
      #expect(try await Set(test.source.readAll(read).ids) == ["old", "new", "other", "case"])
      read.selection = EventSelection(allSince: nil, names: [:])
      #expect(try await test.source.readAll(read).ids.isEmpty)
    },
    SourceConformance("without a window of its own a run reads no window") { fixture in
      let test = try fixture.make(["0"])
      try test.insert([SourceEvent("E", ts: ms(1))], into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      let result = try await test.source.readAll(EventRead(cut: cut, selection: everything, window: nil))
      #expect(result.events.isEmpty && result.rejected.isEmpty)
    },
    SourceConformance("counts are those of what a read yields") { fixture in
      let test = try fixture.make(["0"])
      try test.insert(
        (0..<300).map { SourceEvent("E\($0 % 3)", ts: ms(Int64($0) * 600)) } + [SourceEvent(nil, ts: ms(5))],
        into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      let read = EventRead(cut: cut, selection: everything, window: hours(0, 60))
      let zone = try ZoneDatabase().zone(named: "Asia/Kolkata")
      var expected: [String: Int] = [:]
      for event in try await test.source.readAll(read).events {
        let date = zone.localDateTime(at: Instant(seconds: event.ts / 1000)).date
        expected["\(event.name ?? "") \(date)", default: 0] += 1
      }
      let counts = try await test.source.count(read, zone: zone)
      #expect(Dictionary(uniqueKeysWithValues: counts.map { ("\($0.name) \($0.date)", $0.rows) }) == expected)
      #expect(expected.count == 9)
    },
  ]
}
