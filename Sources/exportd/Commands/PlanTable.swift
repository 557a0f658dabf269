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
    case (true, 1): return "\(name)\(stopped): 1 run would happen now.\n"
    case (true, let count): return "\(name)\(stopped): \(count) runs would happen now, in this order.\n"
    case (false, 0): return "\(name): nothing is due, and no window is to come.\n"
    case (false, _): return "\(name): nothing is due. The next window, with what is there of it so far:\n"
    }
  }

  private func text(of run: ExportPlan.Run) -> String {
    var text = terminal.paint(time.span(from: run.window.from, to: run.window.to), .bold)
    text += "  \(run.window.from.rfc3339) – \(run.window.to.rfc3339), \(state(of: run))\n"
    if run.isCommitted {
      return text + "  All its files are delivered; only the manifest is left to send.\n" + manifest(of: run)
    }
    guard !run.series.isEmpty else {
      return text + "  No row falls into it: it would deliver its manifest alone.\n" + manifest(of: run)
    }
    text += table(of: run).rendered(for: terminal)
    let rows = "\(Figures.grouped(run.rows)) row\(run.rows == 1 ? "" : "s")"
    let late = run.lateRows == 0 ? "" : ", \(Figures.grouped(run.lateRows)) of them late"
    return text + "  \(rows)\(late). Indices count on from 0 where a series takes more than one file.\n"
      + manifest(of: run)
  }

  private func manifest(of run: ExportPlan.Run) -> String { "  Its manifest: \(run.manifestName.harmless)\n" }

  private func state(of run: ExportPlan.Run) -> String {
    let due = run.dueAt > now ? "due \(time.moment(run.dueAt)), \(time.distance(run.dueAt))" : "due"
    guard let record = run.record else { return due }
    switch record.state {
    case .failed: return "FAILED: only `exportd run` or `start` takes it up again"
    case .stopped: return "STOPPED: only `exportd run` or `start` takes it up again"
    case .running: return "RUNNING, attempt \(record.attempt)"
    case .pending where record.attempt > 0: return "goes on after attempt \(record.attempt)"
    case .pending, .done, .skipped: return due
    }
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
          .init(series.databaseId), .init(series.eventName), .init("\(series.date)"),
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
