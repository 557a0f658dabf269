import ArgumentParser
import Engine
import ExportCore
import Ledger
import TimeZones

struct NextCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "next", abstract: "The coming windows of an export, or of all.")

  @OptionGroup var config: ConfigurationOption
  @Argument(help: "The export's name; all when left out.") var name: String?
  @Option(help: "How many windows.") var count = 5
  @Option(help: ArgumentHelp("Only windows due after it, RFC 3339.", valueName: "time")) var after: String?
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard count >= 1 else { throw ValidationError("--count takes a number from 1") }
    if let after, Instant(rfc3339: after) == nil {
      throw ValidationError("--after takes an RFC 3339 time such as 2026-11-24T00:00:00Z; found \(after)")
    }
  }

  func run() async throws {
    try await reporting {
      let place = try StatePlace(config)
      place.tellIfBroken()
      let lists = try lists(place)
      if json {
        let printed = name == nil ? OrderedJSON.list(lists.map(\.json)) : lists[0].json
        print(printed.printed, terminator: "")
        return
      }
      print(lists.map(\.text).joined(), terminator: "")
    }
  }

  /// The coming windows of one export, in its own zone.
  private struct List {
    let export: String
    let windows: [PlannedWindow]
    let zone: Zone

    var json: OrderedJSON {
      .object([
        ("export", .text(export)),
        (
          "windows",
          .list(
            windows.map { window in
              .object([
                ("from", .time(window.from)), ("to", .time(window.to)),
                ("fromLocal", .text(window.from.map(local))), ("toLocal", .text(local(window.to))),
              ])
            })
        ),
      ])
    }

    /// For people, with a newline behind every line.
    var text: String {
      let lines = windows.isEmpty ? ["no window is to come"] : windows.map(line)
      return export + "\n" + lines.map { "  \($0)\n" }.joined()
    }

    /// The first run of a profile export has nothing before it: it sends all.
    private func line(_ window: PlannedWindow) -> String {
      guard let from = window.from else { return "all profiles, \(local(window.to))   (\(window.to))" }
      return "\(local(from)) – \(local(window.to))   (\(from) – \(window.to))"
    }

    private func local(_ instant: Instant) -> String { instant.rfc3339(offset: zone.offset(at: instant)) }
  }

  private func lists(_ place: StatePlace) throws -> [List] {
    guard let name else {
      var zones = ZonesOfTheMoment(Assembly.zone)
      return try place.ledger.outlines().map {
        try list($0.record, $0.outline, zones.zone($0.outline.timeZone))
      }
    }
    let record = try place.export(name)
    let outline = RevisionOutline(try place.ledger.revision(of: record.id).resolved)
    return [try list(record, outline, Assembly.zone(outline.timeZone))]
  }

  private func list(_ record: ExportRecord, _ outline: RevisionOutline, _ zone: Zone) throws -> List {
    let planner = try RunPlanner(
      outline: outline, plannedThrough: record.plannedThrough, hasSequence: record.hasSequence, zone: zone)
    let after = after.flatMap(Instant.init(rfc3339:))
    let coming = planner.windows.lazy.filter { planned in after.map { planned.dueAt > $0 } ?? true }.prefix(
      count)
    return List(export: record.name, windows: Array(coming), zone: zone)
  }
}
