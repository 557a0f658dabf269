import ExportCore
import Testing
package import TimeZones

/// What every source of profiles must do, as checks that each implementation runs one by one.
package struct ProfileConformance: Sendable, CustomStringConvertible {
  package let description: String
  package let check: @Sendable (ProfileFixture) async throws -> Void

  init(_ description: String, check: @escaping @Sendable (ProfileFixture) async throws -> Void) {
    self.description = description
    self.check = check
  }

  /// All of them.
  package static let all: [ProfileConformance] = rows + spans + runs

  package func run(on fixture: ProfileFixture) async throws { try await check(fixture) }

  /// 2026-11-24T00:00:00Z
  package static let day = SourceConformance.day

  /// Milliseconds since the epoch, `seconds` behind ``day``.
  static func ms(_ seconds: Int64, _ millisecond: Int64 = 0) -> Int64 {
    SourceConformance.ms(seconds, millisecond)
  }

  static func all(of databaseId: String = "0", versions: Bool = true) -> ProfileRead {
    ProfileRead(databaseId: databaseId, span: .everything, readsVersions: versions)
  }

  static func since(_ seconds: Int64) -> ProfileRead {
    ProfileRead(databaseId: "0", span: .since(day + seconds), readsVersions: true)
  }

  static func updated(_ from: Int64, _ to: Int64) -> ProfileRead {
    ProfileRead(
      databaseId: "0", span: .updated(in: Window(from: day + from, to: day + to)!), readsVersions: true)
  }
}

// MARK: Rows as they arrive

