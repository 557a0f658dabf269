import ExportCore
import Ledger

/// What an export had done before one of its runs: with the window, it decides what that run reads. For those who
/// follow runs without carrying them out; the runs themselves have it from the ledger.
struct RunPast {
  var watermarks: [WatermarkRecord] = []
  var doneWindows: [Window] = []

  /// Moves on behind a run, as its commit does in the ledger.
  mutating func complete(_ window: Window, _ cuts: [DatabaseCut]) {
    doneWindows.append(window)
    for cut in cuts where cut.bound != nil {
      watermarks.removeAll { $0.databaseId == cut.databaseId }
      watermarks.append(
        WatermarkRecord(databaseId: cut.databaseId, bound: cut.bound, fingerprint: cut.fingerprint))
    }
  }
}
