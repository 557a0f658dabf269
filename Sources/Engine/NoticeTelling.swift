package import ExportCore
package import Ledger
import Logging
import TimeZones

/// What people are told when a run becomes FAILED, or when the first run after that is DONE.
package struct NoticeMessage: Hashable, Sendable {
  package var notice: Notice
  package var export: String
  package var dataType: DataType
  package var destination: String
  /// The run that failed or succeeded.
  package var run: RunRecord

  /// One JSON object on one line.
  package var json: [UInt8] {
    var out: [UInt8] = []
    func add(_ key: String, _ value: String?) {
      out.append(contentsOf: (out.isEmpty ? "{" : ",").utf8)
      JSONText.appendString(key, to: &out)
      out.append(UInt8(ascii: ":"))
      if let value { JSONText.appendString(value, to: &out) } else { out.append(contentsOf: "null".utf8) }
    }
    func add(_ key: String, _ value: Int64?) {
      out.append(contentsOf: (out.isEmpty ? "{" : ",").utf8)
      JSONText.appendString(key, to: &out)
      out.append(contentsOf: ":\(value.map(String.init) ?? "null")".utf8)
    }
    add("event", notice.kind.rawValue)
    add("export", export)
    add("requestId", notice.exportId)
    add("dataType", dataType.rawValue)
    add("destination", destination)
    add("run", notice.runId)
    add("runTimestamp", run.runTimestamp)
    add("windowFrom", run.span.from?.rfc3339)
    add("windowTo", run.span.to.rfc3339)
    add("error", notice.error)
    add("at", notice.createdAt.rfc3339)
    out.append(UInt8(ascii: "}"))
    return out
  }
}

/// Tells people what they are to be told, and tries again when nobody answers.
struct NoticeTelling: Sendable {
  let ledger: Ledger
  let tell: @Sendable (NoticeMessage) async throws -> Void
  let policy: RetryPolicy
  let time: any TimeSource
  let logger: Logger

  func run() async {
    do {
      for notice in try ledger.noticesToTell(at: time.now()) {
        guard let message = try message(notice) else {
          try ledger.told(notice.id, now: time.now())
          continue
        }
        try await settle(message)
      }
    } catch {
      logger.warning("notices wait: \(error)")
    }
  }

  private func message(_ notice: Notice) throws(ExportError) -> NoticeMessage? {
    guard let export = try ledger.export(notice.exportId), let run = try ledger.run(notice.runId) else {
      return nil
    }
    let definition = try ledger.revision(of: export.id).resolved.definition
    return NoticeMessage(
      notice: notice, export: export.name, dataType: export.dataType, destination: definition.destination,
      run: run)
  }

  private func settle(_ message: NoticeMessage) async throws {
    let notice = message.notice
    do {
      try await tell(message)
    } catch is CancellationError {
      return
    } catch {
      let verdict = policy.verdict(
        attempt: notice.attempt + 1, kind: .passing, firstAttemptAt: notice.createdAt, now: time.now(),
        jitter: 0)
      if case .again(let next) = verdict {
        logger.error("nobody could be told that \(message.export) \(notice.kind.rawValue): \(error)")
        return try ledger.notTold(notice.id, next: next)
      }
      logger.critical(
        "nobody was told that \(message.export) \(notice.kind.rawValue), and it is given up: \(error)")
    }
    try ledger.told(notice.id, now: time.now())
  }
}
