package import ExportCore
package import Ledger
import TimeZones

/// What an event run reads from each database: a pure function of its window, its cuts, and what the export
/// has done before (SPEC section 3).
package struct RunReads: Sendable {
  private let window: Window
  private let revision: Revision
  private let watermarks: [String: WatermarkRecord]
  private let doneWindows: [Window]
  private let isPlannedAgain: Bool

  /// - Parameter isPlannedAgain: whether the window was DONE already, under a clock that was far ahead: of its rows only
  ///   those beyond the watermark are read.
  package init(
    window: Window, revision: Revision, watermarks: [WatermarkRecord], doneWindows: [Window],
    isPlannedAgain: Bool = false
  ) {
    self.isPlannedAgain = isPlannedAgain
    self.window = window
    self.revision = revision
    self.watermarks = Dictionary(watermarks.map { ($0.databaseId, $0) }, uniquingKeysWith: { $1 })
    self.doneWindows = Self.joined(doneWindows)
  }

  /// The databases that take part: one that is new to the source starts with its next window.
  package var databaseIds: [String] {
    revision.source.databaseIds.filter { since($0) <= window.from }
  }

  /// The row that must still be there and the same before the run may trust the source.
  package func watermark(_ databaseId: String) -> Watermark? { watermarks[databaseId]?.watermark }

  /// Whether the bound at the export's creation is still to be remembered for this database.
  package func lacksCreationBound(_ databaseId: String) -> Bool {
    watermarks[databaseId]?.createdBound == nil
  }

  /// The cuts under which this run reads: those that it has pinned, and new ones for the other databases. Proves that
  /// every database can be read as mapped, and that the rows it goes by are still there.
  /// - Returns: all of them in the order of the databases, and which of them are new.
  package func cuts(
    _ source: any Source, pinned: [DatabaseCut]
  ) async throws -> (all: [DatabaseCut], fresh: [DatabaseCut]) {
    let pinned = Dictionary(pinned.map { ($0.databaseId, $0) }, uniquingKeysWith: { $1 })
    var all: [DatabaseCut] = []
    var fresh: [DatabaseCut] = []
    for databaseId in databaseIds {
      if let cut = pinned[databaseId] {
        // The row at the pinned bound must still be there: a source that was replaced between two attempts would
        // otherwise give one run rows of both.
        let mark = cut.bound.flatMap { bound in
          cut.fingerprint.map { Watermark(bound: bound, fingerprint: $0) }
        }
        _ = try await source.pin(databaseId, watermark: mark)
        all.append(cut)
      } else {
        let cut = try await source.pin(databaseId, watermark: watermark(databaseId))
        fresh.append(cut)
        all.append(cut)
      }
    }
    return (all, fresh)
  }

  package func read(_ cut: DatabaseCut) -> EventRead {
    let record = watermarks[cut.databaseId]
    let since = since(cut.databaseId)
    let knowsWatermark = cut.bound != nil && record?.bound != nil
    let readsOnlyLate = isPlannedAgain && knowsWatermark
    let late: [Window] =
      knowsWatermark
      ? Self.joined(readsOnlyLate ? doneWindows + [window] : doneWindows)
        .compactMap { Window(from: max($0.from, since), to: $0.to) } : []
    return EventRead(
      cut: cut, selection: revision.selection, window: readsOnlyLate ? nil : window, lateWindows: late,
      watermark: record?.bound,
      rejectAfter: cut.bound == nil ? nil : record?.bound ?? record?.createdBound)
  }

  private func since(_ databaseId: String) -> Instant {
    revision.databasesSince[databaseId] ?? Instant(seconds: .min)
  }

  /// Windows that touch become one: there are as many as there are gaps, not as many as there were runs.
  private static func joined(_ windows: [Window]) -> [Window] {
    var joined: [Window] = []
    for window in windows.sorted(by: { $0.from < $1.from }) {
      if let last = joined.last, window.from <= last.to {
        joined[joined.count - 1] = Window(from: last.from, to: max(last.to, window.to))!
      } else {
        joined.append(window)
      }
    }
    return joined
  }
}
