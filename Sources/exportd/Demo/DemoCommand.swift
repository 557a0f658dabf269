import ArgumentParser
import Engine
import ExportConfig
import ExportCore
import Foundation
import Glibc
import Ledger
import TimeZones
import UnixSignals

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Make a sample source, export it through a daemon, and show what came of it.",
    discussion: """
      Everything lies in one directory: two SQLite databases with 100,000 events and 5,000 profiles, a configuration, \
      three definitions, and what a daemon of this binary exports from them. It takes some seconds and 70 MB. \
      Nothing outside of that directory is read or written; remove it when you have seen enough.

        exportd demo
        exportd demo --directory /tmp/demo
      """)

  @Option(help: ArgumentHelp("Where to make it: a new or empty directory.", valueName: "directory"))
  var directory = "exportd-demo"

  func run() async throws {
    try await reporting {
      // Whoever reads the story may go before its end; the daemon must not be left behind.
      signal(SIGPIPE, SIG_IGN)
      let time = SystemTime()
      let place = try DemoDirectory(directory)
      let story = DemoStory(place: place, terminal: .current)
      let began = time.uptime()
      try place.makeDatabases(now: time.now())
      story.tellSample(milliseconds: time.uptime() - began)
      try place.writeConfiguration(today: Zone.utc.localDateTime(at: time.now()).date)
      story.tellConfiguration()
      let daemon = try DemoDaemon(configuration: place.configuration, log: place.log)
      defer { daemon.end() }
      let state = try await Self.finished(place, daemon, story, time)
      try story.tellOutcome(state)
    }
  }

  /// Longer than any of its runs takes on a machine that is busy.
  private static let patience: Int64 = 300_000

  /// Waits until the daemon has done all that is due; Ctrl-C ends it before that.
  private static func finished(
    _ place: DemoDirectory, _ daemon: DemoDaemon, _ story: DemoStory, _ time: SystemTime
  ) async throws -> StatePlace {
    try await withThrowingTaskGroup(of: StatePlace?.self) { group in
      group.addTask {
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return nil }
        return nil
      }
      group.addTask {
        let began = time.uptime()
        var line = ProgressBar()
        defer { line.clear() }
        var state: StatePlace?
        while true {
          try await time.sleep(milliseconds: 100)
          try daemon.requireAlive()
          state = try state ?? StatePlace(of: Assembly.reader.head(place.configuration))
          if let state, let runs = try Self.ended(state) {
            line.clear()
            story.tellRuns(runs, milliseconds: time.uptime() - began)
            return state
          }
          line.show("the daemon runs what is due")
          guard time.uptime() - began < Self.patience else {
            throw Failure(
              .failed, "the daemon has not done its work within 5 minutes; its log is \(place.log)")
          }
        }
      }
      let state = try await group.next() ?? nil
      group.cancelAll()
      guard let state else {
        throw Failure(.failed, "interrupted; what there is of the demo lies in \(place.path)")
      }
      return state
    }
  }

  /// All runs, once there is nothing due any more; nil before that.
  /// - Throws: ``Failure`` for one that went wrong.
  private static func ended(_ state: StatePlace) throws -> [RunRecord]? {
    let overview = try state.overview()
    var all: [RunRecord] = []
    for export in overview.exports {
      let runs = try state.ledger.runs(of: export.record.id)
      if let error = runs.first(where: { $0.state != .done && $0.error != nil })?.error {
        throw Failure(.failed, "a run of \(export.record.name) went wrong: \(error)")
      }
      all += runs
      let isAhead = export.nextRunAt.map { $0 > overview.now } ?? true
      guard isAhead, !runs.isEmpty, runs.allSatisfy({ $0.state == .done }) else { return nil }
    }
    let defined = Assembly.reader.load(state.head.file).definitions.count
    return overview.exports.count == defined ? all : nil
  }
}
