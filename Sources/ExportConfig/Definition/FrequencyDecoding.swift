import ExportCore
import TimeZones

extension DefinitionDecoder {
  func frequency(_ field: Field, _ dataType: DataType?) -> Frequency? {
    field.object { fields in
      if fields.has("once") { return once(fields, dataType) }
      return recurrence(fields, dataType).map(Frequency.recurring)
    }
  }

  private func recurrence(_ fields: Fields, _ dataType: DataType?) -> Recurrence? {
    let everyHours = fields.optional("everyHours") { $0.whole(Schedule.hours) }
    let from = fields.optional("from") { $0.localDate() }
    let at = fields.optional("at", default: .midnight) { $0.localTime() }
    let until = fields.optional("until") { lastDay($0, from) }
    let delayMinutes = fields.optional("delayMinutes") { $0.whole(0...240) }
    var profiles = ProfileMode.changed
    if dataType == .events {
      fields.refuse("profiles", "\"profiles\" is for profile exports; this one carries events")
    } else {
      profiles = fields.optional("profiles", default: .changed) { $0.oneOf("mode", ProfileMode.allCases) }
    }
    // Asked for to be known as an allowed key: it is not there.
    _ = fields.optional("once") { period($0, dataType) }
    if !fields.has("everyHours") { fields.miss("everyHours", "once") }

    return everyHours.map {
      Recurrence(
        everyHours: $0, from: from, at: at, until: until, delayMinutes: delayMinutes, profiles: profiles)
    }
  }

  private func once(_ fields: Fields, _ dataType: DataType?) -> Frequency? {
    for key in ["everyHours", "from", "at", "until", "delayMinutes", "profiles"] {
      fields.refuse(key, "\(key.quoted) does not go with \"once\"")
    }
    return fields.required("once") { period($0, dataType) }.map(Frequency.once)
  }

  /// Inclusive, so it may be the first day itself.
  private func lastDay(_ field: Field, _ first: LocalDate?) -> LocalDate? {
    guard let last = field.localDate() else { return nil }
    if let first, last < first { field.fail("must not lie before \"from\", \(first); found \(last)") }
    return last
  }

  // MARK: Periods

  /// The periods that are a word.
  private enum PeriodName: String, CaseIterable {
    case today, yesterday, currentWeek, previousWeek, currentMonth, previousMonth, now

    var period: Period {
      switch self {
      case .today: .today
      case .yesterday: .yesterday
      case .currentWeek: .currentWeek
      case .previousWeek: .previousWeek
      case .currentMonth: .currentMonth
      case .previousMonth: .previousMonth
      case .now: .now
      }
    }
  }

  private func period(_ field: Field, _ dataType: DataType?) -> Period? {
    if case .object = field.node.value { return days(field) }
    let allowed = PeriodName.allCases.filter { $0 != .now || dataType != .events }
    return field.oneOf(
      "period", allowed, of: PeriodName.allCases,
      further: [#"{"day": DATE}"#, #"{"from": DATE, "to": DATE}"#, #"{"lastDays": NUMBER}"#]
    ) { _ in "is for profile exports; this one carries events" }?.period
  }

  private func days(_ field: Field) -> Period? {
    field.object { fields in
      let day = fields.optional("day") { $0.localDate() }
      let from = fields.optional("from") { $0.localDate() }
      let to = fields.optional("to") { lastDay($0, from) }
      let lastDays = fields.optional("lastDays") { $0.whole(1...TimingJudge.daysBack) }

      let forms = [["day"], ["from", "to"], ["lastDays"]]
      guard let form = forms.first(where: { $0.contains(where: fields.has) }) else {
        fields.miss("day", "from", "lastDays")
        return nil
      }
      for key in forms.joined() where !form.contains(key) {
        fields.refuse(key, "\(key.quoted) does not go with \(form.first(where: fields.has)!.quoted)")
      }
      for key in form where !fields.has(key) { fields.miss(key) }
      if let day { return .day(day) }
      if let lastDays { return .lastDays(lastDays) }
      guard let from, let to else { return nil }
      return .days(from: from, to: to)
    }
  }

  // MARK: Other exports

  /// What a one-time profile export may do about recurring ones of its source.
  func checkRecurring(
    _ fields: Fields, stop: Bool, resume: Bool, _ dataType: DataType?, _ frequency: Frequency?
  ) {
    let isOnce = if case .recurring = frequency { false } else { true }
    guard isOnce, dataType != .events else {
      for (key, value) in [("stopRecurring", stop), ("resumeRecurring", resume)] where value {
        fields.refuse(key, "\(key.quoted) is for one-time profile exports")
      }
      return
    }
    if resume, !stop {
      fields.warn("resumeRecurring", "\"resumeRecurring\" has no effect without \"stopRecurring\": true")
    }
  }
}
