import Engine
import ExportCore
import Ledger
import Logging
import ServiceLifecycle
import TimeZones
import UnixSignals

/// One attempt in the foreground: a bar on a terminal, and Ctrl-C ends it at a resumable point.
struct ForegroundAttempt: Sendable {
  let executor: RunExecutor
  let time: any TimeSource

  func run(_ id: RunId, of export: RequestId, for occasion: Occasion) async throws -> RunExecutor.Outcome {
    let control = AttemptControl(time: time)
    let window = try executor.ledger.run(id)?.window
    return try await withThrowingTaskGroup(of: RunExecutor.Outcome?.self) { group in
      group.addTask { try await executor.attempt(id, control: control, for: occasion) }
      group.addTask {
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
          control.end(.shutdown)
          return nil
        }
        return nil
      }
      group.addTask {
        var bar = ProgressBar()
        defer { bar.clear() }
        while !Task.isCancelled {
          bar.show(window, rows: control.rows)
          try? await time.sleep(milliseconds: 200)
          // Another person's `stop` reaches a run in the foreground as well.
          guard let latest = try executor.ledger.export(export), latest.deletedAt == nil else {
            control.end(.stop(reason: "the export was deleted"))
            break
          }
          if !occasion.stands(with: latest) {
            control.end(.stop(reason: latest.reason ?? "stopped"))
            break
          }
        }
        return nil
      }
      var outcome: RunExecutor.Outcome?
      while let result = try await group.next() {
        outcome = result ?? outcome
        group.cancelAll()
      }
      return outcome!
    }
  }
}
