import ArgumentParser
import Engine
import ExportCore
import Glibc
import Ledger
import TimeZones

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the exports, one's history, or the files of one run.",
    discussion: """
      With --check it exits with 1 if any export is FAILED or overdue: a window has been due for more than ten minutes \
      and its run is not under way, or has been tried in vain for as long. A window that only waits for others to end \
      (maxConcurrentRuns) is not overdue, and neither is one of a stopped export.
      """)

  @OptionGroup var config: ConfigurationOption
  @Argument(help: "The export's name; of a deleted one, its request id.") var name: String?
  @Option(help: ArgumentHelp("Show the files of one run.", valueName: "id")) var run: RunId?
  @Option(help: ArgumentHelp("Show at most so many runs, the newest.", valueName: "count")) var limit: Int?
  @Option(help: ArgumentHelp("Show only runs in this state.", valueName: "state")) var state: RunState?
  @Flag(help: "Exit with 1 if any export is FAILED or overdue.") var check = false
  @Flag(help: "Print JSON.") var json = false

  /// How many runs a table shows that nobody asked to be longer.
  private static let tableLength = 20

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more.") }
    if name == nil, run != nil || limit != nil || state != nil {
      throw ValidationError("--run, --limit and --state are about one export: give its name.")
    }
  }

  func run() async throws {
    try await reporting {
      let place = try StatePlace(config)
      place.tellIfBroken()
      let overview = try Overview(
        place.ledger, zone: Assembly.zone, pid: place.daemonPid, now: place.time.now())
      if let name {
        let record = try place.anyExport(name)
        try show(try place.view(of: record, overview), place.ledger, overview.now)
      } else if json {
        print(overview.json.printed, terminator: "")
      } else {
        let table = OverviewTable(
          overview: overview, stateBytes: place.stateBytes, terminal: .current, zone: LocalClock.zone)
        print(table.text, terminator: "")
      }
      if check { try judge(overview) }
    }
  }

  private func show(_ export: ExportView, _ ledger: Ledger, _ now: Instant) throws {
    if let run {
      guard let record = try ledger.run(run), record.exportId == export.record.id else {
        throw Failure(
          .failed,
          "\(export.record.name) has no run \(run); `exportd status \(export.record.name)` shows its runs")
      }
      let files = try ledger.deliveredFiles(of: record)
      if json {
        print(
          OrderedJSON.object([
            ("export", export.jsonWithDefinition), ("runs", .list([record.json])),
            ("fileList", .list(files.map(\.json))),
          ]).printed, terminator: "")
      } else {
        let table = FileTable(export: export, run: record, files: files, terminal: .current, now: now)
        print(table.text, terminator: "")
      }
      return
    }
    let runs = try ledger.runs(of: export.record.id, limit: json ? limit : nil, state: state)
    if json {
      print(
        OrderedJSON.object([("export", export.jsonWithDefinition), ("runs", .list(runs.map(\.json)))])
          .printed, terminator: "")
    } else {
      let shown = runs.prefix(limit ?? Self.tableLength)
      let undeletable =
        export.leftovers.undeletable > 0 ? try ledger.leftovers(of: export.record.id).undeletable : []
      let table = HistoryTable(
        export: export, runs: Array(shown), older: runs.count - shown.count, undeletable: undeletable,
        terminal: .current, now: now)
      print(table.text, terminator: "")
    }
  }

  private func judge(_ overview: Overview) throws {
    let concerned = overview.needingAttention.filter { name == nil || $0.record.name == name }
    guard !concerned.isEmpty else { return }
    let words = concerned.map { "\($0.record.name) is \($0.state == .failed ? "FAILED" : "overdue")" }
    throw Failure(.failed, words.joined(separator: ", "))
  }
}

extension RunState: ExpressibleByArgument {
  /// In either case.
  package init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}

extension Ledger {
  /// What a run has at its destination, as its manifest lists it, or will.
  func deliveredFiles(of run: RunRecord) throws -> [Manifest.File] {
    if let bytes = try manifest(of: run.id) { return try Manifest(bytes).files }
    return try files(of: run.id).filter { $0.state == .delivered }.map(\.manifestFile)
  }
}

extension StatePlace {
  /// The live export of that name, or any by its request id.
  func anyExport(_ name: String) throws -> ExportRecord {
    if let live = try ledger.export(named: name) { return live }
    if let id = RequestId(name), let record = try ledger.export(id) { return record }
    return try export(name)
  }

  func view(of record: ExportRecord, _ overview: Overview) throws -> ExportView {
    if let view = overview.exports.first(where: { $0.record.id == record.id }) { return view }
    guard let snapshot = try ledger.snapshot(of: record.id) else {
      return try view(of: export(record.name), overview)
    }
    return ExportView(snapshot, zone: Assembly.zone, isBusy: false, now: overview.now)
  }

  /// The state database with what is not yet folded into it, in bytes.
  var stateBytes: Int {
    ["", "-wal"].reduce(0) { sum, suffix in
      var info = stat()
      return stat(ledger.path + suffix, &info) == 0 ? sum + Int(info.st_size) : sum
    }
  }
}

/// The machine's own time zone, for times that belong to no export.
enum LocalClock {
  /// From TZ, else from where /etc/localtime leads; UTC when neither names a zone.
  static var zone: Zone {
    let fromVariable = getenv("TZ").map { String(cString: $0) }.map {
      $0.hasPrefix(":") ? String($0.dropFirst()) : $0
    }
    return (fromVariable ?? linked).flatMap { try? Assembly.zones.zone(named: $0) } ?? .utc
  }

  private static var linked: String? {
    guard let path = realpath("/etc/localtime", nil) else { return nil }
    defer { free(path) }
    let prefix = "/usr/share/zoneinfo/"
    let text = String(cString: path)
    return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
  }
}
