import ExportCore
import Testing
import TimeZones

// MARK: Spans of time

extension ProfileConformance {
  static let spans: [ProfileConformance] = [
    ProfileConformance("a delta holds what was updated or deleted from its instant on") { fixture in
      let test = try fixture.make(["0"])
      try test.upsert(
        [
          SourceProfile("before", updatedAt: ms(60, -1)), SourceProfile("first", updatedAt: ms(60)),
          SourceProfile("later", updatedAt: ms(5000)), SourceProfile("future", updatedAt: ms(1_000_000_000)),
          SourceProfile("deleted", updatedAt: ms(1), deletedAt: ms(60)),
          SourceProfile("deleted before", updatedAt: ms(1), deletedAt: ms(60, -1)),
          SourceProfile("only deleted", deletedAt: ms(61)), SourceProfile("no times"),
        ], into: "0")
      let result = try await test.source.readAll(since(60))
      #expect(result.ids == ["deleted", "first", "future", "later", "only deleted"])
      #expect(result.profiles.allSatisfy { $0.versionMilliseconds! >= ms(60) })
      #expect(result.profiles.map(\.isDeleted) == [true, false, false, false, true])
      #expect(result.rejected.isEmpty)
      #expect(try await test.source.readAll(since(2_000_000_000)).profiles.isEmpty)
    },
    ProfileConformance("a window of updates is half-open and knows nothing of deletions") { fixture in
      let test = try fixture.make(["0"])
      try test.upsert(
        [
          SourceProfile("before", updatedAt: ms(60, -1)), SourceProfile("first", updatedAt: ms(60)),
          SourceProfile("last", updatedAt: ms(120, -1)), SourceProfile("after", updatedAt: ms(120)),
          SourceProfile("deleted in it", updatedAt: ms(1), deletedAt: ms(90)),
          SourceProfile("deleted after", updatedAt: ms(90), deletedAt: ms(500)), SourceProfile("no times"),
          SourceProfile("only deleted", deletedAt: ms(90)),
        ], into: "0")
      let result = try await test.source.readAll(updated(60, 120))
      #expect(result.ids == ["deleted after", "first", "last"])
      #expect(result.profiles.map(\.versionMilliseconds) == [ms(500), ms(60), ms(120, -1)])
    },
    ProfileConformance("what cannot be used as a time is rejected, never left out") { fixture in
      let test = try fixture.make(["0"])
      let year10000: Int64 = 253_402_300_800_000
      try test.upsert(
        [
          SourceProfile("1969", updatedAt: -1, email: "kept from the row"),
          SourceProfile("10000", updatedAt: year10000),
          SourceProfile("deleted in 1969", updatedAt: ms(1), deletedAt: -5000),
          SourceProfile("deleted in 10000", updatedAt: ms(70), deletedAt: year10000),
          SourceProfile("good", updatedAt: ms(70)),
        ], into: "0")
      for (read, unusable) in [
        (all(), ["10000", "1969", "deleted in 10000", "deleted in 1969"]),
        (since(60), ["10000", "1969", "deleted in 10000", "deleted in 1969"]),
        (updated(60, 120), ["10000", "1969", "deleted in 10000"]),
      ] {
        let result = try await test.source.readAll(read)
        #expect(result.ids == unusable + ["good"])
        for profile in result.profiles.dropLast() {
          #expect(profile.version == .unusable)
          #expect(profile.objectKey == Array(profile.objectId!.utf8))
          let isDeletion = profile.objectId!.hasPrefix("deleted")
          #expect(
            profile.rejection?.reason.hasPrefix(
              "no usable \(isDeletion ? "deletedAt" : "updatedAt"): not a") == true)
          #expect(profile.rejection?.id == profile.objectId)
          #expect(profile.rejection?.value?.isEmpty == false)
          #expect(profile.isDeleted == isDeletion)
        }
        #expect(result.rejected.count == unusable.count)
      }
      // Times that nobody asks for are in nobody's way.
      let bare = try await test.source.readAll(all(versions: false))
      #expect(bare.rejected.isEmpty && bare.profiles.count == 5)
      #expect(bare.profiles[1].fields["email"] == "kept from the row")
    },
    ProfileConformance("an empty source is no error") { fixture in
      let test = try fixture.make(["0"])
      try await test.source.proveProfiles("0", needsVersions: true)
      for read in [all(), since(0), updated(0, 1)] {
        let result = try await test.source.readAll(read)
        #expect(result.profiles.isEmpty && result.rejected.isEmpty)
      }
    },
  ]
}

// MARK: One moment, writers, cancellation

