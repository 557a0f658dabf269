import Engine
import ExportCore
import Ledger
import TimeZones

/// `exportd status`: what every export is doing, and under each that needs a person, what to do.
struct OverviewTable {
  let overview: Overview
  /// Of the state database, in bytes.
  let stateBytes: Int
  let terminal: Terminal
  /// Of the machine's own clock, for what belongs to no export.
  let zone: Zone

  var text: String { heading + (overview.exports.isEmpty ? nothing : "\n" + table) }

  // MARK: Heading

  private var heading: String {
    let time = HumaneTime(zone, now: overview.now)
    let state =
      if let daemon = overview.daemon {
        terminal.paint("exportd \(daemon.version) is running", .bold)
          + " since \(time.moment(daemon.startedAt)) (pid \(daemon.pid))"
      } else {
        terminal.paint("The daemon is not running", .bold) + ": `systemctl start exportd`"
      }
    let count = overview.exports.count
    var text = state
    if count > 0 { text += ", \(Figures.grouped(count)) export\(count == 1 ? "" : "s")" }
    text += ", state database \(Figures.size(stateBytes)).\n"
    if let error = overview.reloadError {
      text += terminal.paint("The newest configuration was not taken, the one before goes on:", .red) + "\n"
      for line in error.split(separator: "\n") { text += "    \(String(line).harmless)\n" }
      text += "    Mend it, see `exportd check`, then `exportd reload`.\n"
    }
    return text
  }

  private var nothing: String {
    "\nThere is no export yet. Put a definition into exports.d and run `exportd reload`, or use `exportd create`.\n"
  }

  // MARK: Rows

  private var table: String {
    var table = TextTable([
      .left("EXPORT"), .left("STATE"), .left("DELIVERS", dispensability: 4), .left("TO", dispensability: 5),
      .left("RHYTHM", dispensability: 3), .left("LAST RUN"), .right("ROWS"),
      .right("FILES", dispensability: 2),
      .right("SIZE", dispensability: 1), .left("NEXT RUN"),
    ])
    for export in overview.exports { table.row(cells(export), notes: notes(export)) }
    return table.rendered(for: terminal)
  }

  private func cells(_ export: ExportView) -> [TextTable.Cell] {
    let words = DefinitionWords(export.outline)
    let run = export.lastRun
    let hasFigures = run.map { $0.state == .done || $0.rows > 0 } ?? false
    return [
      .init(export.record.name, .bold),
      .init(export.state.rawValue, export.state.style),
      .init("\(words.data), \(words.format)"),
      .init(export.outline.destination),
      .init(words.rhythm),
      lastRun(export),
      hasFigures ? .init(Figures.grouped(run?.rows ?? 0)) : .init("–", .dim),
      run?.state == .done ? .init(Figures.grouped(run?.files ?? 0)) : .init("–", .dim),
      run?.state == .done ? .init(Figures.size(run?.bytes ?? 0)) : .init("–", .dim),
      nextRun(export),
    ]
  }

  private func lastRun(_ export: ExportView) -> TextTable.Cell {
    let time = HumaneTime(export.zone, now: overview.now)
    guard let run = export.lastRun, let startedAt = run.startedAt else { return .init("none yet", .dim) }
    switch run.state {
    case .running: return .init("for \(HumaneTime.duration(overview.now - startedAt))", .cyan)
    case .done: return .init(time.moment(run.finishedAt ?? startedAt))
    case .failed, .stopped, .skipped:
      return .init("\(time.moment(run.finishedAt ?? startedAt)) \(run.state.rawValue)", run.state.style)
    case .pending: return .init("\(time.moment(startedAt)), attempt \(run.attempt)", .yellow)
    }
  }

  private func nextRun(_ export: ExportView) -> TextTable.Cell {
    guard let next = export.nextRunAt else { return .init("–", .dim) }
    let time = HumaneTime(export.zone, now: overview.now)
    if next <= overview.now {
      return overview.daemon == nil ? .init("with the daemon", .yellow) : .init("now", .cyan)
    }
    return .init("\(time.moment(next)), \(time.distance(next))")
  }

  /// What a person should know or do about an export.
  private func notes(_ export: ExportView) -> [TextTable.Note] {
    let name = export.record.name
    let time = HumaneTime(export.zone, now: overview.now)
    var notes: [TextTable.Note] = []
    if let reason = export.reason { notes.append(.init(reason, export.state == .failed ? .red : .yellow)) }
    switch export.state {
    case .failed:
      notes.append(.init("When that is mended: `exportd run \(name)`"))
    case .pending:
      if let run = export.lastRun, run.state == .pending, let next = run.nextAttemptAt, next > overview.now {
        notes.append(
          .init("Tried again \(time.moment(next)), \(time.distance(next)); at once: `exportd run \(name)`"))
      }
    case .stopped: notes.append(.init("To go on: `exportd start \(name)`"))
    case .running, .done: break
    }
    if export.failedWindows > 0, export.state != .failed {
      let count = export.failedWindows
      notes.append(
        .init(
          "\(count == 1 ? "An earlier window is" : "\(count) earlier windows are") FAILED and owed: `exportd run \(name)`",
          .yellow))
    }
    if let since = export.overdueSince {
      notes.append(
        .init(
          "Overdue since \(time.moment(since))"
            + (overview.daemon == nil ? ": the daemon is not running" : ""), .red))
    }
    return notes + leftovers(export)
  }

  private func leftovers(_ export: ExportView) -> [TextTable.Note] {
    var notes: [TextTable.Note] = []
    if export.leftovers.deleting > 0 {
      let count = export.leftovers.deleting
      notes.append(
        .init("\(Figures.grouped(count)) file\(count == 1 ? "" : "s") of ended runs being deleted"))
    }
    if export.leftovers.undeletable > 0 {
      let count = export.leftovers.undeletable
      notes.append(
        .init(
          "\(Figures.grouped(count)) file\(count == 1 ? "" : "s") of ended runs may not be deleted: "
            + "`exportd status \(export.record.name)` names them", .yellow))
    }
    return notes
  }
}

extension ExportState {
  var style: Terminal.Style {
    switch self {
    case .pending: .plain
    case .running: .cyan
    case .done: .green
    case .failed: .red
    case .stopped: .yellow
    }
  }
}

extension RunState {
  var style: Terminal.Style {
    switch self {
    case .pending: .plain
    case .running: .cyan
    case .done: .green
    case .failed: .red
    case .stopped, .skipped: .yellow
    }
  }
}
