import Engine
import ExportCore
import Foundation
import Ledger
import Testing
import TimeZones

/// Plans of exports, held against what their runs then deliver.
@Suite struct ExportPlanTests {
  /// Names and rows of a plan are those of the manifests, run by run.
  private func expect(_ plan: ExportPlan, equals manifests: [Manifest]) throws {
    try #require(plan.runs.count == manifests.count)
    for (run, manifest) in zip(plan.runs, manifests) {
      let timestamp = String(manifest.header.runTimestamp)
      func known(_ name: String) -> String {
        name.replacingOccurrences(of: RunFileNames.unknownTimestamp, with: timestamp)
      }
      var planned: [String: Int] = [:]
      for series in run.series { planned[known(series.firstFile), default: 0] += series.rows }
      let data = manifest.files.filter { $0.content != .rejected }
      #expect(planned == Dictionary(data.map { ($0.name, $0.rows) }, uniquingKeysWith: +))
      #expect(run.rows == manifest.header.totals.rows)
      #expect(manifest.header.window == run.span)
      #expect(known(run.manifestName) == "\(manifest.header.requestId)-\(timestamp)-manifest.json")
    }
  }

  @Test func severalWindowsInARowAreWhatTheirRunsBecome() async throws {
    let export = try RealExport()
    try export.add("Charged", at: "2026-11-20T01:00:00Z", count: 3)
    try export.add("Charged", at: "2026-11-20T07:00:00Z", shard: 1, count: 2)
    try export.add("App Launched", at: "2026-11-20T05:59:59Z")
    try export.add("Charged", at: "2026-11-20T13:00:00Z", count: 9)
    export.time.set("2026-11-20T12:00:00Z")
    let plan = try await export.plan()
    #expect(plan.isDue)
    #expect(plan.runs.map(\.rows) == [4, 2])
    #expect(plan.runs.allSatisfy { $0.record == nil && $0.lateRows == 0 })
    try await export.run()
    try expect(plan, equals: try export.manifests())
  }

  @Test func lateRowsBelongToTheFirstRunThatComes() async throws {
    let export = try RealExport()
    try export.add("Charged", at: "2026-11-20T01:00:00Z", count: 3)
    export.time.set("2026-11-20T06:00:00Z")
    try await export.run()
    try export.add("Charged", at: "2026-11-20T02:00:00Z", count: 2)
    try export.add("Charged", at: "2026-11-20T08:00:00Z")
    // Before the first boundary: never sent.
    try export.add("Charged", at: "2026-11-19T23:00:00Z")
    export.time.set("2026-11-20T18:00:00Z")
    let plan = try await export.plan()
    #expect(plan.runs.map(\.rows) == [3, 0])
    #expect(plan.runs.map(\.lateRows) == [2, 0])
    try await export.run()
    try expect(plan, equals: Array(try export.manifests().suffix(2)))
  }

  @Test func aRunThatHasBegunKeepsItsTimestampAndItsCut() async throws {
    let export = try RealExport()
    try export.add("Charged", at: "2026-11-20T01:00:00Z", count: 3)
    export.time.set("2026-11-20T06:00:00Z")
    try export.obstruct()
    try await export.run()
    try export.add("Charged", at: "2026-11-20T02:00:00Z", count: 5)
    let plan = try await export.plan()
    let begun = try #require(plan.runs.first?.record)
    #expect(begun.state == .pending && begun.attempt == 1)
    #expect(plan.runs[0].manifestName == "\(export.id)-\(begun.runTimestamp!)-manifest.json")
    #expect(plan.runs[0].rows == 3, "rows behind the pinned cut are late rows of the next window")
    try export.clear()
    try await export.run()
    try expect(plan, equals: try export.manifests())
  }

  @Test func windowsThatFailedOrWereStoppedArePlannedWithANewCut() async throws {
    let export = try RealExport()
    try export.add("Charged", at: "2026-11-20T01:00:00Z", count: 3)
    export.time.set("2026-11-20T06:00:00Z")
    try export.obstruct()
    try await export.run()
    try export.clear()
    try export.ledger.stop(export.id, by: .person, reason: "stopped", now: export.time.now())
    try export.add("Charged", at: "2026-11-20T02:00:00Z", count: 5)
    let plan = try await export.plan()
    #expect(plan.runs.map(\.record?.state) == [.stopped])
    #expect(plan.runs.map(\.rows) == [8])
    try export.ledger.start(export.id, now: export.time.now())
    try await export.run()
    try expect(plan, equals: try export.manifests())
  }

  @Test func whenNothingIsDueTheNextWindowIsToldWithWhatIsThere() async throws {
    let export = try RealExport()
    try export.add("Charged", at: "2026-11-20T01:00:00Z", count: 3)
    let plan = try await export.plan()
    #expect(!plan.isDue)
    #expect(plan.runs.map(\.span) == [EngineFixture.span("2026-11-20T00:00:00Z", "2026-11-20T06:00:00Z")])
    #expect(plan.runs.map(\.rows) == [3])
    #expect(plan.runs[0].series[0].firstFile == "\(export.id)-<run timestamp>-Charged-20261120-0-0.json")
  }

  @Test func eventsWhoseNamesBecomeTheSameInFilesAreMarked() async throws {
    let export = try RealExport()
    try export.add("a b", at: "2026-11-20T01:00:00Z", count: 2)
    try export.add("a/b", at: "2026-11-20T01:00:00Z", count: 3)
    try export.add("a", at: "2026-11-20T01:00:00Z")
    // Canonically equal, and still two names in files.
    try export.add("\u{E9}", at: "2026-11-20T01:00:00Z")
    try export.add("e\u{301}", at: "2026-11-20T01:00:00Z")
    export.time.set("2026-11-20T06:00:00Z")
    let series = try await export.plan().runs[0].series
    #expect(series.count == 5)
    #expect(series.filter(\.sharesNames).map(\.eventName) == ["a b", "a/b"])
    try await export.run()
    #expect(try export.manifests()[0].files.count == 5)
  }

  @Test func aSourceThatWasReplacedIsSaidBeforeTheRunFails() async throws {
    let export = try RealExport()
    try export.add("Charged", at: "2026-11-20T01:00:00Z", count: 3)
    export.time.set("2026-11-20T06:00:00Z")
    try await export.run()
    try export.change("DELETE FROM events")
    await #expect(throws: ExportError.self) { try await export.plan() }
  }
}
