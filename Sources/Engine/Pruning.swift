import ExportCore
import Ledger
import Logging
import TimeZones

/// Removes history that is older than people want to keep.
struct Pruning: Sendable {
  let ledger: Ledger
  let keepDays: Int
  let logger: Logger

  func run(now: Instant) async {
    do {
      while try ledger.prune(before: now - Int64(keepDays) * 86400) {
        // Between two portions others have their turn.
        try await Task.sleep(for: .milliseconds(20))
      }
    } catch is CancellationError {
      return
    } catch {
      logger.warning("old history stays for now: \(error)")
    }
  }
}
