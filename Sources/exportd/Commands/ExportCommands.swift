import ArgumentParser
import Engine
import ExportConfig
import ExportCore
import Ledger
import TimeZones

struct StopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "Stop an export, and a run of it that is under way.")

  @OptionGroup var config: ConfigurationOption
  @Argument(help: "The export's name.") var name: String

  func run() async throws {
    try await reporting {
      let installation = try Installation(config)
      let record = try installation.export(name)
      guard record.stoppedBy != .person else {
        print("\(name) is already stopped.")
        return
      }
      let running = try installation.ledger.openRuns().first {
        $0.exportId == record.id && $0.state == .running
      }
      try installation.ledger.stop(
        record.id, by: .person, reason: "stopped by a person", now: installation.time.now())
      if let running, installation.daemonPid != nil {
        try await installation.wait(for: running.id)
      }
      let left = try installation.ledger.leftovers(of: record.id).deleting
      print("\(name) is stopped." + (left > 0 ? " \(left) delivered file(s) are being deleted." : ""))
    }
  }
}

extension Installation {
  /// Waits until a run that was told to end has ended, at most a few seconds: what ends later is told by `status`.
  func wait(for run: RunId) async throws {
    for _ in 0..<50 {
      guard try ledger.run(run)?.state == .running else { return }
      try await time.sleep(milliseconds: 100)
    }
  }
}

struct StartCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Start a stopped export again; its missed windows run.")

  @OptionGroup var config: ConfigurationOption
  @Argument(help: "The export's name.") var name: String
  @Flag(help: "Leave out the windows that were missed.") var skipMissed = false
  @Flag(help: "Run a one-time export once more, as a new request id.") var again = false

  func run() async throws {
    try await reporting {
      let installation = try Installation(config)
      let record = try installation.export(name)
      let now = installation.time.now()
      let revision = try installation.ledger.revision(of: record.id)
      if again {
        let id = try installation.again(record, revision, now: now)
        print("\(name) runs once more as request id \(id).")
        return
      }
      if skipMissed {
        let planner = try RunPlanner(
          revision: revision.resolved, plannedThrough: record.plannedThrough,
          hasSequence: record.hasSequence, zone: try installation.parts.zone(revision.resolved.timeZone))
        let missed = planner.windows.prefix { $0.to <= now }.map { $0 }
        try installation.ledger.claim(missed, of: record.id, now: now)
        try installation.ledger.skip(
          record.id, through: nil, reason: "left out by `exportd start --skip-missed`", now: now)
      }
      try installation.ledger.start(
        record.id, mayWait: revision.resolved.definition.stopRecurring, now: now)
      let owed = try installation.ledger.openRuns().count { $0.exportId == record.id }
      print("\(name) is started." + (owed > 0 ? " \(owed) window(s) are owed and run now." : ""))
    }
  }
}

extension Installation {
  /// A finished one-time export once more: the old one is put away, a new request id takes its name.
  func again(_ record: ExportRecord, _ revision: RevisionRecord, now: Instant) throws -> RequestId {
    guard case .once = revision.resolved.definition.frequency else {
      throw Failure(.usage, "\(record.name) is recurring; `--again` is for one-time exports")
    }
    guard try ledger.openRuns().allSatisfy({ $0.exportId != record.id }) || record.stoppedBy != nil else {
      throw Failure(
        .refused, "\(record.name) has not ended yet; `exportd stop \(record.name)` first, or wait")
    }
    let written = WrittenDefinition(
      name: record.name, definition: revision.resolved.definition, json: revision.definition,
      file: record.origin == .file ? record.name : nil)
    let (resolved, _) = try registrar.firstRevision(of: written.definition, now: now)
    return try ledger.replace(
      record.id, name: record.name, origin: record.origin, definition: written.json, resolved: resolved,
      now: now)
  }
}

struct DeleteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete a definition; its history stays.")

  @OptionGroup var config: ConfigurationOption
  @Argument(help: "The export's name.") var name: String

  func run() async throws {
    try await reporting {
      let installation = try Installation(config)
      let record = try installation.export(name)
      if record.origin == .file, record.stoppedBy != .file {
        throw Failure(
          .refused,
          "\(name) is defined by \(installation.loaded.folder)/\(name).json; remove that file and run `exportd reload` instead"
        )
      }
      try installation.ledger.delete(record.id, now: installation.time.now())
      print("\(name) is deleted; the files it delivered stay. Its history: request id \(record.id).")
    }
  }
}
