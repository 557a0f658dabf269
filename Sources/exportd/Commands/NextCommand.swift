import ArgumentParser
import Engine
import ExportCore
import Foundation
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
      let records = try name.map { [try place.export($0)] } ?? place.ledger.exports()
      let lists = try records.map { try windows(of: $0, place.ledger) }
      if json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .withoutEscapingSlashes]
        let data = try name == nil ? encoder.encode(lists) : encoder.encode(lists[0])
        print(String(decoding: data, as: UTF8.self))
        return
      }
      for list in lists {
        print(list.export)
        for window in list.windows {
          print("  \(window.fromLocal) – \(window.toLocal)   (\(window.from) – \(window.to))")
        }
        if list.windows.isEmpty { print("  no window is to come") }
      }
    }
  }

  private struct List: Encodable {
    struct Item: Encodable {
      var from: String
      var to: String
      var fromLocal: String
      var toLocal: String
    }
    var export: String
    var windows: [Item]
  }

  private func windows(of record: ExportRecord, _ ledger: Ledger) throws -> List {
    let revision = try ledger.revision(of: record.id).resolved
    let zone = try Assembly.zone(revision.timeZone)
    let planner = try RunPlanner(
      revision: revision, plannedThrough: record.plannedThrough, hasSequence: record.hasSequence, zone: zone)
    let after = after.flatMap(Instant.init(rfc3339:))
    let coming = planner.windows.lazy.filter { planned in after.map { planned.dueAt > $0 } ?? true }.prefix(
      count)
    return List(
      export: record.name,
      windows: coming.map(\.window).map { window in
        List.Item(
          from: window.from.rfc3339, to: window.to.rfc3339,
          fromLocal: window.from.rfc3339(offset: zone.offset(at: window.from)),
          toLocal: window.to.rfc3339(offset: zone.offset(at: window.to)))
      })
  }
}
