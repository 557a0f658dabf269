import Engine
import ExportCore
import Foundation
import Ledger
import Testing
import TimeZones

@Suite struct RunReadsTests {
  typealias Fixture = EngineFixture
  let window = Fixture.window("2026-11-21T00:00:00Z", "2026-11-21T06:00:00Z")
  let cut = DatabaseCut(databaseId: "0", bound: 100, fingerprint: "f", order: .sequence)

  private func record(_ json: String) throws -> WatermarkRecord {
    try JSONDecoder().decode(WatermarkRecord.self, from: Data(json.utf8))
  }

  @Test func theFirstRunHasNoLateRowsAndCountsRejectsFromItsCreation() throws {
    let reads = RunReads(
      window: window, revision: Fixture.revision(),
      watermarks: [try record(#"{"databaseId":"0","createdBound":7}"#)], doneWindows: [])
    let read = reads.read(cut)
    #expect(read.window == window)
    #expect(read.lateWindows.isEmpty)
    #expect(read.watermark == nil)
    #expect(read.rejectAfter == 7)
  }

  @Test func lateRowsBelongToDoneWindowsOnlyAndWindowsThatTouchAreOne() throws {
    let reads = RunReads(
      window: window, revision: Fixture.revision(),
      watermarks: [try record(#"{"databaseId":"0","bound":50,"fingerprint":"g","createdBound":7}"#)],
      doneWindows: [
        Fixture.window("2026-11-20T00:00:00Z", "2026-11-20T06:00:00Z"),
        Fixture.window("2026-11-20T06:00:00Z", "2026-11-20T12:00:00Z"),
        // 12–18 has FAILED: its rows wait for it.
        Fixture.window("2026-11-20T18:00:00Z", "2026-11-21T00:00:00Z"),
      ])
    let read = reads.read(cut)
    #expect(
      read.lateWindows == [
        Fixture.window("2026-11-20T00:00:00Z", "2026-11-20T12:00:00Z"),
        Fixture.window("2026-11-20T18:00:00Z", "2026-11-21T00:00:00Z"),
      ])
    #expect(read.watermark == 50)
    #expect(read.rejectAfter == 50)
  }

  @Test func withoutASequenceNothingComesLate() throws {
    let reads = RunReads(
      window: window, revision: Fixture.revision(),
      watermarks: [try record(#"{"databaseId":"0","bound":50,"createdBound":7}"#)],
      doneWindows: [Fixture.window("2026-11-20T00:00:00Z", "2026-11-20T06:00:00Z")])
    let read = reads.read(DatabaseCut(databaseId: "0", bound: nil, fingerprint: nil, order: .timestamp))
    #expect(read.lateWindows.isEmpty)
    #expect(read.rejectAfter == nil)
  }

  @Test func aNewDatabaseAndANewNameStartWithTheNextWindow() throws {
    let first = Fixture.revision(data: .events(["A"]))
    let through = Fixture.instant("2026-11-21T06:00:00Z")
    let second = Fixture.revision(data: .events(["A", "B"]), databases: ["0", "1"])
      .reaching(after: first, plannedThrough: through)
    #expect(second.selection.names["A"] == Instant(seconds: .min))
    #expect(second.selection.names["B"] == through)
    let before = RunReads(window: window, revision: second, watermarks: [], doneWindows: [])
    #expect(before.databaseIds == ["0"])
    let after = RunReads(
      window: Fixture.window("2026-11-21T06:00:00Z", "2026-11-21T12:00:00Z"), revision: second,
      watermarks: [],
      doneWindows: [])
    #expect(after.databaseIds == ["0", "1"])
    // All names from now on: the named ones keep their earlier beginning.
    let third = Fixture.revision(data: .allEvents).reaching(after: second, plannedThrough: through + 7)
    #expect(third.selection.allSince == through + 7)
    #expect(third.selection.names["A"] == Instant(seconds: .min))
  }
}
