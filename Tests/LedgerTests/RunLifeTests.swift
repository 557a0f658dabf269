import ExportCore
import Ledger
import Testing
import TimeZones

/// A run's way through its states, and what remains of it between attempts.
@Suite struct RunLifeTests {
  let fixture: LedgerFixture
  var ledger: Ledger { fixture.ledger }
  let now = Instant(seconds: 3_000_000)

  init() throws { fixture = try LedgerFixture() }

  @Test func theTimestampIsTheFirstAttemptsAndUnique() throws {
    let (_, runs) = try fixture.export(windows: 2)
    let first = try #require(try ledger.begin(runs[0], bootId: "a", now: now))
    #expect(first.runTimestamp == now.seconds)
    #expect(first.run.attempt == 1)
    #expect(try ledger.retry(runs[0], error: "disk", next: now + 5, now: now))
    let again = try #require(try ledger.begin(runs[0], bootId: "a", now: now + 60))
    #expect(again.runTimestamp == now.seconds)
    #expect(again.run.attempt == 2)
    #expect(again.run.firstAttemptAt == now)
    try ledger.fail(runs[0], error: "disk", now: now)
    let second = try #require(try ledger.begin(runs[1], bootId: "a", now: now))
    #expect(second.runTimestamp == now.seconds + 1)
  }

  @Test func runsOfAProcessThatIsGoneAreAdopted() throws {
    let (_, runs) = try fixture.export(windows: 1)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    try ledger.announce([LedgerFixture.file("x")], of: runs[0])
    try ledger.delivered(["x"], of: runs[0], revision: 1)
    try ledger.pin([LedgerFixture.cut], of: runs[0])
    #expect(try ledger.adopt(bootId: "b", now: now).count == 1)
    let run = try #require(try ledger.begin(runs[0], bootId: "b", now: now + 9))
    #expect(run.cuts == [LedgerFixture.cut])
    #expect(run.files.map(\.state) == [.delivered])
    #expect(run.files[0].lastKey == ReadKey(pass: 0, order: 5, sequence: 9))
    #expect(try ledger.adopt(bootId: "b", now: now).isEmpty)
  }

  @Test func whatBeganAndEndedInVainIsTidiedOnce() throws {
    let (id, runs) = try fixture.export(windows: 3)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    #expect(try ledger.retry(runs[0], error: "disk", next: now, now: now))
    #expect(try ledger.runsToTidy().isEmpty)
    // By a command, while nobody works on it.
    try ledger.stop(id, by: .person, reason: "enough", now: now)
    #expect(try ledger.runsToTidy().map(\.id) == [runs[0]])
    try ledger.tidied(runs[0])
    #expect(try ledger.runsToTidy().isEmpty)

    try ledger.start(id, now: now)
    _ = try ledger.reopen(id, for: .due, now: now)
    _ = try ledger.begin(runs[1], bootId: "a", now: now)
    try ledger.fail(runs[1], error: "disk", now: now)
    #expect(try ledger.runsToTidy().map(\.id) == [runs[1]])
  }

  @Test(arguments: ["a\0b", "\0", "", "日本"])
  func theNameOfAnEventIsKeptWhole(name: String) throws {
    let (_, runs) = try fixture.export(windows: 1)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    try ledger.announce([LedgerFixture.file("x", of: name)], of: runs[0])
    #expect(try ledger.files(of: runs[0]).map(\.eventName) == [name])
  }

  @Test func theRevisionIsPinnedWithTheFirstDeliveredFile() throws {
    let (id, runs) = try fixture.export(windows: 1)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    try ledger.announce([LedgerFixture.file("x")], of: runs[0])
    #expect(try ledger.retry(runs[0], error: "no", next: now, now: now))
    try ledger.revise(
      id, definition: "{}", resolved: LedgerFixture.revision(from: "other"), due: [], now: now)
    let second = try #require(try ledger.begin(runs[0], bootId: "a", now: now))
    #expect(second.revision.number == 2)
    try ledger.delivered(["x"], of: runs[0], revision: 2)
    #expect(try ledger.retry(runs[0], error: "no", next: now, now: now))
    try ledger.revise(
      id, definition: "{}", resolved: LedgerFixture.revision(from: "third"), due: [], now: now)
    let third = try #require(try ledger.begin(runs[0], bootId: "a", now: now))
    #expect(third.revision.number == 2)
    #expect(third.revision.resolved.source.events?.from == "other")
  }

  @Test func aReopenedRunTakesANewCutAndDropsItsOldFiles() throws {
    let (id, runs) = try fixture.export(windows: 1)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    try ledger.pin([LedgerFixture.cut], of: runs[0])
    try ledger.announce([LedgerFixture.file("x")], of: runs[0])
    try ledger.delivered(["x"], of: runs[0], revision: 1)
    try ledger.fail(runs[0], error: "gave up", now: now)
    #expect(try ledger.runsToClean().map(\.id) == runs)
    #expect(try ledger.reopen(id, for: .due, now: now) == 1)
    let run = try #require(try ledger.begin(runs[0], bootId: "a", now: now + 9))
    #expect(run.cuts.isEmpty)
    #expect(run.files.map(\.state) == [.stale])
    #expect(run.runTimestamp == now.seconds)
  }

