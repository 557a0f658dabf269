import ExportCore
import Foundation
import Ledger
import Testing
import TimeZones

@testable import Engine

/// What a run sends of a database, held against what a plain dictionary says.
@Suite struct ProfileDeltaTests {
  struct Profile: Hashable {
    var key: [UInt8]
    var version: Int64?
    var content: String
    var isDeleted = false
  }

  /// One run after the other over states of a table, through real memory files.
  final class Export {
    let directory = FileManager.default.temporaryDirectory.path + "/exportd-memory-\(UUID().uuidString)"
    let mode: ProfileMode
    var memory: (name: String, sha256: String)?
    var isFirst = true
    var run = 0
    init(_ mode: ProfileMode) { self.mode = mode }
    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// What is sent: key and content, or nil for one that is gone.
    func run(_ table: [Profile], since: Int64 = .min, batch: Int = 3) throws -> [String] {
      run += 1
      let name = "1-0-\(run)-1"
      let hasMemory = mode != .full
      let delta = ProfileDelta(
        mode: mode, isFirst: isFirst, rememberedFrom: Instant(seconds: since),
        memory: try memory.map {
          try ProfileMemoryReader(directory: directory, name: $0.name, sha256: $0.sha256)
        },
        next: hasMemory ? try ProfileMemoryWriter(directory: directory, name: name) : nil)
      var sent: [String] = []
      let rows = table.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      for start in stride(from: 0, to: rows.count, by: batch) {
        var batch = Self.batch(rows[start..<min(start + batch, rows.count)])
        try delta.filter(&batch)
        sent += Self.texts(batch)
      }
      sent += Self.texts(try delta.rest())
      if let sha256 = try delta.finish() { memory = (name, sha256) }
      isFirst = false
      return sent
    }

    static func batch(_ profiles: ArraySlice<Profile>) -> ProfileBatch {
      var batch = ProfileBatch()
      func add(_ bytes: some Collection<UInt8>) -> ByteRange {
        defer { batch.bytes += bytes }
        return ByteRange(offset: UInt32(batch.bytes.count), count: UInt32(bytes.count))
      }
      for profile in profiles {
        var row = ProfileRow(key: ReadKey(pass: 0, order: 0, sequence: Int64(batch.rows.count)))
        if profile.key.isEmpty {
          row.rejection = Int32(batch.rejected.count)
          batch.rejected.append(
            RejectedRow(key: row.key, id: nil, name: nil, reason: profile.content, value: nil))
        } else {
          row.objectKey = add(profile.key)
          row.objectId = row.objectKey
        }
        row.version = profile.version.map { ProfileVersion(seconds: $0, nanoseconds: 5) }
        row.properties = add(profile.content.utf8)
        row.isDeleted = profile.isDeleted
        batch.rows.append(row)
      }
      return batch
    }

    static func texts(_ batch: ProfileBatch) -> [String] {
      batch.rows.map { row in
        if row.rejection >= 0 { return "rejected: " + batch.rejected[Int(row.rejection)].reason }
        func text(_ range: ByteRange) -> String {
          String(
            decoding: batch.bytes[Int(range.offset)..<Int(range.offset) + Int(range.count)], as: UTF8.self)
        }
        return text(row.objectId) + (row.isDeleted ? " gone" : " " + text(row.properties))
      }
    }
  }

  private func profile(_ key: String, _ version: Int64?, _ content: String, gone: Bool = false) -> Profile {
    Profile(key: Array(key.utf8), version: version, content: content, isDeleted: gone)
  }