extension ProfileConformance {
  static let rows: [ProfileConformance] = [
    ProfileConformance("profiles come once each, in the order of their object keys by bytes") { fixture in
      let test = try fixture.make(["0"])
      // Not the order of numbers, of characters, of letters whatever their case, or of UTF-16.
      let odd = [
        "10", "9", "-1", "a", "B", "b", "A", "é", "e\u{301}", "z", "\u{FF5E}", "\u{10000}", " ", "~",
        "\u{7F}",
        "\u{1}", "aa", "a ", "İ", "नमस्ते", "👩‍👩‍👧", "../../etc/passwd",
      ]
      let many = (0..<1500).map { String($0 * 7919 % 10007) + "x" }
      try test.upsert((odd + many).map { SourceProfile($0, updatedAt: ms(1)) }, into: "0")
      let result = try await test.source.readAll(all())
      let expected = (odd + many).map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
      // Not in the expectation: a failure would print all of them.
      let isOrdered = result.profiles.map(\.objectKey) == expected
      #expect(isOrdered)
      #expect(result.profiles.allSatisfy { Array($0.objectId!.utf8) == $0.objectKey })
      #expect(zip(result.profiles, result.profiles.dropFirst()).allSatisfy { $0.key < $1.key })
      #expect(result.profiles.allSatisfy { $0.key.pass == 0 && $0.rejection == nil })
      #expect(result.rejected.isEmpty)
      #expect(result.batches > 1)
      let isDeltaOrdered = try await test.source.readAll(since(0)).profiles.map(\.objectKey) == expected
      #expect(isDeltaOrdered)
    },
    ProfileConformance("text arrives byte for byte, NULL as absent") { fixture in
      let test = try fixture.make(["0"])
      let odd = [
        "नमस्ते 👩‍👩‍👧 \u{1F}\u{7F}\u{85}\u{2028}", "tab\tquote\"back\\slash\r\n", "", " ", "\u{FEFF}bom",
        "e\u{301} and \u{E9}", "\u{10FFFF}\u{FFFD}",
      ]
      try test.upsert(
        odd.enumerated().map { index, text in
          SourceProfile(
            "object \(index)", updatedAt: ms(1), identity: text, email: index == 3 ? nil : text,
            allIdentities: #"["\#(index)"]"#, communication: #"{"MSG-email":false}"#, properties: "{ broken")
        }, into: "0")
      let profiles = try await test.source.readAll(all()).profiles
      try #require(profiles.count == odd.count)
      for (index, text) in odd.enumerated() {
        let bytes = Array(text.utf8)
        #expect(profiles[index].fields["identity"].map { Array($0.utf8) } == bytes)
        #expect(profiles[index].fields["email"].map { Array($0.utf8) } == (index == 3 ? nil : bytes))
        #expect(profiles[index].fields["allIdentities"] == #"["\#(index)"]"#)
        #expect(profiles[index].fields["communication"] == #"{"MSG-email":false}"#)
        // Whether it is JSON is not the source's to judge.
        #expect(profiles[index].fields["properties"] == "{ broken")
        #expect(profiles[index].fields["device"] == nil && profiles[index].fields["phone"] == nil)
      }
    },
    ProfileConformance("rows without an objectId are rejected, and known by what they hold") { fixture in
      let test = try fixture.make(["0"])
      try test.upsert(
        [
          SourceProfile("", updatedAt: ms(10), email: "empty"), SourceProfile("good", updatedAt: ms(10)),
          SourceProfile(nil, updatedAt: ms(10), email: "null"),
        ], into: "0")
      for read in [all(), all(versions: false), since(0), updated(0, 60)] {
        let result = try await test.source.readAll(read)
        #expect(result.ids == ["good"])
        #expect(
          result.rejected.map(\.reason).sorted() == [
            "no usable objectId: it is NULL", "no usable objectId: it is empty",
          ])
        #expect(result.rejected.allSatisfy { ($0.id ?? "").isEmpty && $0.key.pass == 0 })
        #expect(result.nameless.compactMap(\.rejection) == result.rejected)
        #expect(result.nameless.map { $0.fields["email"] }.sorted { $0! < $1! } == ["empty", "null"])
        #expect(result.nameless.allSatisfy { $0.key < result.profiles[0].key })
      }
      // Nor by a delta that they are not part of.
      #expect(try await test.source.readAll(since(11)).rejected.isEmpty)
    },
    ProfileConformance("a huge row arrives whole between small ones") { fixture in
      let test = try fixture.make(["0"])
      let huge = #"{"a":""# + String(repeating: "0123456789abcdef", count: 1 << 18) + #""}"#
      try test.upsert(
        [SourceProfile("a"), SourceProfile("b", properties: huge), SourceProfile("c")], into: "0")
      let profiles = try await test.source.readAll(all()).profiles
      #expect(profiles.map(\.objectId) == ["a", "b", "c"])
      // Not in the expectation: a failure would print it.
      let isWhole = profiles.count == 3 && profiles[1].fields["properties"] == huge
      #expect(isWhole)
    },
    ProfileConformance("a version is the later of updatedAt and deletedAt, to the millisecond at least") {
      fixture in
      let test = try fixture.make(["0"])
      try test.upsert(
        [
          SourceProfile("alive", updatedAt: ms(10, 123)), SourceProfile("none"),
          SourceProfile("deleted after", updatedAt: ms(10), deletedAt: ms(20, 1)),
          SourceProfile("deleted before", updatedAt: ms(20, 999), deletedAt: ms(20, 998)),
          SourceProfile("only deleted", deletedAt: ms(30)), SourceProfile("1970", updatedAt: 0),
          SourceProfile("9999", updatedAt: 253_402_300_799_000),
        ], into: "0")
      let profiles = try await test.source.readAll(all()).profiles
      let versions = Dictionary(uniqueKeysWithValues: profiles.map { ($0.objectId!, $0.versionMilliseconds) })
      #expect(
        versions == [
          "alive": ms(10, 123), "none": nil, "deleted after": ms(20, 1), "deleted before": ms(20, 999),
          "only deleted": ms(30), "1970": 0, "9999": 253_402_300_799_000,
        ])
      #expect(
        Set(profiles.filter(\.isDeleted).map(\.objectId)) == [
          "deleted after", "deleted before", "only deleted",
        ])
      // Who does not ask for versions gets none, and the same rows.
      let bare = try await test.source.readAll(all(versions: false)).profiles
      #expect(bare.map(\.objectId) == profiles.map(\.objectId) && bare.allSatisfy { $0.version == nil })
      #expect(bare.map(\.isDeleted) == profiles.map(\.isDeleted))
    },
  ]
}