  @Test func aRunThatWasOvertakenTakesANewCut() throws {
    let (id, runs) = try fixture.export(windows: 2)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    try ledger.fail(runs[0], error: "gave up", now: now)
    _ = try ledger.begin(runs[1], bootId: "a", now: now)
    try ledger.pin([LedgerFixture.cut], of: runs[1])
    try ledger.announce([LedgerFixture.file("x")], of: runs[1])
    try ledger.delivered(["x"], of: runs[1], revision: 1)
    #expect(try ledger.retry(runs[1], error: "disk", next: now, now: now))
    #expect(try ledger.reopen(id, for: .due, now: now) == 2)
    _ = try ledger.begin(runs[0], bootId: "a", now: now + 9)
    var later = LedgerFixture.cut
    later.bound = 50
    try ledger.commit(
      runs[0], manifest: [1], named: "m", rows: 0, bytes: 0, files: 0, rejected: 0, watermarks: [later])
    try ledger.finish(runs[0], now: now + 9)
    let overtaken = try #require(try ledger.begin(runs[1], bootId: "a", now: now + 9))
    #expect(overtaken.cuts.isEmpty)
    #expect(overtaken.files.map(\.state) == [.stale])
    #expect(overtaken.run.revision == nil)
  }

  @Test func stopEndsWhatWaitsAndStartOwesIt() throws {
    let (id, runs) = try fixture.export(windows: 2)
    _ = try ledger.begin(runs[0], bootId: "a", now: now)
    try ledger.stop(id, by: .person, reason: "stopped by a person", now: now)
    #expect(try ledger.run(runs[0])?.state == .running)
    #expect(try ledger.run(runs[1])?.state == .stopped)
    #expect(try ledger.stopped(runs[0], reason: "stopped by a person", now: now))
    #expect(try ledger.begin(runs[0], bootId: "a", now: now) == nil)
    try ledger.stop(id, by: .file, reason: "file", now: now)
    #expect(try ledger.export(id)?.stoppedBy == .person)
    try ledger.start(id, now: now)
    #expect(try ledger.openRuns().map(\.state) == [.pending, .pending])
  }

  @Test func skippedWindowsAreNotOwed() throws {
    let (id, _) = try fixture.export(windows: 2)
    try ledger.stop(id, by: .person, reason: "r", now: now)
    try ledger.skip(id, through: nil, reason: "left out", now: now)
    try ledger.start(id, now: now)
    #expect(try ledger.openRuns().isEmpty)
    #expect(try ledger.runs(of: id).map(\.state) == [.skipped, .skipped])
  }

  @Test func aRefusalByARuleIsToldApartFromAFailure() throws {
    for kind in [ExportError.Kind.refused, .lasting] {
      let wish = try ledger.wish(.probe, now: now)
      try ledger.answer(
        wish, Answer(ExportError(.state, kind, object: "snapshot", problem: "waits")), now: now)
      let answer = try #require(try ledger.answer(to: wish))
      #expect(!answer.succeeded && answer.isRefused == (kind == .refused))
      #expect(answer.text.contains("snapshot"))
    }
  }

  @Test func whatWasAskedForBeforeAStopIsNotWantedAnyMore() throws {
    let (id, runs) = try fixture.export(windows: 1)
    let wish = try ledger.wish(.run(id, restart: true, rebase: false), now: now)
    let other = try ledger.wish(.run(id + 1, restart: true, rebase: false), now: now)
    try ledger.stop(id, by: .person, reason: "stopped by hand", now: now)
    #expect(try ledger.answer(to: wish)?.succeeded == false)
    #expect(try ledger.answer(to: wish)?.text == "the export was stopped meanwhile: stopped by hand")
    #expect(try ledger.takeWishes(bootId: "b").map(\.id) == [other])

    let asked = Occasion.asked(stoppedAt: try ledger.export(id)?.stoppedAt)
    #expect(try ledger.reopen(id, for: .due, now: now) == 0)
    #expect(try ledger.reopen(id, for: .asked(stoppedAt: nil), now: now) == 0)
    #expect(try ledger.reopen(id, for: asked, now: now) == 1)
    #expect(try ledger.begin(runs[0], bootId: "b", for: .asked(stoppedAt: nil), now: now) == nil)
    #expect(try ledger.begin(runs[0], bootId: "b", now: now) == nil)
    #expect(try ledger.begin(runs[0], bootId: "b", for: asked, now: now) != nil)
  }

  @Test func wishesAreTakenOnceAndAnswered() throws {
    let wish = try ledger.wish(.reload, now: now)
    #expect(try ledger.takeWishes(bootId: "a").map(\.wish) == [.reload])
    #expect(try ledger.takeWishes(bootId: "a").isEmpty)
    // A daemon that dies with a wish in hand leaves it to the next.
    #expect(try ledger.takeWishes(bootId: "b").map(\.id) == [wish])
    try ledger.answer(wish, Answer(succeeded: false, text: "no"), now: now)
    #expect(try ledger.answer(to: wish) == Answer(succeeded: false, text: "no"))
  }

  @Test func theSecondHolderIsTold() throws {
    guard case .taken(let lock) = try StateLock.attempt(stateDirectory: fixture.directory) else {
      Issue.record("the lock is free")
      return
    }
    switch try StateLock.attempt(stateDirectory: fixture.directory) {
    case .taken: Issue.record("the lock was given twice")
    case .held(let holder): #expect(holder.pid == ProcessIdentity.pid)
    }
    #expect(StateLock.holder(stateDirectory: fixture.directory)?.pid == ProcessIdentity.pid)
    _ = consume lock
    #expect(StateLock.holder(stateDirectory: fixture.directory) == nil)
  }
}
