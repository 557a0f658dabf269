import Engine
import ExportCore
import Foundation
import Ledger

/// What a demo tells: what it made, what the daemon did with it, where that lies, and what to try next.
struct DemoStory {
  let place: DemoDirectory
  let terminal: Terminal

  func tellSample(milliseconds: Int64) {
    tell(
      "Made",
      "\(Figures.grouped(DemoDirectory.events)) events and \(Figures.grouped(DemoDirectory.profiles)) "
        + "profiles in shard0.db and shard1.db, in \(Self.seconds(milliseconds))")
  }

  func tellConfiguration() {
    tell("Wrote", "exportd.json, and three definitions in exports.d")
  }

  func tellRuns(_ runs: [RunRecord], milliseconds: Int64) {
    tell(
      "Ran",
      "`exportd daemon`: \(runs.count) runs, \(Figures.grouped(runs.reduce(0) { $0 + $1.rows })) rows in "
        + "\(Figures.grouped(runs.reduce(0) { $0 + $1.files })) files, in \(Self.seconds(milliseconds))")
  }

  func tellOutcome(_ state: StatePlace) throws {
    let overview = try state.overview()
    let table = OverviewTable(
      overview: overview, stateBytes: state.stateBytes, terminal: terminal, zone: LocalClock.zone)
    print()
    command("status")
    print(table.text)
    print(terminal.paint("Some of what lies in \(place.exports):", .bold))
    print(try examples(overview, state.ledger).rendered(for: terminal))
    try peek(overview, state.ledger)
    print(terminal.paint("Try next:", .bold))
    suggest("plan all-events", "what the next run would hold")
    suggest("status all-events", "each window and how it went")
    suggest("verify all-events", "files, manifests and source against each other")
    suggest("daemon", "go on: the daemon of the demo has ended")
    print("Change a definition in \(place.definitions), then see what `check` says of it.")
    print("When you have seen enough: rm -r \(Self.quoted(place.path))")
  }

  // MARK: Files

  /// Of each export the newest run that holds something: a file of data, and the manifest that makes it complete.
  private func examples(_ overview: Overview, _ ledger: Ledger) throws -> TextTable {
    var table = TextTable([
      .left("FILE"), .right("SIZE", dispensability: 1), .left("HOLDS", dispensability: 2),
    ])
    for export in overview.exports {
      guard let run = try newestRun(of: export, ledger), let file = try ledger.deliveredFiles(of: run).first
      else { continue }
      let rows = Figures.grouped(file.rows)
      let holds =
        switch file.content {
        case .events(let name, let date, _): "\(rows) events \(name) of \(date)"
        case .profiles: "\(rows) profiles"
        case .rejected: "\(rows) rejected rows"
        }
      table.row([
        .init(file.name), .init(Figures.size(file.bytes)), .init("\(holds), database \(file.databaseId)"),
      ])
      if let name = run.manifestName, let manifest = try ledger.manifest(of: run.id) {
        table.row([
          .init(name), .init(Figures.size(manifest.count)),
          .init("the \(Figures.grouped(run.files)) files of a run of \(export.record.name)"),
        ])
      }
    }
    return table
  }

  /// How an event looks in a file.
  private func peek(_ overview: Overview, _ ledger: Ledger) throws {
    for export in overview.exports {
      guard let run = try newestRun(of: export, ledger),
        let file = try ledger.deliveredFiles(of: run).first(where: { $0.name.hasSuffix(".json") }),
        let data = FileManager.default.contents(atPath: "\(place.exports)/\(file.name)")
      else { continue }
      print(terminal.paint("\(file.name) begins with:", .bold))
      for line in data.split(separator: UInt8(ascii: "\n"), maxSplits: 2).prefix(2) {
        let text = String(decoding: line, as: UTF8.self).harmless
        for part in text.broken(to: terminal.width ?? .max) { print(part) }
      }
      print()
      return
    }
  }

  private func newestRun(of export: ExportView, _ ledger: Ledger) throws -> RunRecord? {
    try ledger.runs(of: export.record.id, state: .done).first { $0.files > 0 }
  }

  // MARK: Words

  private func tell(_ verb: String, _ text: String) {
    print("\(terminal.paint(verb.padded(to: 6), .green)) \(text)")
  }

  private func command(_ arguments: String) {
    print(terminal.paint("$ \(typed(arguments))", .dim))
  }

  private func suggest(_ arguments: String, _ purpose: String) {
    print("  \(typed(arguments).padded(to: longest))  \(terminal.paint(purpose, .dim))")
  }

  private var longest: Int { typed("status all-events").displayWidth }

  /// A command as a person would type it from where they are.
  private func typed(_ arguments: String) -> String {
    "\(Self.quoted(CommandLine.arguments[0])) \(arguments) --config \(Self.quoted(place.configuration))"
  }

  /// For a shell.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.unicodeScalars.allSatisfy {
      $0.isASCII
        && ($0.properties.isAlphabetic || $0.properties.numericType != nil
          || "-_./+@%:,".unicodeScalars.contains($0))
    }
    return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }

  private static func seconds(_ milliseconds: Int64) -> String {
    "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
  }
}

extension String {
  /// Broken anywhere so that no line is wider than `width` columns.
  fileprivate func broken(to width: Int) -> [String] {
    var lines = [""]
    var room = width
    for character in self {
      let needed = String(character).displayWidth
      if needed > room {
        lines.append("")
        room = width
      }
      lines[lines.count - 1].append(character)
      room -= needed
    }
    return lines
  }
}
