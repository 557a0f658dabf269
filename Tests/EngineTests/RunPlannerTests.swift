import Engine
import ExportCore
import Ledger
import Testing
import TimeZones

@Suite struct RunPlannerTests {
  typealias Fixture = EngineFixture

  @Test func everyMissedWindowIsDueOldestFirst() throws {
    let due = try Fixture.planner(Fixture.revision()).due(
      at: Fixture.instant("2026-11-20T13:00:00Z"), hasOpenRun: false)
    #expect(
      due.map(\.window) == [
        Fixture.window("2026-11-20T00:00:00Z", "2026-11-20T06:00:00Z"),
        Fixture.window("2026-11-20T06:00:00Z", "2026-11-20T12:00:00Z"),
      ])
  }

  @Test func nothingBeforePlannedThroughIsPlannedAgain() throws {
    let planner = try Fixture.planner(Fixture.revision(), through: "2026-11-20T12:00:00Z")
    #expect(planner.due(at: Fixture.instant("2026-11-20T17:59:59Z"), hasOpenRun: false).isEmpty)
    #expect(planner.due(at: Fixture.instant("2026-11-20T18:00:00Z"), hasOpenRun: false).count == 1)
    #expect(planner.due(at: Fixture.instant("2026-11-19T00:00:00Z"), hasOpenRun: false).isEmpty)
  }

  @Test func windowsWithoutLateRowsWaitFiveMinutesUnlessToldOtherwise() throws {
    let end = Fixture.instant("2026-11-20T06:00:00Z")
    #expect(try Fixture.planner(Fixture.revision(), hasSequence: false).next?.dueAt == end + 300)
    #expect(try Fixture.planner(Fixture.revision(), hasSequence: nil).next?.dueAt == end)
    #expect(try Fixture.planner(Fixture.revision(delay: 0), hasSequence: false).next?.dueAt == end)
    #expect(try Fixture.planner(Fixture.revision(delay: 90)).next?.dueAt == end + 5400)
  }

  @Test func theLastWindowEndsWithUntil() throws {
    let planner = try Fixture.planner(Fixture.revision(everyHours: 7, until: "2026-11-20"))
    let windows = planner.due(at: Fixture.instant("2027-01-01T00:00:00Z"), hasOpenRun: false).map(\.window)
    #expect(windows.last == Fixture.window("2026-11-20T21:00:00Z", "2026-11-21T00:00:00Z"))
    #expect(
      try Fixture.planner(
        Fixture.revision(everyHours: 7, until: "2026-11-20"), through: "2026-11-21T00:00:00Z"
      )
      .isExhausted)
  }

  @Test func aOneTimeExportHasOneWindow() throws {
    let revision = Fixture.once("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z")
    #expect(
      try Fixture.planner(revision).due(at: Fixture.instant("2026-11-24T00:00:00Z"), hasOpenRun: false).count
        == 1)
    #expect(try Fixture.planner(revision, through: "2026-11-23T00:00:00Z").isExhausted)
  }
}

@Suite struct RetryPolicyTests {
  let first = Instant(seconds: 1_000_000)

  @Test func pausesGrowFromSecondsToAQuarterOfAnHour() {
    let policy = RetryPolicy()
    let pauses = (1...12).map { attempt -> Int64 in
      guard
        case .again(let at) = policy.verdict(
          attempt: attempt, kind: .passing, firstAttemptAt: first, now: first, jitter: 0.999999)
      else { return -1 }
      return at - first
    }
    #expect(pauses == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900])
  }

  @Test func jitterSpreadsTheUpperHalf() {
    let policy = RetryPolicy()
    let verdict = policy.verdict(attempt: 5, kind: .passing, firstAttemptAt: first, now: first, jitter: 0)
    #expect(verdict == .again(at: first + 40))
  }

  @Test func whatWaitingCannotMendIsTriedOnceAnHour() {
    let verdict = RetryPolicy().verdict(
      attempt: 1, kind: .lasting, firstAttemptAt: first, now: first, jitter: 0.5)
    #expect(verdict == .again(at: first + 3600))
  }

  @Test func threeDaysAfterTheFirstAttemptARunGivesUp() {
    let policy = RetryPolicy()
    let almost = policy.verdict(
      attempt: 400, kind: .passing, firstAttemptAt: first, now: first + 3 * 86400 - 1, jitter: 0)
    #expect(almost != .giveUp)
    #expect(
      policy.verdict(attempt: 400, kind: .passing, firstAttemptAt: first, now: first + 3 * 86400, jitter: 0)
        == .giveUp)
  }
}
