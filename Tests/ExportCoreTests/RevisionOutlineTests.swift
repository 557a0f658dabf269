import ExportCore
import Foundation
import Testing
import TimeZones

/// What is read straight from the stored JSON is what decoding all of it gives.
@Suite struct RevisionOutlineTests {
  @Test(arguments: revisions) func itIsReadAsItIsDecoded(_ revision: Revision) throws {
    let encoder = JSONEncoder()
    for formatting in [[.sortedKeys, .withoutEscapingSlashes], [.prettyPrinted]]
      as [JSONEncoder.OutputFormatting]
    {
      encoder.outputFormatting = formatting
      let text = try encoder.encode(revision)
      let decoded = RevisionOutline(try JSONDecoder().decode(Revision.self, from: text))
      #expect(decoded == RevisionOutline(revision))
      #expect(read(text) == decoded)
    }
  }

  @Test func whatIsNotAsExpectedIsNotGuessed() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(Self.revisions[0]), as: UTF8.self)
    for (found, instead) in [
      ("everyHours", "hours"), ("\"recurring\"", "\"other\""), ("\"allEvents\"", "\"some\""),
      ("\"json\"", "\"text\""), ("\"none\"", "\"lz4\""), ("\"timeZone\"", "\"zone\""),
      ("2026-11-20", "2026-13-20"), ("\"06:00\"", "600"), ("{\"account\"", "[\"account\""),
    ] {
      let changed = text.replacingOccurrences(of: found, with: instead)
      #expect(changed != text)
      #expect(read(Data(changed.utf8)) == nil, "\(instead)")
    }
    #expect(read(Data()) == nil)
    #expect(read(Data("[]".utf8)) == nil)
  }

  private func read(_ text: Data) -> RevisionOutline? {
    var tokens = JSONTokens()
    return text.withUnsafeBytes { RevisionOutline(encoded: $0, &tokens) }
  }

  private static let revisions: [Revision] = {
    let day = LocalDate(iso: "2026-11-20")!
    let instant = Instant(seconds: 1_763_000_000)
    let selections: [DataSelection] = [
      .allEvents, .profiles, .events(["Charged", "say \"hi\" \\ über 🎉\u{0}\n", ""]),
    ]
    let frequencies: [(Frequency, Revision.Timing)] = [
      (
        .recurring(Recurrence(everyHours: 6, from: day, at: LocalTime(hour: 6, minute: 0)!)),
        .recurring(from: day)
      ),
      (
        .recurring(
          Recurrence(
            everyHours: 24, at: LocalTime(hour: 23, minute: 59)!, until: day + 9, delayMinutes: 0,
            profiles: .compared)), .recurring(from: day)
      ),
      (.once(.days(from: day, to: day + 3)), .once(Window(from: instant, to: instant + 1)!)),
      (.once(.lastDays(30)), .once(Window(from: Instant(seconds: -5), to: instant)!)),
      (.once(.now), .onceNow(instant)),
    ]
    return selections.flatMap { data in
      frequencies.flatMap { frequency, timing in
        zip(Format.allCases, [Compression.Codec.none, .gzip, .zstd, .none]).map { format, codec in
          Revision(
            account: "acme",
            definition: Definition(
              source: "main", destination: "the \"lake\"", data: data, frequency: frequency, format: format,
              compression: Compression(codec: codec, level: 3), timeZone: "Asia/Kolkata"),
            source: .sqlite(
              SQLiteSourceConfiguration(
                databases: [.init(id: "0", path: "/srv/timeZone.db")], events: EventMapping(from: "events"),
                profiles: nil)),
            destination: .directory(DirectoryConfiguration(path: "/out")), timeZone: "Europe/Berlin",
            identifiers: [.identity], timing: timing
          ).reaching(after: nil, plannedThrough: nil)
        }
      }
    }
  }()
}
