/// From when on an export wants which events, by revision. Where an edit came is known within bounds, and so is this.
struct Selection {
  /// The earliest and the latest instant from which it may hold.
  typealias Since = (earliest: Int64, latest: Int64)

  /// All events.
  private var all: Since?
  private var names: [String: Since] = [:]

  /// - Parameter edits: see ``Tiling/edits``.
  static func ofRevisions(_ rules: [Rule], _ edits: [[Int64?]]) -> [Selection] {
    var selections: [Selection] = []
    for (index, rule) in rules.enumerated() {
      let previous = selections.last
      let places = index == 0 ? [nil] : edits[index - 1]
      let instants = places.map { $0 ?? Int64.min }
      let start: Since = (instants.min() ?? .min, instants.max() ?? .max)
      var selection = Selection()
      if let wanted = rule.names {
        for name in wanted { selection.names[name] = previous?.names[name] ?? previous?.all ?? start }
      } else {
        selection.all = previous?.all ?? start
        selection.names = previous?.names ?? [:]
      }
      selections.append(selection)
    }
    return selections
  }

  enum Answer { case yes, no, maybe }

  /// Whether an event is wanted; one without a name may be any.
  func wants(_ name: String?, at seconds: Int64) -> Answer {
    var answer = Answer.no
    let sinces =
      [all].compactMap { $0 } + (name.map { [names[$0]] } ?? names.values.map { $0 }).compactMap { $0 }
    for since in sinces {
      if since.latest <= seconds { return .yes }
      if since.earliest <= seconds { answer = .maybe }
    }
    return answer
  }

  /// Whether a row without a usable time may be one of the export's.
  func mayWant(_ name: String?) -> Bool { all != nil || name == nil || names[name!] != nil }
}
