import Engine
import ExportCore
import Foundation
import Ledger
import Testing
import TimeZones

@Suite struct AgendaTests {
  typealias Fixture = EngineFixture
  let now = Fixture.instant("2026-11-24T00:00:00Z")

  private func agenda(_ exports: [(id: Int64, stopped: Bool, runs: [String])], slots: Int = 2) throws
    -> Agenda
  {
    var agenda = Agenda(maxConcurrentRuns: slots)
    for export in exports {
      let stopper = export.stopped ? #","stoppedBy":"person""# : ""
      let record = try JSONDecoder().decode(
        ExportRecord.self,
        from: Data(
          #"{"id":\#(export.id),"name":"e\#(export.id)","origin":"file","dataType":"events","revision":1,"createdAt":0,"source":"main","isRecurring":true,"waits":false\#(stopper)}"#
            .utf8))
      let runs = try export.runs.enumerated().map { index, fields in
        try JSONDecoder().decode(
          RunRecord.self,
          from: Data(
            #"{"id":\#(export.id * 10 + Int64(index)),"exportId":\#(export.id),"windowFrom":0,"windowTo":1,"scheduledAt":\#(export.id * 100 + Int64(index)),"attempt":0,"rows":0,"bytes":0,"files":0,"rejected":0,\#(fields)}"#
              .utf8))
      }
      agenda.entries[export.id] = AgendaEntry(
        record: record, planner: try Fixture.planner(Fixture.revision()), open: runs)
    }
    return agenda
  }

  @Test func slotsAreGivenToTheLongestDueOneAnExport() throws {
    let pending = #""state":"PENDING""#
    let agenda = try agenda([(2, false, [pending, pending]), (1, false, [pending]), (3, false, [pending])])
    #expect(agenda.starts(running: [], at: now).map(\.run) == [10, 20])
    #expect(agenda.starts(running: [10], at: now).map(\.run) == [20])
    #expect(agenda.starts(running: [10, 20], at: now).isEmpty)
  }

  @Test func aRunThatWaitsForItsRetryHoldsBackItsExportButNoSlot() throws {
    let waiting = #""state":"PENDING","nextAttemptAt":\#(now.seconds + 60)"#
    let agenda = try agenda(
      [(1, false, [waiting, #""state":"PENDING""#]), (2, false, [#""state":"PENDING""#])], slots: 1)
    #expect(agenda.starts(running: [], at: now).map(\.run) == [20])
    #expect(agenda.starts(running: [], at: now + 60).map(\.run) == [10])
  }

  @Test func aCommittedRunComesBeforeOlderWindowsThatWereReopened() throws {
    let pending = #""state":"PENDING""#
    let agenda = try agenda([(1, false, [pending, pending + #","manifestName":"m""#])])
    #expect(agenda.starts(running: [], at: now).map(\.run) == [11])
  }

  @Test func aRetryTimeFromAClockThatWasFarAheadIsNotWaitedFor() throws {
    let agenda = try agenda([(1, false, [#""state":"PENDING","nextAttemptAt":\#(now.seconds + 86400)"#])])
    #expect(agenda.starts(running: [], at: now).map(\.run) == [10])
  }

  @Test func aStoppedExportRunsOnlyWhatIsCommittedOrAskedFor() throws {
    let pending = #""state":"PENDING""#
    var agenda = try agenda([(1, true, [pending]), (2, true, [pending + #","manifestName":"m""#])])
    #expect(agenda.starts(running: [], at: now).map(\.run) == [20])
    #expect(agenda.due(at: now).isEmpty)
    agenda.requests = [
      RunRequest(wish: 1, export: 1, RunWish.Opened(runs: [10], for: .asked(stoppedAt: nil)))
    ]
    #expect(
      agenda.starts(running: [], at: now) == [
        .init(run: 10, export: 1, for: .asked(stoppedAt: nil)), .init(run: 20, export: 2, for: .due),
      ])
    #expect(agenda.unasked.isEmpty)
    agenda.dropOutdatedRequests()
    #expect(agenda.requests.count == 1)
    agenda.requests[0].occasion = .asked(stoppedAt: now + -1)
    agenda.dropOutdatedRequests()
    #expect(agenda.requests.isEmpty)
    // What is committed goes on to its end.
    #expect(agenda.unasked == [1])
  }
}
