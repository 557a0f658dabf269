import ExportCore
import Ledger
import Logging

/// Deletes what runs that ended without completing had delivered.
struct Cleaner: Sendable {
  let ledger: Ledger
  let executor: RunExecutor
  let logger: Logger
  /// Told which run it deletes files of, and nil when it has let go of it. Until then nobody may begin that run: it would
  /// deliver the same names anew.
  let holds: @Sendable (RunId?) async -> Void

  /// One try at every name; what passes is tried again at the next call, what is refused is listed for a person.
  func clean() async {
    do {
      for run in try ledger.runsToClean() {
        await holds(run.id)
        for file in try ledger.files(of: run.id) where file.state != .undeletable {
          // It may have been started again meanwhile; what it does not make anew it deletes itself.
          guard try hasEnded(run.id) else { break }
          do {
            try await executor.destination(of: file, run.exportId).delete(file.name)
            try ledger.forget(file.name, of: run.id)
          } catch let error as ExportError where error.kind == .lasting && error.stage == .destination {
            try ledger.refused(file.name, of: run.id, error: error.description)
            logger.error("\(file.name) of a run that ended cannot be deleted: \(error)")
          }
        }
      }
    } catch {
      logger.warning("deleting the files of ended runs goes on later: \(error)")
    }
    await holds(nil)
  }

  /// Removes the unfinished files of runs that ended without completing, one try for each: what passes is tried again at the
  /// next call, what is refused a person must mend. A run that goes on does that itself.
  func tidy() async {
    let runs: [RunRecord]
    do {
      runs = try ledger.runsToTidy()
    } catch {
      logger.warning("removing unfinished files goes on later: \(error)")
      return
    }
    for run in runs {
      do {
        await holds(run.id)
        let isComplete = try ledger.run(run.id)?.state == .done
        guard try isComplete || hasEnded(run.id) else { continue }
        if !isComplete { try await removeUnfinished(of: run) }
        try ledger.tidied(run.id)
      } catch let error as ExportError where error.kind == .lasting && error.stage == .destination {
        logger.error("unfinished files of run \(run.id) cannot be removed and may stay: \(error)")
        try? ledger.tidied(run.id)
      } catch {
        logger.warning("removing unfinished files of run \(run.id) goes on later: \(error)")
      }
    }
    await holds(nil)
  }

  private func removeUnfinished(of run: RunRecord) async throws {
    guard let export = try ledger.export(run.exportId) else { return }
    let revision = try ledger.revision(of: run.exportId, number: run.revision).resolved
    let names = try RunFileNames(
      export: export.name, export.id, revision, runTimestamp: run.runTimestamp,
      zone: try executor.parts.zone(revision.timeZone))
    let destination = try executor.parts.destination(revision.definition.destination, revision.destination)
    for stem in names.stems { try await destination.removeLeftovers(stem: stem) }
  }

  private func hasEnded(_ run: RunId) throws(ExportError) -> Bool {
    switch try ledger.run(run)?.state {
    case .stopped, .failed, .skipped: true
    case .pending, .running, .done, nil: false
    }
  }
}
