import ExportCore
import GRDB
import Ledger
import Testing
import TimeZones

/// What a reader of changes gets to know, and what it is spared.
@Suite struct ChangesTests {
  let fixture: LedgerFixture
  var ledger: Ledger { fixture.ledger }
  private let now = Instant(seconds: 2_000_000)

  init() throws { fixture = try LedgerFixture() }

  @Test func onlyWhatHasChangedIsRead() throws {
    let ids = try (0..<5).map { try fixture.export("e\($0)") }
    let all = try ledger.changes(after: 0)
    #expect(all.exports.map(\.id) == ids)
    #expect(all.exports.allSatisfy { $0.record?.id == $0.id && $0.open.isEmpty })
    #expect(try ledger.changes(after: all.last).exports.isEmpty)

    try ledger.claim([fixture.hour(0), fixture.hour(1)], of: ids[3], now: now)
    let claimed = try ledger.changes(after: all.last)
    #expect(claimed.exports.map(\.id) == [ids[3]])
    #expect(claimed.exports.first?.open.count == 2)

    _ = try #require(try ledger.begin(claimed.exports[0].open[0].id, bootId: "a", now: now))
    try ledger.stop(ids[1], by: .person, reason: "enough", now: now)
    let later = try ledger.changes(after: claimed.last)
    #expect(later.exports.map(\.id) == [ids[1], ids[3]])
    #expect(later.exports[0].record?.stoppedBy == .person)
    #expect(later.exports[1].open.map(\.state) == [.running, .pending])
    #expect(try ledger.changes(after: 0).exports.map(\.id) == ids, "all can be had again")
  }

  @Test func anExportThatIsDeletedIsToldOnce() throws {
    let id = try fixture.export()
    let before = try ledger.changes(after: 0).last
    try ledger.delete(id, now: now)
    let changes = try ledger.changes(after: before)
    #expect(changes.exports.map(\.id) == [id])
    #expect(changes.exports[0].record == nil)
    #expect(try ledger.changes(after: changes.last).exports.isEmpty)
  }

  @Test func whatAnotherProcessWritesCountsAsWellAndNoNumberComesTwice() throws {
    let id = try fixture.export()
    var last = try ledger.changes(after: 0).last
    for reason in ["a", "b", "c"] {
      try fixture.stranger().write {
        try $0.execute(sql: "UPDATE export SET reason = ? WHERE id = ?", arguments: [reason, id])
      }
      let changes = try ledger.changes(after: last)
      #expect(changes.exports.first?.record?.reason == reason)
      #expect(changes.last > last)
      last = changes.last
    }
  }
}
