import ExportCore
import Testing
import TimeZones

// MARK: Cuts, late rows, writers, cancellation

extension SourceConformance {
  private struct Refused: Error {}

  static let runs: [SourceConformance] = [
    SourceConformance("a source says whether it has a sequence") { fixture in
      let test = try fixture.make(["0", "1"])
      #expect(try await test.source.hasSequence() == fixture.hasSequence)
      #expect(test.source.databaseIds == ["0", "1"])
    },
    SourceConformance("rows behind the cut wait for the next run", needsSequence: true) { fixture in
      let test = try fixture.make(["0"])
      try test.insert([SourceEvent("E", ts: ms(1), id: "early")], into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      try test.insert([SourceEvent("E", ts: ms(2), id: "too late")], into: "0")
      let read = EventRead(cut: cut, selection: everything, window: hours(0, 1))
      #expect(try await test.source.readAll(read).ids == ["early"])
    },
    SourceConformance("late rows come in a second pass, once", needsSequence: true) { fixture in
      let test = try fixture.make(["0"])
      try test.insert(
        [
          SourceEvent("E", ts: ms(100), id: "sent"), SourceEvent("E", ts: ms(15000), id: "not yet due"),
        ], into: "0")
      let first = try await test.source.pin("0", watermark: nil)
      try test.insert(
        [
          SourceEvent("E", ts: ms(-1), id: "before all windows"), SourceEvent("E", ts: ms(0), id: "late 1"),
          SourceEvent("E", ts: ms(14399, 999), id: "late 2"), SourceEvent("E", ts: ms(14400), id: "own 1"),
          SourceEvent("E", ts: ms(86400), id: "late 3"), SourceEvent("E", ts: ms(90000), id: "undone"),
          SourceEvent(nil, ts: ms(5), id: "nameless"),
        ], into: "0")
      let second = try await test.source.pin(
        "0", watermark: Watermark(bound: first.bound!, fingerprint: first.fingerprint))
      try test.insert([SourceEvent("E", ts: ms(50), id: "for the next run")], into: "0")
      let read = EventRead(
        cut: second, selection: everything, window: hours(4, 8), lateWindows: [hours(0, 4), hours(24, 25)],
        watermark: first.bound)
      let result = try await test.source.readAll(read)
      #expect(
        result.ids == ["own 1", "not yet due", "late 1", "late 2", "late 3"]
          || result.ids == [
            "not yet due", "own 1", "late 1", "late 2", "late 3",
          ])
      #expect(result.events.map(\.key.pass) == [0, 0, 1, 1, 1])
      #expect(zip(result.events, result.events.dropFirst()).allSatisfy { $0.key < $1.key })
      #expect(result.rejected.map(\.id) == ["nameless"])
    },
    SourceConformance("a watermark whose row is gone or different is refused", needsSequence: true) {
      fixture in
      let test = try fixture.make(["0"])
      try test.insert([SourceEvent("E", ts: ms(1)), SourceEvent("E", ts: ms(2))], into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      let watermark = Watermark(bound: cut.bound!, fingerprint: cut.fingerprint)
      #expect(try await test.source.pin("0", watermark: watermark) == cut)
      try test.delete(sequence: cut.bound!, from: "0")
      await expectReplaced { _ = try await test.source.pin("0", watermark: watermark) }
      try test.insert([SourceEvent("E", ts: ms(3), sequence: cut.bound! + 5)], into: "0")
      await expectReplaced { _ = try await test.source.pin("0", watermark: watermark) }
      try test.insert([SourceEvent("E", ts: ms(9), sequence: cut.bound!)], into: "0")
      await expectReplaced { _ = try await test.source.pin("0", watermark: watermark) }
      try test.delete(sequence: cut.bound!, from: "0")
      try test.insert([SourceEvent("E", ts: ms(2), sequence: cut.bound!)], into: "0")
      #expect(try await test.source.pin("0", watermark: watermark).bound == cut.bound! + 5)
    },
    SourceConformance("databases of one source are apart") { fixture in
      let test = try fixture.make(["0", "b"])
      try test.insert([SourceEvent("E", ts: ms(1), id: "in 0")], into: "0")
      try test.insert([SourceEvent("E", ts: ms(1), id: "in b")], into: "b")
      for id in ["0", "b"] {
        let cut = try await test.source.pin(id, watermark: nil)
        #expect(cut.databaseId == id)
        let read = EventRead(cut: cut, selection: everything, window: hours(0, 1))
        #expect(try await test.source.readAll(read).ids == ["in \(id)"])
      }
      await #expect(throws: ExportError.self) { try await test.source.pin("nowhere", watermark: nil) }
    },
    SourceConformance("writers are not held up, and what they write stays out", needsSequence: true) {
      fixture in
      let test = try fixture.make(["0"])
      try test.insert((0..<5000).map { SourceEvent("E", ts: ms(Int64($0 / 2)), id: "\($0)") }, into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      let blockedBefore = test.blockedWrites
      var result = ReadResult()
      var written = 0
      try await test.source.read(EventRead(cut: cut, selection: everything, window: hours(0, 4))) { batch in
        result.add(batch)
        // Before, among and behind what is being read.
        try test.insert((0..<3).map { SourceEvent("E", ts: ms($0 * 1000), id: "new") }, into: "0")
        written += 1
      }
      #expect(result.ids.count == 5000)
      #expect(!result.ids.contains("new"))
      #expect(written > 1)
      // A page may be open for a moment, and a write may meet it and wait; more often would be a habit.
      #expect(test.blockedWrites - blockedBefore <= written / 2)
    },
    SourceConformance("what the consumer throws ends the read and is thrown") { fixture in
      let test = try fixture.make(["0"])
      try test.insert((0..<4000).map { SourceEvent("E", ts: ms(Int64($0 % 60)), id: "\($0)") }, into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      var batches = 0
      await #expect(throws: Refused.self) {
        try await test.source.read(EventRead(cut: cut, selection: everything, window: hours(0, 1))) { _ in
          batches += 1
          if batches == 2 { throw Refused() }
        }
      }
      #expect(batches == 2)
    },
    SourceConformance("cancelling the task ends the read") { fixture in
      let test = try fixture.make(["0"])
      try test.insert((0..<4000).map { SourceEvent("E", ts: ms(Int64($0 % 60)), id: "\($0)") }, into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      let (batches, arrived) = AsyncStream.makeStream(of: Void.self)
      let task = Task {
        try await test.source.read(EventRead(cut: cut, selection: everything, window: hours(0, 1))) { _ in
          arrived.yield()
          // Never returns by itself.
          try await Task.sleep(for: .seconds(3600))
        }
      }
      for await _ in batches { break }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }

      let early = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await test.source.read(EventRead(cut: cut, selection: everything, window: hours(0, 1))) { _ in
          Issue.record("a cancelled task was given a batch")
        }
      }
      await #expect(throws: CancellationError.self) { try await early.value }
    },
  ]

  private static func expectReplaced(_ body: () async throws -> Void) async {
    let error = await #expect(throws: ExportError.self) { try await body() }
    #expect(error?.kind == .sourceReplaced)
    #expect(error?.problem.contains("source was replaced or renumbered") == true)
    #expect(error?.hint?.contains("--rebase") == true)
  }
}
