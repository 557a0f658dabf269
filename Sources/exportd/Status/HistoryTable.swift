import Engine
import ExportCore
import Ledger
import TimeZones

/// `exportd status NAME`: what an export is, and how its runs went.
struct HistoryTable {
  let export: ExportView
  /// The newest one.
  let revision: RevisionRecord
  /// Newest first.
  let runs: [RunRecord]
  /// How many runs there are beside these.
  let older: Int
  /// Names that may not be deleted.
  let undeletable: [String]
  let terminal: Terminal
  let now: Instant

  private var time: HumaneTime { HumaneTime(export.zone, now: now) }

  var text: String {
    var text = heading + "\n"
    guard !runs.isEmpty else { return text + "It has not run yet.\n" }
    text += table.rendered(for: terminal)
    if older > 0 {
      text += terminal.paint(
        "\(Figures.grouped(older)) more: `exportd status \(export.record.name) --limit \(runs.count + older)`",
        .dim)
      text += "\n"
    }
    return text
  }

  // MARK: Heading

  private var heading: String {
    let record = export.record
    let definition = revision.resolved.definition
    let words = DefinitionWords(export.outline)
    var lines = [
      "\(terminal.paint(record.name, .bold))  \(terminal.paint(export.state.rawValue, export.state.style))"
        + (record.deletedAt == nil ? "" : "  deleted")
    ]
    func say(_ label: String, _ text: String) {
      lines.append("  " + terminal.paint(label.padded(to: 10), .dim) + text.harmless)
    }
    say("delivers", "\(words.data) of \(definition.source) to \(definition.destination), \(words.format)")
    say("runs", "\(words.words(definition.frequency)), \(revision.resolved.timeZone)")
    say("request", "id \(record.id), revision \(revision.number), defined by \(origin)")
    if let next = export.nextRunAt {
      say("next run", next <= now ? "as soon as possible" : "\(time.moment(next)), \(time.distance(next))")
    }
    if let reason = export.reason { say("because", reason) }
    if let since = export.overdueSince { say("overdue", "since \(time.moment(since))") }
    if export.failedWindows > 0 {
      say("owed", "\(export.failedWindows) FAILED window(s): `exportd run \(record.name)`")
    }
    if export.state == .stopped, record.deletedAt == nil { say("to go on", "`exportd start \(record.name)`") }
    if export.leftovers.deleting > 0 {
      say("deleting", "\(Figures.grouped(export.leftovers.deleting)) file(s) of ended runs")
    }
    for (index, name) in undeletable.enumerated() {
      say(index == 0 ? "remove" : "", index == 0 ? "by hand, the destination refuses: \(name)" : name)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private var origin: String {
    switch export.record.origin {
    case .file: "a file in exports.d"
    case .command: "`exportd create`"
    }
  }

  // MARK: Runs

  private var table: TextTable {
    var table = TextTable([
      .right("RUN"), .left("WINDOW"), .left("STATE"), .right("ROWS"), .right("FILES", dispensability: 3),
      .right("SIZE", dispensability: 2), .right("REJECTED", dispensability: 1),
      .left("BEGAN", dispensability: 4), .right("TOOK", dispensability: 5),
    ])
    for run in runs { table.row(cells(run), notes: notes(run)) }
    return table
  }

  private func cells(_ run: RunRecord) -> [TextTable.Cell] {
    let isDone = run.state == .done
    func figure(_ text: String, if isKnown: Bool) -> TextTable.Cell {
      isKnown ? .init(text) : .init("–", .dim)
    }
    return [
      .init("\(run.id)"),
      .init(time.span((run.windowFrom, run.windowTo))),
      .init(run.state.rawValue + (run.attempt > 1 ? ", attempt \(run.attempt)" : ""), run.state.style),
      figure(Figures.grouped(run.rows), if: isDone || run.rows > 0),
      figure(Figures.grouped(run.files), if: isDone),
      figure(Figures.size(run.bytes), if: isDone),
      run.rejected > 0 ? .init(Figures.grouped(run.rejected), .yellow) : figure("0", if: isDone),
      run.startedAt.map { .init(time.moment($0)) } ?? .init("–", .dim),
      took(run),
    ]
  }

  private func took(_ run: RunRecord) -> TextTable.Cell {
    guard let startedAt = run.startedAt else { return .init("–", .dim) }
    switch run.state {
    case .running: return .init(HumaneTime.duration(now - startedAt), .cyan)
    case .done: return .init(HumaneTime.duration((run.finishedAt ?? startedAt) - startedAt))
    case .pending, .failed, .stopped, .skipped: return .init("–", .dim)
    }
  }

  private func notes(_ run: RunRecord) -> [TextTable.Note] {
    var notes: [TextTable.Note] = []
    if let error = run.error { notes.append(.init(error, run.state == .failed ? .red : .yellow)) }
    if let reason = run.reason, reason != run.error { notes.append(.init(reason, .yellow)) }
    if run.state == .pending, let next = run.nextAttemptAt, next > now {
      notes.append(.init("Tried again \(time.moment(next)), \(time.distance(next))"))
    }
    return notes
  }
}

extension String {
  /// With spaces behind it up to `width` columns.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - displayWidth)) }
}
