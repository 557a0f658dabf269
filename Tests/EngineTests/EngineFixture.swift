import Engine
import ExportCore
import Ledger
import TimeZones

/// Revisions and records for tests of what is computed from them.
enum EngineFixture {
  static func revision(
    everyHours: Int = 6, from: String = "2026-11-20", until: String? = nil, delay: Int? = nil,
    data: DataSelection = .allEvents, databases: [String] = ["0"]
  ) -> Revision {
    let start = LocalDate(iso: from)!
    return Revision(
      account: "acme",
      definition: Definition(
        source: "main", destination: "local", data: data,
        frequency: .recurring(
          Recurrence(
            everyHours: everyHours, from: start, at: LocalTime(hour: 0, minute: 0)!,
            until: until.flatMap(LocalDate.init(iso:)), delayMinutes: delay)),
        format: .json),
      source: .sqlite(
        SQLiteSourceConfiguration(
          databases: databases.map { .init(id: $0, path: "/srv/\($0).db") },
          events: EventMapping(from: "events"), profiles: nil)),
      destination: .directory(DirectoryConfiguration(path: "/tmp/out")), timeZone: "UTC",
      identifiers: [.identity], timing: .recurring(from: start)
    ).reaching(after: nil, plannedThrough: nil)
  }

  static func once(_ from: String, _ to: String) -> Revision {
    var revision = revision()
    revision.definition.frequency = .once(.yesterday)
    revision.timing = .once(window(from, to))
    return revision
  }

  static func instant(_ text: String) -> Instant { Instant(rfc3339: text)! }

  static func window(_ from: String, _ to: String) -> Window {
    Window(from: instant(from), to: instant(to))!
  }

  static func span(_ from: String, _ to: String) -> Manifest.Span {
    Manifest.Span(from: instant(from), to: instant(to))
  }

  static func planner(
    _ revision: Revision, through: String? = nil, hasSequence: Bool? = true
  ) throws -> RunPlanner {
    try RunPlanner(
      revision: revision, plannedThrough: through.map(instant), hasSequence: hasSequence, zone: .utc)
  }
}
