import ExportCore
import Ledger
import Logging
import TimeZones

/// What commands ask of the daemon.
extension Scheduler {
  /// Turns a wish into a job, or into a request that the coming turns fulfil.
  func take(_ record: WishRecord) throws(ExportError) -> Scheduler.Job? {
    switch record.wish {
    case .reload: return .reload(record)
    case .probe: return .probe(record)
    case .verify(let export, let run, let source):
      return .verify(record, export, run: run, source: source)
    case .run(let export, let restart, let rebase):
      try take(record, export, restart: restart, rebase: rebase)
      return nil
    }
  }

  private func take(
    _ record: WishRecord, _ export: RequestId, restart: Bool, rebase: Bool
  ) throws(ExportError) {
    do throws(ExportError) {
      let opened = try RunWish(ledger: ledger, parts: executor.parts).open(
        export, restart: restart, rebase: rebase, now: time.now())
      if restart {
        for (id, attempt) in running where opened.runs.contains(id) { attempt.control.end(.restart) }
      }
      if opened.runs.isEmpty {
        finish(record.id, Answer(succeeded: true, text: "nothing is due"))
      } else {
        agenda.requests.append(RunRequest(wish: record.id, export: export, opened))
      }
    } catch {
      finish(record.id, Answer(error))
    }
  }

  /// After an attempt: requests that asked for it move on, or end with its failure. What then still waits of a stopped export
  /// is stopped in the next turn.
  func settle(_ start: Agenda.Start, _ outcome: Result<RunExecutor.Outcome, ExportError>) {
    var rest: [RunRequest] = []
    for var request in agenda.requests {
      guard request.remaining.contains(start.run) else {
        rest.append(request)
        continue
      }
      switch outcome {
      case .success(.done), .success(.notBegun):
        request.remaining.removeAll { $0 == start.run }
        if request.remaining.isEmpty {
          finish(request.wish, Answer(succeeded: true, text: "\(request.total) run(s) DONE"))
        } else {
          rest.append(request)
        }
      case .success(.interrupted) where !isEnding:
        rest.append(request)
      case .success(.retry(let error, _)), .success(.failed(let error)), .failure(let error):
        finish(request.wish, Answer(error))
      case .success(.stopped): finish(request.wish, Answer(succeeded: false, text: "the run was stopped"))
      case .success(.interrupted):
        finish(
          request.wish,
          Answer(succeeded: false, text: "the daemon is ending; the run goes on at its next start"))
      }
    }
    agenda.requests = rest
  }

  func finish(_ wish: Int64, _ answer: Answer) {
    do throws(ExportError) {
      try ledger.answer(wish, answer, now: time.now())
    } catch {
      logger.error("a wish could not be answered: \(error)")
    }
  }
}
