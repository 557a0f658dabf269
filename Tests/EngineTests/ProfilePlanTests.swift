import Engine
import ExportCore
import Foundation
import Ledger
import Testing
import TimeZones

/// Plans of profile exports, held against what their runs then deliver.
@Suite struct ProfilePlanTests {
  private func export(_ mode: ProfileMode) throws -> RealExport {
    try RealExport(data: .profiles) { revision in
      guard case .recurring(var recurrence) = revision.definition.frequency else { return }
      recurrence.profiles = mode
      revision.definition.frequency = .recurring(recurrence)
    }
  }

  private func once(_ period: Period, _ timing: Revision.Timing, now: String) throws -> RealExport {
    try RealExport(now: now, data: .profiles) { revision in
      revision.definition.frequency = .once(period)
      revision.timing = timing
    }
  }

  /// Plans, runs, and holds the one against the other.
  /// - Returns: rows by file.
  @discardableResult
  private func runAsPlanned(_ export: RealExport) async throws -> [Int] {
    let plan = try await export.plan()
    #expect(plan.isDue)
    let memories = try memories(of: export)
    let planned = try #require(plan.runs.first)
    #expect(plan.runs.count == 1)
    try await export.run()
    let manifest = try #require(try export.manifests().last)
    let timestamp = String(manifest.header.runTimestamp)
    func known(_ name: String) -> String {
      name.replacingOccurrences(of: RunFileNames.unknownTimestamp, with: timestamp)
    }
    let data = manifest.files.filter { $0.content != .rejected }
    #expect(planned.series.map { known($0.firstFile) } == data.map(\.name))
    #expect(planned.series.map(\.rows) == data.map(\.rows))
    #expect(planned.series.allSatisfy { $0.eventName == nil && $0.date == nil && $0.lateRows == 0 })
    #expect(planned.span == manifest.header.window)
    #expect(known(planned.manifestName) == "\(export.id)-\(timestamp)-manifest.json")
    #expect(memories.allSatisfy { $0.contains("-") }, "a plan leaves no memory of its own")
    return data.map(\.rows)
  }

  private func memories(of export: RealExport) throws -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: export.parts.memoryDirectory)) ?? []
  }

  @Test func changedCountsOnlyVersionsThatWereNotSent() async throws {
    let export = try export(.changed)
    try export.put("a", "b", at: "2026-11-19T10:00:00Z")
    try export.put("c", at: "2026-11-19T23:50:00Z", shard: 1)
    #expect(try await runAsPlanned(export) == [2, 1])
    // A moment ago and remembered, or new.
    try export.put("b", at: "2026-11-20T01:00:00Z", properties: "{\"n\":1}")
    try export.put("d", at: "2026-11-19T23:59:00Z", shard: 1)
    try export.change(
      "INSERT INTO profiles (object_id, updated_at, deleted_at) VALUES ('e', 1795132900000, 1795132900000)")
    export.time.set("2026-11-20T06:00:00Z")
    #expect(try await runAsPlanned(export) == [2, 1])
    export.time.set("2026-11-20T18:00:00Z")
    #expect(try await runAsPlanned(export) == [])
  }

  @Test func comparedCountsWhatDiffersAndWhatIsGone() async throws {
    let export = try export(.compared)
    try export.put("a", "b", "c", "d", at: "2026-11-19T10:00:00Z")
    try export.change("INSERT INTO profiles (object_id, properties) VALUES (NULL, '{}')")
    #expect(try await runAsPlanned(export) == [4])
    #expect(try export.manifests().last?.header.totals.rejected == 1)
    try export.change(
      "DELETE FROM profiles WHERE object_id IN ('a', 'b'); UPDATE profiles SET email = 'c@x' WHERE object_id = 'c'"
    )
    export.time.set("2026-11-20T06:00:00Z")
    #expect(try await runAsPlanned(export) == [3])
    // It went once.
    #expect(try export.manifests().last?.header.totals.rejected == 0)
    export.time.set("2026-11-20T12:00:00Z")
    #expect(try await runAsPlanned(export) == [])
  }

  @Test func fullCountsEveryoneEachTime() async throws {
    let export = try export(.full)
    try export.put("a", "b", at: "2026-11-19T10:00:00Z")
    for hour in ["00", "06", "12"] {
      export.time.set("2026-11-20T\(hour):00:00Z")
      #expect(try await runAsPlanned(export) == [2])
    }
  }

  @Test func aPeriodCountsThoseUpdatedInIt() async throws {
    let window = EngineFixture.window("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z")
    let export = try once(.yesterday, .once(window), now: "2026-11-20T08:00:00Z")
    try export.put("before", at: "2026-11-18T23:59:59Z")
    try export.put("first", at: "2026-11-19T00:00:00Z")
    try export.put("last", at: "2026-11-19T23:59:59Z", shard: 1)
    try export.put("after", at: "2026-11-20T00:00:00Z", shard: 1)
    #expect(try await runAsPlanned(export) == [1, 1])
    #expect(try await export.plan().runs.isEmpty)
  }

  @Test func nowCountsAll() async throws {
    let created = Instant(rfc3339: "2026-11-20T08:00:00Z")!
    let export = try once(.now, .onceNow(created), now: "2026-11-20T08:00:00Z")
    try export.put("a", "b", at: "2026-11-18T23:59:59Z")
    #expect(try await runAsPlanned(export) == [2])
  }

  @Test func theNextRunIsToldWithWhatIsThereSoFar() async throws {
    let export = try export(.changed)
    try export.put("a", at: "2026-11-19T10:00:00Z")
    try await runAsPlanned(export)
    try export.put("b", at: "2026-11-20T00:10:00Z")
    export.time.set("2026-11-20T00:20:00Z")
    let plan = try await export.plan()
    #expect(!plan.isDue)
    #expect(plan.runs.map(\.rows) == [1])
    #expect(plan.runs.map(\.span) == [EngineFixture.span("2026-11-20T00:00:00Z", "2026-11-20T06:00:00Z")])
  }

  @Test func aRunThatWasStoppedIsPlannedWithANewCut() async throws {
    let export = try export(.changed)
    try export.put("a", at: "2026-11-19T10:00:00Z")
    try export.obstruct()
    try await export.run()
    try export.clear()
    try export.ledger.stop(export.id, by: .person, reason: "stopped", now: export.time.now())
    export.time.set("2026-11-20T01:00:00Z")
    try export.put("b", at: "2026-11-20T00:30:00Z")
    let plan = try await export.plan()
    #expect(plan.runs.map(\.record?.state) == [.stopped])
    #expect(plan.runs.map(\.rows) == [2])
    try export.ledger.start(export.id, now: export.time.now())
    #expect(try await runAsPlanned(export) == [2])
  }
}