extension ProfileConformance {
  private struct Refused: Error {}

  static let runs: [ProfileConformance] = [
    ProfileConformance("databases of one source are apart") { fixture in
      let test = try fixture.make(["0", "b"])
      try test.upsert([SourceProfile("same", identity: "in 0")], into: "0")
      try test.upsert([SourceProfile("same", identity: "in b")], into: "b")
      for id in ["0", "b"] {
        try await test.source.proveProfiles(id, needsVersions: true)
        let result = try await test.source.readAll(all(of: id))
        #expect(result.profiles.map { $0.fields["identity"] } == ["in \(id)"])
      }
      await #expect(throws: ExportError.self) {
        try await test.source.proveProfiles("nowhere", needsVersions: false)
      }
      await #expect(throws: ExportError.self) { try await test.source.readAll(all(of: "nowhere")) }
    },
    ProfileConformance("a change is read by the next read, a removed row no more") { fixture in
      let test = try fixture.make(["0"])
      try test.upsert(
        [SourceProfile("a", updatedAt: ms(1)), SourceProfile("b", updatedAt: ms(1))], into: "0")
      try test.upsert([SourceProfile("b", updatedAt: ms(100), email: "new")], into: "0")
      #expect(try await test.source.readAll(since(100)).profiles.map { $0.fields["email"] } == ["new"])
      try test.deleteProfile("b", from: "0")
      #expect(try await test.source.readAll(all()).ids == ["a"])
    },
    ProfileConformance("a read sees one moment, and writers go on beside it") { fixture in
      guard !fixture.holdsUpWriters else { return }
      let test = try fixture.make(["0"])
      try test.upsert(
        (0..<3000).map { SourceProfile("\(10000 + $0)", updatedAt: ms(1), email: "old") }, into: "0")
      let blockedBefore = test.blockedWrites
      for read in [all(), since(0)] {
        var result = ProfileResult()
        var writes = 0
        let before = try await test.source.readAll(read)
        try await test.source.readProfiles(read) { batch in
          result.add(batch)
          writes += 1
          // Before, among and behind what is being read; changed, new and gone.
          try test.upsert(
            [
              SourceProfile("0new\(writes)", updatedAt: ms(2)),
              SourceProfile("\(12990 - writes)", updatedAt: ms(2), email: "new"),
              SourceProfile("z\(writes)", updatedAt: ms(2)),
            ], into: "0")
          try test.deleteProfile("\(12990 + writes % 9)", from: "0")
        }
        #expect(writes > 1)
        let isOneMoment = result.profiles == before.profiles
        #expect(isOneMoment)
      }
      #expect(test.blockedWrites == blockedBefore)
    },
    ProfileConformance("what the consumer throws ends the read and is thrown") { fixture in
      let test = try fixture.make(["0"])
      try test.upsert((0..<4000).map { SourceProfile("\($0)", updatedAt: ms(1)) }, into: "0")
      var batches = 0
      await #expect(throws: Refused.self) {
        try await test.source.readProfiles(all()) { _ in
          batches += 1
          if batches == 2 { throw Refused() }
        }
      }
      #expect(batches == 2)
      // Whoever writes finds no reader left.
      try test.upsert([SourceProfile("free", updatedAt: ms(1))], into: "0")
    },
    ProfileConformance("cancelling the task ends the read") { fixture in
      let test = try fixture.make(["0"])
      try test.upsert((0..<4000).map { SourceProfile("\($0)", updatedAt: ms(1)) }, into: "0")
      let (batches, arrived) = AsyncStream.makeStream(of: Void.self)
      let task = Task {
        try await test.source.readProfiles(all()) { _ in
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
        try await test.source.readProfiles(since(0)) { _ in
          Issue.record("a cancelled task was given a batch")
        }
      }
      await #expect(throws: CancellationError.self) { try await early.value }
    },
    ProfileConformance("a read that ended holds nothing") { fixture in
      let test = try fixture.make(["0"])
      try test.upsert((0..<1000).map { SourceProfile("\($0)", updatedAt: ms(1)) }, into: "0")
      var batches = 0
      let blockedBefore = test.blockedWrites
      var isLast = false
      var count = 0
      try await test.source.readProfiles(all()) { batch in
        batches += 1
        count += batch.rows.count
        isLast = count == 1000
        // The snapshot is given up before the last rows are.
        if isLast { try test.upsert([SourceProfile("new", updatedAt: ms(1))], into: "0") }
      }
      #expect(isLast && batches > 1)
      #expect(test.blockedWrites == blockedBefore)
    },
  ]
}
