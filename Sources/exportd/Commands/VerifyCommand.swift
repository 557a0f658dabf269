import ArgumentParser
import Engine
import ExportCore
import Ledger
import TimeZones

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check what complete runs delivered: manifest, objects and source against each other.",
    discussion: """
      For each complete run of an export, or one of them:
        - its manifest at the destination is, byte for byte, the one that the state database keeps;
        - every file is there, with the size and the SHA-256 of the manifest, read back whole;
        - no other object bears the run's name;
        - the source still holds as many rows of each event and date as were delivered and rejected. Profiles \
      change where they lie: of them only an export of a period is held against the source, which must not hold \
      more of that period than were delivered and rejected.

      Any disagreement is a failure (exit code 1). That includes rows which an application has deleted from the source \
      since: they cannot be told from rows that were delivered twice. For a source that forgets, --skip-source leaves \
      it out. The daemon does the work when it is up; otherwise this command does.

        exportd verify all-events
        exportd verify all-events --run 14 --json
      """)

  @OptionGroup var config: ConfigurationOption
  @Argument(help: "The export's name; of a deleted one, its request id.") var name: String
  @Option(help: ArgumentHelp("Only this run, as `exportd status NAME` numbers it.", valueName: "id"))
  var run: RunId?
  @Flag(help: "Leave out the comparison with the source.") var skipSource = false
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await reporting {
      let place = try StatePlace(config)
      let record = try place.anyExport(name)
      if let run { try require(run, of: record, place.ledger) }
      let wish = Wish.verify(record.id, run: run, source: !skipSource)
      let runs: [VerifiedRun]
      if let answer = try await place.ask(wish, for: [VerifiedRun].self) {
        runs = answer
      } else {
        let parts = try Installation(place).parts
        runs = try await Verification(ledger: place.ledger, parts: parts)
          .verify(record.id, run: run, source: !skipSource)
      }
      if json {
        print(Self.json(record, runs).printed, terminator: "")
      } else {
        let zone = try Assembly.zone(try place.ledger.revision(of: record.id).resolved.timeZone)
        let table = VerificationTable(
          record: record, runs: runs, isSourceCounted: !skipSource,
          time: HumaneTime(zone, now: place.time.now()),
          terminal: .current)
        print(table.text, terminator: "")
      }
      if !runs.allSatisfy(\.isSound) { throw Failure(.failed, "") }
    }
  }

  private func require(_ id: RunId, of record: ExportRecord, _ ledger: Ledger) throws {
    guard let run = try ledger.run(id), run.exportId == record.id else {
      throw Failure(
        .failed, "\(record.name) has no run \(id); `exportd status \(name)` shows its runs")
    }
    guard run.state == .done else {
      throw Failure(
        .failed, "run \(id) is \(run.state.rawValue): only a complete run, which is DONE, can be verified")
    }
  }

  private static func json(_ record: ExportRecord, _ runs: [VerifiedRun]) -> OrderedJSON {
    .object([
      ("export", .text(record.name)), ("requestId", .integer(record.id)),
      ("ok", .bool(runs.allSatisfy(\.isSound))), ("runs", .list(runs.map(\.json))),
    ])
  }
}

extension VerifiedRun {
  fileprivate var json: OrderedJSON {
    .object([
      ("id", .integer(id)), ("runTimestamp", .integer(runTimestamp)),
      ("window", .object([("from", .time(from)), ("to", .time(to))])), ("ok", .bool(isSound)),
      ("files", .integer(files)), ("rows", .integer(rows)), ("bytes", .integer(bytes)),
      ("sourceCounted", .bool(isSourceCounted)),
      ("findings", .list(findings.map(\.json))), ("furtherFindings", .integer(further)),
    ])
  }
}

extension VerifiedRun.Finding {
  fileprivate var json: OrderedJSON {
    .object([("kind", .text(kind.rawValue)), ("object", .text(object)), ("problem", .text(problem))])
  }
}