  @Test func changedSendsEachVersionOnce() throws {
    let export = Export(.changed)
    let old = profile("a", 10, "1")
    #expect(
      try export.run([old, profile("b", 90, "1"), profile("c", nil, "1")], since: 80) == [
        "a 1", "b 1", "c 1",
      ])
    // Read again from 80 on: b is known, its second version and a late commit of d are not.
    #expect(try export.run([profile("b", 90, "1"), profile("d", 85, "1")], since: 80) == ["d 1"])
    #expect(try export.run([profile("b", 91, "2"), profile("d", 85, "1")], since: 90) == ["b 2"])
    #expect(try export.run([profile("b", 91, "2")], since: 90).isEmpty)
  }

  @Test func whoIsDeletedBeforeTheFirstRunIsNeverNamed() throws {
    for mode in [ProfileMode.changed, .compared] {
      let export = Export(mode)
      let gone = profile("a", 90, "1", gone: true)
      #expect(try export.run([gone, profile("b", 90, "1")], since: 80) == ["b 1"], "\(mode)")
      #expect(try export.run([gone, profile("b", 95, "1", gone: true)], since: 80) == ["b gone"], "\(mode)")
      #expect(try export.run([gone, profile("b", 95, "1", gone: true)], since: 80).isEmpty, "\(mode)")
    }
  }

  @Test func comparedFindsWhatChangedWithoutATimeAndWhatIsNoLongerThere() throws {
    let export = Export(.compared)
    #expect(
      try export.run([profile("a", nil, "1"), profile("b", nil, "1"), profile("c", nil, "1")]).count == 3)
    #expect(try export.run([profile("a", nil, "1"), profile("b", nil, "2")]) == ["b 2", "c gone"])
    #expect(try export.run([profile("c", nil, "3")]) == ["a gone", "b gone", "c 3"])
    #expect(try export.run([]) == ["c gone"])
    #expect(try export.run([]).isEmpty)
  }

  @Test func rowsWithoutAnObjectAreRejectedOnceAndKnownByWhatTheyHold() throws {
    let compared = Export(.compared)
    let first = [profile("", nil, "1"), profile("", nil, "1"), profile("", nil, "2"), profile("a", nil, "1")]
    #expect(
      try compared.run(first, batch: 2) == ["rejected: 1", "rejected: 1", "rejected: 2", "a 1"])
    // One more that is the same as two others is still one more.
    #expect(
      try compared.run(first + [profile("", nil, "1"), profile("", nil, "3")]) == [
        "rejected: 1", "rejected: 3",
      ])
    // Those that are gone have no name to be told of by.
    #expect(try compared.run([profile("a", nil, "1")]).isEmpty)
    #expect(try compared.run(first) == ["rejected: 1", "rejected: 1", "rejected: 2"])

    let changed = Export(.changed)
    #expect(
      try changed.run([profile("", nil, "1"), profile("", 90, "1"), profile("", 90, "2")], since: 80)
        == ["rejected: 1", "rejected: 1", "rejected: 2"])
    #expect(
      try changed.run([profile("", 90, "1"), profile("", 90, "2"), profile("", 95, "2")], since: 95)
        == ["rejected: 2"])
    #expect(try changed.run([profile("", 95, "2")], since: 95).isEmpty)

    let full = Export(.full)
    for _ in 0..<2 { #expect(try full.run(first).count == 4) }
  }

  @Test func fullSendsEverythingAgain() throws {
    let export = Export(.full)
    let table = [profile("a", nil, "1"), profile("b", nil, "1", gone: true)]
    #expect(try export.run(table) == ["a 1"])
    #expect(try export.run(table) == ["a 1", "b gone"])
  }

  @Test func randomTablesAgainstADictionary() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let export = Export(.compared)
      var downstream: [String: String] = [:]
      for _ in 0..<6 {
        var table: [String: String] = [:]
        for _ in 0..<Int.random(in: 0...40, using: &random) {
          let key =
            String(repeating: "k", count: Int.random(in: 1...3, using: &random))
            + String(Int.random(in: 0...20, using: &random)) + (Bool.random(using: &random) ? "ü" : "")
          table[key] = String(Int.random(in: 0...1, using: &random))
        }
        let sent = try export.run(
          table.map { profile($0.key, nil, $0.value) }, batch: Int.random(in: 1...9, using: &random))
        #expect(Set(sent).count == sent.count)
        for line in sent {
          let words = line.split(separator: " ")
          let (key, value) = (String(words[0]), String(words[1]))
          #expect(downstream[key] != value, "\(key) was sent though it had not changed")
          downstream[key] = value == "gone" ? nil : value
        }
        #expect(downstream == table)
      }
    }
  }

  @Test func aMemoryThatIsNotWhatWasWrittenIsRefused() throws {
    let export = Export(.compared)
    _ = try export.run((0..<20_000).map { profile("profile \($0)", nil, "1") }, batch: 500)
    let memory = try #require(export.memory)
    let path = "\(export.directory)/\(memory.name)"
    var bytes = try Data(contentsOf: URL(filePath: path))
    #expect(bytes.count > ProfileMemory.bufferBytes)
    bytes[bytes.count - 3] ^= 1
    try bytes.write(to: URL(filePath: path))
    let error = #expect(throws: ExportError.self) { try export.run([]) }
    #expect(error?.hint?.contains("--rebase") == true)
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: ExportError.self) { try export.run([]) }
  }

  @Test func memoriesThatNobodyNeedsAreRemoved() throws {
    let export = Export(.compared)
    _ = try export.run([profile("a", nil, "1")])
    _ = try export.run([profile("a", nil, "2")])
    ProfileMemory.removeUnused(in: export.directory, export: 2, inUse: [])
    #expect(try FileManager.default.contentsOfDirectory(atPath: export.directory).count == 2)
    ProfileMemory.removeUnused(in: export.directory, export: 1, inUse: ["1-0-2-1"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: export.directory) == ["1-0-2-1"])
  }
}
