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
      let place = try StatePlace(config)
      place.tellIfBroken()
      let record = try place.export(name)
      guard record.stoppedBy != .person else {
        print("\(name) is already stopped.")
        return
      }
      let running = try place.ledger.openRuns().first {
        $0.exportId == record.id && $0.state == .running
      }
      try place.ledger.stop(
        record.id, by: .person, reason: "stopped by a person", now: place.time.now())
      if let running, place.daemonPid != nil {
        try await place.wait(for: running.id)
      }
      let left = try place.ledger.leftovers(of: record.id).deleting
      print("\(name) is stopped." + (left > 0 ? " \(left) delivered file(s) are being deleted." : ""))
    }
  }
}

extension StatePlace {
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
      let place = try StatePlace(config)
      let record = try place.export(name)
      let now = place.time.now()
      let revision = try place.ledger.revision(of: record.id)
      if again {
        let id = try Installation(place).again(record, revision, now: now)
        print("\(name) runs once more as request id \(id).")
        return
      }
      place.tellIfBroken()
      if skipMissed {
        let planner = try RunPlanner(
          revision: revision.resolved, plannedThrough: record.plannedThrough,
          hasSequence: record.hasSequence,
          voided: try place.ledger.voidedWindows()[record.id] ?? [],
          zone: try Assembly.zone(revision.resolved.timeZone))
        try place.ledger.claim(planner.missed(at: now), of: record.id, now: now)
        try place.ledger.skip(
          record.id, through: nil, reason: "left out by `exportd start --skip-missed`", now: now)
      }
      try place.ledger.start(record.id, mayWait: revision.resolved.definition.stopRecurring, now: now)
      let owed = try place.ledger.openRuns().count { $0.exportId == record.id }
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
      let place = try StatePlace(config)
      place.tellIfBroken()
      let record = try place.export(name)
      if record.origin == .file, record.stoppedBy != .file {
        throw Failure(
          .refused,
          "\(name) is defined by \(place.head.folder)/\(name).json; remove that file and run `exportd reload` instead"
        )
      }
      try place.ledger.delete(record.id, now: place.time.now())
      print("\(name) is deleted; the files it delivered stay. Its history: request id \(record.id).")
    }
  }
}
