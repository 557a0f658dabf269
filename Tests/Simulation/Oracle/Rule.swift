import Foundation

/// One revision of a definition as the oracle understands it: its windows one after the other, enumerated.
struct Rule {
  let revision: Testimony.Revision
  let zoneName: String
  let zone: OracleZone
  /// Nil for all events.
  let names: Set<String>?
  let source: String
  /// Nil for events.
  let profiles: Profiles?
  /// In seconds.
  let delay: Int64
  /// Of a recurring export: every boundary, ascending, to well beyond the end of the history.
  let boundaries: [Int64]
  /// 24:00 of the last day.
  let end: Int64?
  private let today: Int
  /// Of a one-time export.
  let only: (from: Int64, to: Int64)?

  enum Profiles: String {
    case changed, compared, full
    /// All as they are, or those that were updated in a period.
    case now, period
  }

  var isRecurring: Bool { only == nil }

  /// - Parameters:
  ///   - first: the rule of the first revision: what `today` and a missing `from` meant then stays.
  ///   - createdAt: of the export, on the wall clock.
  ///   - horizon: boundaries are wanted up to here.
  init(_ revision: Testimony.Revision, first: Rule?, createdAt: Int64, horizon: Int64) {
    self.revision = revision
    let json = try! JSONSerialization.jsonObject(with: Data(revision.definition.utf8)) as! [String: Any]
    let zoneName = json["timeZone"] as? String ?? revision.accountZone
    let zone = OracleZone.named(zoneName)
    let data = json["data"] as! [String: Any]
    let frequency = json["frequency"] as! [String: Any]
    names = (data["events"] as? [String]).map(Set.init)
    source = json["source"] as! String
    profiles = data["profiles"] == nil ? nil : Rule.profiles(frequency)
    self.zoneName = zoneName
    self.zone = zone
    let today = first?.today ?? Int(zone.local(createdAt) / 86400)
    self.today = today
    if let only = first?.only {
      self.only = only
      (boundaries, end, delay) = ([], nil, 0)
      return
    }
    guard let hours = frequency["everyHours"] as? Int else {
      only = Rule.window(frequency["once"]!, today, zone, createdAt)
      (boundaries, end, delay) = ([], nil, 0)
      return
    }
    only = nil
    delay = Int64(frequency["delayMinutes"] as? Int ?? 0) * 60
    let from = (frequency["from"] as? String).map { Calendar.days($0) } ?? today
    let clock = (frequency["at"] as? String ?? "00:00").split(separator: ":").map { Int64($0)! }
    let firstLocal = Int64(from) * 86400 + clock[0] * 3600 + clock[1] * 60
    let begin = zone.first(firstLocal)
    let end = (frequency["until"] as? String).map { zone.first(Int64(Calendar.days($0) + 1) * 86400) }
    var found: Set<Int64> = []
    if 24 % hours == 0 {
      for local in stride(from: firstLocal, through: horizon + 2 * 86400, by: hours * 3600) {
        found.insert(zone.first(local))
      }
    } else {
      for instant in stride(from: begin, through: horizon + 86400, by: hours * 3600) { found.insert(instant) }
    }
    if let end {
      found = found.filter { $0 < end }
      found.insert(end)
    }
    self.end = end
    boundaries = found.sorted()
  }

  /// The window that follows when everything before `planned` is planned; nil when there is none.
  func next(_ planned: Int64?) -> (from: Int64, to: Int64)? {
    if boundaries.isEmpty { return planned == nil ? only : nil }
    let from = planned ?? boundaries[0]
    let isOnGrid = boundaries.contains(from)
    let earliest = isOnGrid ? from + 1 : from + 4 * 3600
    guard let to = boundaries.first(where: { $0 >= earliest }) ?? end, to > from else { return nil }
    return (from, to)
  }

  private static func profiles(_ frequency: [String: Any]) -> Profiles {
    if let period = frequency["once"] { return period as? String == "now" ? .now : .period }
    return (frequency["profiles"] as? String).flatMap(Profiles.init) ?? .changed
  }

  private static func window(_ period: Any, _ today: Int, _ zone: OracleZone, _ now: Int64) -> (Int64, Int64)
  {
    var (first, last) = (today, today)
    switch period {
    case let name as String where name == "yesterday": (first, last) = (today - 1, today - 1)
    case let name as String where name == "today": break
    case let name as String where name == "now": return (now, now)
    case let days as [String: Any]:
      if let count = days["lastDays"] as? Int { first = today - count }
      if let day = days["day"] as? String { (first, last) = (Calendar.days(day), Calendar.days(day)) }
    default: preconditionFailure("the oracle knows no period \(period)")
    }
    return (zone.first(Int64(first) * 86400), min(zone.first(Int64(last + 1) * 86400), now))
  }
}
