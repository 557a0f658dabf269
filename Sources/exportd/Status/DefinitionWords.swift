import ExportCore
import TimeZones

/// A definition in a few words.
struct DefinitionWords {
  let outline: RevisionOutline

  init(_ outline: RevisionOutline) { self.outline = outline }

  /// `all events`, `Charged, App Launched`, `Charged and 4 more`, `all profiles`.
  var data: String {
    switch outline.data {
    case .allEvents: "all events"
    case .profiles: "all profiles"
    case .events(let names) where names.count <= 2: names.joined(separator: ", ")
    case .events(let names): "\(names[0]) and \(names.count - 1) more"
    }
  }

  /// `json`, `json.gz`: as files end.
  var format: String {
    switch (outline.format, outline.codec) {
    case (.parquet, _), (_, .none): outline.format.rawValue
    case (_, .gzip): "\(outline.format.rawValue).gz"
    case (_, .zstd): "\(outline.format.rawValue).zst"
    }
  }

  /// `every 6 h`, `once`.
  var rhythm: String {
    outline.recurrence.map { "every \($0.everyHours) h" } ?? "once"
  }

  /// `every 6 h at 02:00 from 2026-11-24 until 2026-12-24`, `once: 2026-11-01 to 2026-11-10`.
  func words(_ frequency: Frequency) -> String {
    switch frequency {
    case .recurring(let recurrence):
      rhythm + (recurrence.at == .midnight ? "" : " at \(recurrence.at)")
        + (recurrence.from.map { " from \($0)" } ?? "") + (recurrence.until.map { " until \($0)" } ?? "")
    case .once(let period): "once: \(Self.words(period))"
    }
  }

  private static func words(_ period: Period) -> String {
    switch period {
    case .today: "today"
    case .yesterday: "yesterday"
    case .currentWeek: "current week"
    case .previousWeek: "previous week"
    case .currentMonth: "current month"
    case .previousMonth: "previous month"
    case .day(let day): "\(day)"
    case .days(let from, let to): "\(from) to \(to)"
    case .lastDays(let days): days == 1 ? "the last day" : "the last \(days) days"
    case .now: "now"
    }
  }
}
