import Engine
import ExportCore
import Ledger
import TimeZones

/// `exportd plan NAME`: run by run, what it would hold and how its files would be named.
struct PlanTable {
  let record: ExportRecord
  let plan: ExportPlan
  let zone: Zone
  let terminal: Terminal
  let now: Instant

  private var time: HumaneTime { HumaneTime(zone, now: now) }

  var text: String { heading + plan.runs.map { "\n" + text(of: $0) }.joined() }

  private var heading: String {
    let name = terminal.paint(record.name, .bold)
    let stopped = record.stoppedBy == nil ? "" : ", which is STOPPED: only `exportd run \(record.name)` does"
    switch (plan.isDue, plan.runs.count) {
    case (true, 1) where plan.runs[0].record.map(waits) ?? false:
      return "\(name)\(stopped): 1 run is due, and waits.\n"
    case (true, 1): return "\(name)\(stopped): 1 run would happen now.\n"
    case (true, let count): return "\(name)\(stopped): \(count) runs would happen now, in this order.\n"
    case (false, 0): return "\(name): nothing is due, and no window is to come.\n"
    case (false, _): return "\(name): nothing is due. The next window, with what is there of it so far:\n"
    }
  }

  private func text(of run: ExportPlan.Run) -> String {
    let utc = (run.span.from.map { "\($0.rfc3339) – " } ?? "until ") + run.span.to.rfc3339
    var text = terminal.paint(time.span((run.span.from, run.span.to)), .bold)
    text += "  \(utc), \(state(of: run))\n"
    if run.isCommitted {
      return text + "  All its files are delivered; only the manifest is left to send.\n" + manifest(of: run)
    }
    guard !run.series.isEmpty else {
      let reason = isOfProfiles ? "No profile is to be sent" : "No row falls into it"
      return text + "  \(reason): it would deliver its manifest alone.\n" + manifest(of: run)
    }
    text += (isOfProfiles ? profileTable(of: run) : table(of: run)).rendered(for: terminal)
    let noun = isOfProfiles ? "profile" : "row"
    let rows = "\(Figures.grouped(run.rows)) \(noun)\(run.rows == 1 ? "" : "s")"
    let late = run.lateRows == 0 ? "" : ", \(Figures.grouped(run.lateRows)) of them late"
    return text
      + "  \(rows)\(late). Indices count on from 0 where \(isOfProfiles ? "a database" : "a series") takes more "
      + "than one file.\n"
      + manifest(of: run)
  }

  private func manifest(of run: ExportPlan.Run) -> String { "  Its manifest: \(run.manifestName.harmless)\n" }

  /// Whether a rule keeps a run from beginning.
  private func waits(_ record: RunRecord) -> Bool { record.state == .pending && record.reason != nil }

  private func state(of run: ExportPlan.Run) -> String {
    let due = run.dueAt > now ? "due \(time.moment(run.dueAt)), \(time.distance(run.dueAt))" : "due"
    guard let record = run.record else { return due }
    switch record.state {
    case .failed: return "FAILED: only `exportd run` or `start` takes it up again"
    case .stopped: return "STOPPED: only `exportd run` or `start` takes it up again"
    case .running: return "RUNNING, attempt \(record.attempt)"
    case .pending where record.attempt > 0: return "goes on after attempt \(record.attempt)"
    case .pending where waits(record): return record.reason ?? due
    case .pending, .done, .skipped: return due
    }
  }

  private var isOfProfiles: Bool { record.dataType == .profiles }

  private func profileTable(of run: ExportPlan.Run) -> TextTable {
    var table = TextTable([.left("DATABASE"), .right("PROFILES"), .left("FILE OF INDEX 0")])
    for series in run.series {
      table.row([.init(series.databaseId), .init(Figures.grouped(series.rows)), .init(series.firstFile)])
    }
    return table
  }

  private func table(of run: ExportPlan.Run) -> TextTable {
    var table = TextTable([
      .left("DATABASE", dispensability: 1), .left("EVENT", dispensability: 3),
      .left("DATE", dispensability: 2), .right("ROWS"), .right("LATE", dispensability: 4),
      .left("FILE OF INDEX 0"),
    ])
    for series in run.series {
      table.row(
        [
          .init(series.databaseId), .init(series.eventName ?? ""), .init(series.date.map { "\($0)" } ?? ""),
          .init(Figures.grouped(series.rows)),
          series.lateRows > 0 ? .init(Figures.grouped(series.lateRows), .yellow) : .init("–", .dim),
          .init(series.firstFile),
        ],
        notes: series.sharesNames
          ? [.init("Other events have this name in files too: their indices count on together")] : [])
    }
    return table
  }
}
