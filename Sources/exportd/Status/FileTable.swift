import Engine
import ExportCore
import Ledger
import TimeZones

/// `exportd status NAME --run ID`: what a run delivered, file by file.
struct FileTable {
  let export: ExportView
  /// The newest one.
  let revision: RevisionRecord
  let run: RunRecord
  let files: [Manifest.File]
  let terminal: Terminal
  let now: Instant

  var text: String {
    HistoryTable(
      export: export, revision: revision, runs: [run], older: 0, undeletable: [], terminal: terminal, now: now
    ).text + "\n" + list
  }

  private var list: String {
    guard !files.isEmpty else {
      return run.state == .done
        ? "No row fell into its window: it delivered only its manifest, \(run.manifestName ?? "").\n"
        : "It has delivered no file.\n"
    }
    var table = TextTable([
      .left("FILE"), .left("EVENT", dispensability: 3), .left("DATE", dispensability: 2),
      .left("DATABASE", dispensability: 1), .right("ROWS"), .right("SIZE"),
    ])
    for file in files {
      let (event, date): (TextTable.Cell, String) =
        switch file.content {
        case .events(let name, let date, _): (.init(name), "\(date)")
        case .profiles: ("profiles", "")
        case .rejected: (.init("rejected rows", .yellow), "")
        }
      table.row([
        .init(file.name), event, .init(date), .init(file.databaseId), .init(Figures.grouped(file.rows)),
        .init(Figures.size(file.bytes)),
      ])
    }
    return table.rendered(for: terminal)
      + (run.manifestName.map { "\nIts manifest: \($0.harmless)\n" } ?? "\nIt has not ended yet.\n")
  }
}
