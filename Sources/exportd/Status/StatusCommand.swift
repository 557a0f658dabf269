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

      With --watch the same is drawn anew every second, until Ctrl-C.

        exportd status
        exportd status all-events --state FAILED
        exportd status all-events --run 14 --json
      """)

  @OptionGroup var config: ConfigurationOption
  @Argument(help: "The export's name; of a deleted one, its request id.") var name: String?
  @Option(help: ArgumentHelp("Show the files of one run.", valueName: "id")) var run: RunId?
  @Option(help: ArgumentHelp("Show at most so many runs, the newest.", valueName: "count")) var limit: Int?
  @Option(help: ArgumentHelp("Show only runs in this state.", valueName: "state")) var state: RunState?
  @Flag(help: "Draw it anew every second, on a terminal.") var watch = false
  @Flag(help: "Exit with 1 if any export is FAILED or overdue.") var check = false
  @Flag(help: "Print JSON.") var json = false

  /// How many runs a table shows that nobody asked to be longer.
  private static let tableLength = 20

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more.") }
    if name == nil, run != nil || limit != nil || state != nil {
      throw ValidationError("--run, --limit and --state are about one export: give its name.")
    }
    if watch {
      if json || check { throw ValidationError("--watch is for people; leave --json and --check out.") }
      guard Terminal.current.isSteerable else {
        throw ValidationError(
          "--watch draws on a terminal, and this is none; call `exportd status` again and again instead.")
      }
    }
  }

  func run() async throws {
    try await reporting {
      let place = try StatePlace(config)
      guard !watch else { return try await watch(place) }
      let overview = try place.overview(of: name)
      place.tellIfBroken()
      print(try json ? printed(place, overview) : text(place, overview, .current), terminator: "")
      if check { try judge(overview) }
    }
  }

  /// The daemon may come and go meanwhile, and the state database with it.
  private func watch(_ first: StatePlace) async throws {
    // What is wrong from the beginning, such as a name, is said at once.
    _ = try text(first, first.overview(of: name), .plain)
    var place: StatePlace? = first
    try await Watch(time: first.time).run { terminal in
      do {
        let current = try place ?? StatePlace(config)
        place = current
        let warning = current.brokenWarning.map { terminal.wrap($0, .yellow) + "\n" } ?? ""
        return warning + (try text(current, current.overview(of: name), terminal))
      } catch {
        place = nil
        return terminal.wrap((error as? Failure)?.message ?? "\(error)", .red)
      }
    }
  }

  // MARK: For people

  private func text(_ place: StatePlace, _ overview: Overview, _ terminal: Terminal) throws -> String {
    guard name != nil else {
      return OverviewTable(
        overview: overview, stateBytes: place.stateBytes, terminal: terminal, zone: LocalClock.zone
      ).text
    }
    let export = try only(overview)
    let revision = try place.ledger.revision(of: export.record.id)
    if let run {
      let record = try self.record(run, of: export, place.ledger)
      let files = try place.ledger.deliveredFiles(of: record)
      return FileTable(
        export: export, revision: revision, run: record, files: files, terminal: terminal, now: overview.now
      ).text
    }
    let runs = try place.ledger.runs(of: export.record.id, state: state)
    let shown = runs.prefix(limit ?? Self.tableLength)
    let undeletable =
      export.leftovers.undeletable > 0 ? try place.ledger.leftovers(of: export.record.id).undeletable : []
    return HistoryTable(
      export: export, revision: revision, runs: Array(shown),
      older: runs.count - shown.count, undeletable: undeletable, terminal: terminal, now: overview.now
    ).text
  }

  private func only(_ overview: Overview) throws -> ExportView {
    guard let export = overview.exports.first else {
      throw Failure(
        .failed,
        "\(name ?? "the export") has just gone from the history; `exportd status` shows what there is")
    }
    return export
  }

  // MARK: For programs

  private func printed(_ place: StatePlace, _ overview: Overview) throws -> String {
    guard name != nil else { return overview.json.printed }
    let export = try only(overview)
    var members = [("export", export.jsonWithDefinition)]
    if let run {
      let record = try self.record(run, of: export, place.ledger)
      let files = try place.ledger.deliveredFiles(of: record)
      members += [("runs", .list([record.json])), ("fileList", .list(files.map(\.json)))]
    } else {
      let runs = try place.ledger.runs(of: export.record.id, limit: limit, state: state)
      members.append(("runs", .list(runs.map(\.json))))
    }
    return OrderedJSON.object(members).printed
  }

  private func record(_ run: RunId, of export: ExportView, _ ledger: Ledger) throws -> RunRecord {
    guard let record = try ledger.run(run), record.exportId == export.record.id else {
      throw Failure(
        .failed,
        "\(export.record.name) has no run \(run); `exportd status \(export.record.name)` shows its runs")
    }
    return record
  }

  private func judge(_ overview: Overview) throws {
    let concerned = overview.needingAttention
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

  /// Of all exports, or of one alone.
  /// - Parameter name: as ``anyExport(_:)`` takes it.
  /// - Throws: as ``export(_:)``.
  func overview(of name: String? = nil) throws -> Overview {
    try Overview(
      ledger, only: name.map { try anyExport($0).id }, zone: Assembly.zone, pid: daemonPid, now: time.now())
  }

  /// The state database with what is not yet folded into it, in bytes.
  var stateBytes: Int {
    ["", "-wal"].reduce(0) { sum, suffix in
      var info = stat()
      return stat(ledger.path + suffix, &info) == 0 ? sum + Int(info.st_size) : sum
    }
  }
}
