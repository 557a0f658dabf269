import ExportCore
import Testing
import TimeZones

// MARK: Rows as they arrive

extension SourceConformance {
  static let rows: [SourceConformance] = [
    SourceConformance("keys ascend and are unique, also among equal times") { fixture in
      let test = try fixture.make(["0"])
      // Three times only, out of order, many rows each: pages end within them.
      let events = (0..<3000).map { SourceEvent("E", ts: ms(Int64(($0 * 7) % 3)), id: String(10000 + $0)) }
      try test.insert(events, into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      let read = EventRead(cut: cut, selection: everything, window: hours(0, 1))
      let first = try await test.source.readAll(read)
      #expect(first.events.count == 3000)
      #expect(Set(first.ids).count == 3000)
      #expect(zip(first.events, first.events.dropFirst()).allSatisfy { $0.key < $1.key })
      #expect(first.events.allSatisfy { $0.key.pass == 0 })
      #expect(try #require(first.lastKey) >= first.events[2999].key)
      #expect(try await test.source.readAll(read).events == first.events)
    },
    SourceConformance("text arrives byte for byte, NULL as absent") { fixture in
      let test = try fixture.make(["0"])
      let odd = [
        "नमस्ते 👩‍👩‍👧 \u{1F}\u{7F}\u{85}\u{2028}", "tab\tquote\"back\\slash\r\n", "", " ", "\u{FEFF}bom",
        "../../etc/passwd", "e\u{301} and \u{E9}", "\u{10FFFF}\u{FFFD}",
      ]
      try test.insert(
        odd.enumerated().map { index, text in
          SourceEvent(
            text.isEmpty ? "E" : text, ts: ms(Int64(index)), id: text, objectId: text, identity: text,
            email: index == 3 ? nil : text, properties: #"{"a":1}"#)
        }, into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      let events = try await test.source.readAll(
        EventRead(cut: cut, selection: everything, window: hours(0, 1))
      ).events.sorted { $0.ts < $1.ts }
      try #require(events.count == odd.count)
      for (index, text) in odd.enumerated() {
        let bytes = Array(text.utf8)
        #expect(events[index].fields["objectId"].map { Array($0.utf8) } == bytes)
        #expect(events[index].fields["identity"].map { Array($0.utf8) } == bytes)
        #expect(events[index].fields["email"].map { Array($0.utf8) } == (index == 3 ? nil : bytes))
        #expect(events[index].fields["device"] == nil)
        #expect(events[index].fields["properties"] == #"{"a":1}"#)
      }
    },
    SourceConformance("a huge row arrives whole between small ones") { fixture in
      let test = try fixture.make(["0"])
      let huge = #"{"a":""# + String(repeating: "0123456789abcdef", count: 1 << 18) + #""}"#
      try test.insert(
        [
          SourceEvent("E", ts: ms(1), id: "1"), SourceEvent("E", ts: ms(2), id: "2", properties: huge),
          SourceEvent("E", ts: ms(3), id: "3"),
        ], into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      let events = try await test.source.readAll(
        EventRead(cut: cut, selection: everything, window: hours(0, 1))
      ).events.sorted { $0.ts < $1.ts }
      #expect(events.map(\.id) == ["1", "2", "3"])
      // Not in the expectation: a failure would print it.
      let isWhole = events.count == 3 && events[1].fields["properties"] == huge
      #expect(isWhole)
    },
    SourceConformance("rows without a usable name are rejected by the run of their window") { fixture in
      let test = try fixture.make(["0"])
      try test.insert(
        [
          SourceEvent(nil, ts: ms(10), id: "null"), SourceEvent("", ts: ms(20), id: "empty"),
          SourceEvent("E", ts: ms(30), id: "good"), SourceEvent(nil, ts: ms(90000), id: "elsewhere"),
        ], into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      var read = EventRead(cut: cut, selection: everything, window: hours(0, 1))
      let result = try await test.source.readAll(read)
      #expect(result.ids == ["good"])
      #expect(Set(result.rejected.map(\.id)) == ["null", "empty"])
      #expect(result.rejected.allSatisfy { $0.reason.contains("no usable name") })
      read.selection.allSince = day + 100
      #expect(try await test.source.readAll(read).rejected.isEmpty)
    },
    SourceConformance("rows without a usable time are rejected once", needsSequence: true) { fixture in
      let test = try fixture.make(["0"])
      try test.insert([SourceEvent("E", ts: nil, id: "before the export")], into: "0")
      let created = try await test.source.pin("0", watermark: nil)
      try test.insert(
        [
          SourceEvent("E", ts: nil, id: "null"), SourceEvent("E", ts: -1, id: "1969"),
          SourceEvent("E", ts: 253_402_300_800_000, id: "10000"), SourceEvent("E", ts: 0, id: "1970"),
          SourceEvent("E", ts: 253_402_300_799_999, id: "9999"), SourceEvent("Other", ts: nil, id: "other"),
        ], into: "0")
      let first = try await test.source.pin("0", watermark: nil)
      var read = EventRead(
        cut: first, selection: EventSelection(allSince: nil, names: ["E": Instant(seconds: 0)]),
        window: hours(0, 4), rejectAfter: created.bound)
      let result = try await test.source.readAll(read)
      #expect(result.events.isEmpty)
      #expect(result.rejected.map(\.id) == ["null", "1969", "10000"])
      #expect(result.rejected.allSatisfy { $0.reason.contains("no usable ts") && $0.name == "E" })
      #expect(zip(result.rejected, result.rejected.dropFirst()).allSatisfy { $0.key < $1.key })
      read.rejectAfter = nil
      #expect(try await test.source.readAll(read).rejected.isEmpty)

      try test.insert([SourceEvent("E", ts: nil, id: "next")], into: "0")
      let second = try await test.source.pin(
        "0", watermark: Watermark(bound: first.bound!, fingerprint: first.fingerprint))
      read = EventRead(
        cut: second, selection: everything, window: hours(4, 8), watermark: first.bound,
        rejectAfter: first.bound)
      #expect(try await test.source.readAll(read).rejected.map(\.id) == ["next"])
    },
    SourceConformance("the earliest and the latest usable times are read") { fixture in
      let test = try fixture.make(["0"])
      try test.insert(
        [SourceEvent("E", ts: 0, id: "1970"), SourceEvent("E", ts: 253_402_300_799_999, id: "9999")],
        into: "0")
      let cut = try await test.source.pin("0", watermark: nil)
      let all = Window(from: Instant(seconds: -86400), to: Instant(seconds: 300_000_000_000))!
      let result = try await test.source.readAll(EventRead(cut: cut, selection: everything, window: all))
      #expect(Set(result.ids) == ["1970", "9999"])
    },
    SourceConformance("an empty source is no error") { fixture in
      let test = try fixture.make(["0"])
      let cut = try await test.source.pin("0", watermark: nil)
      #expect(cut.bound == (fixture.hasSequence ? .min : nil))
      #expect(cut.fingerprint == nil)
      let read = EventRead(
        cut: cut, selection: everything, window: hours(0, 1), lateWindows: [hours(-4, 0)],
        watermark: cut.bound,
        rejectAfter: cut.bound)
      #expect(try await test.source.readAll(read).events.isEmpty)
      #expect(try await test.source.count(read, zone: .utc).isEmpty)
    },
  ]
}
