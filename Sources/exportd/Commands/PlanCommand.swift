import ArgumentParser
import Engine
import ExportCore
import Ledger
import TimeZones

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Tell what the runs of an export would hold, without running them.",
    discussion: """
      Every window that `exportd run NAME` would take up now, or the next one when nothing is due: its rows by \
      database, event and local date, and the exact file names. Of profiles: how many each database would send, held \
      against what is remembered of the run before. Only the source is read, with the daemon up or down; nothing is \
      written, anywhere.

      What cannot be known before: the run timestamp of a run that has not begun (`\(RunFileNames.unknownTimestamp)`: \
      the epoch seconds of its first attempt), how many files a series takes by size (they count from index 0), \
      and which rows cannot be converted (they are counted here, and go to the rejected file then).

        exportd plan all-events
        exportd plan all-events --json
      """)

  @OptionGroup var config: ConfigurationOption
  @Argument(help: "The export's name.") var name: String
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await reporting {
      let place = try StatePlace(config)
      place.tellIfBroken()
      let record = try place.export(name)
      let zone = try Assembly.zone(try place.ledger.revision(of: record.id).resolved.timeZone)
      let dryRun = DryRun(
        ledger: place.ledger, source: Assembly.source, zone: Assembly.zone,
        memoryDirectory: Assembly.memoryDirectory(in: place.stateDirectory))
      let now = place.time.now()
      let plan = try await dryRun.plan(record, now: now)
      if json {
        print(plan.json(record, zone).printed, terminator: "")
      } else {
        let table = PlanTable(record: record, plan: plan, zone: zone, terminal: .current, now: now)
        print(table.text, terminator: "")
      }
    }
  }
}

extension ExportPlan {
  fileprivate func json(_ record: ExportRecord, _ zone: Zone) -> OrderedJSON {
    .object([
      ("export", .text(record.name)), ("requestId", .integer(record.id)), ("due", .bool(isDue)),
      ("runs", .list(runs.map { $0.json(zone) })),
    ])
  }
}

extension ExportPlan.Run {
  fileprivate func json(_ zone: Zone) -> OrderedJSON {
    func local(_ instant: Instant?) -> OrderedJSON {
      .text(instant.map { $0.rfc3339(offset: zone.offset(at: $0)) })
    }
    return .object([
      ("id", .integer(record?.id)), ("runTimestamp", .integer(record?.runTimestamp)),
      ("state", .text(record?.state.rawValue)), ("committed", .bool(isCommitted)),
      (
        "window",
        .object([
          ("from", .time(span.from)), ("to", .time(span.to)), ("fromLocal", local(span.from)),
          ("toLocal", local(span.to)),
        ])
      ),
      ("dueAt", .time(dueAt)), ("rows", .integer(rows)), ("lateRows", .integer(lateRows)),
      ("manifest", .text(manifestName)), ("series", .list(series.map(\.json))),
    ])
  }
}

extension ExportPlan.Series {
  fileprivate var json: OrderedJSON {
    .object([
      ("databaseId", .text(databaseId)), ("eventName", .text(eventName)), ("date", .text(date?.description)),
      ("rows", .integer(rows)), ("lateRows", .integer(lateRows)), ("firstFile", .text(firstFile)),
      ("sharesNames", .bool(sharesNames)),
    ])
  }
}
