package import TimeZones

/// A definition with everything it refers to resolved, secrets left out: what a run is made from. The
/// state database keeps every revision of an export.
package struct Revision: Hashable, Sendable, Codable {
  package var account: String
  package var definition: Definition
  package var source: SourceConfiguration
  package var destination: DestinationConfiguration
  /// IANA name.
  package var timeZone: String
  /// Priority of identifiers; never empty.
  package var identifiers: [Identifier]
  package var timing: Timing
  /// From which instant on each event name belongs to the export: a name added later never reaches back.
  package var selection: EventSelection
  /// From which instant on each database belongs to the export.
  package var databasesSince: [String: Instant]

  /// A frequency with its dates judged: what `today` meant when the definition was first stored.
  package enum Timing: Hashable, Sendable, Codable {
    case recurring(from: LocalDate)
    /// The stretch that a one-time export covers.
    case once(Window)
    /// A one-time profile export of every profile as it is, with the instant of its creation.
    case onceNow(Instant)
  }

  package init(
    account: String, definition: Definition, source: SourceConfiguration,
    destination: DestinationConfiguration, timeZone: String, identifiers: [Identifier], timing: Timing,
    selection: EventSelection = EventSelection(allSince: nil, names: [:]),
    databasesSince: [String: Instant] = [:]
  ) {
    self.account = account
    self.definition = definition
    self.source = source
    self.destination = destination
    self.timeZone = timeZone
    self.identifiers = identifiers
    self.timing = timing
    self.selection = selection
    self.databasesSince = databasesSince
  }

  /// The revision with its reach filled in: names and databases that `previous` knew keep their instant, new ones
  /// begin where nothing is planned yet.
  /// - Parameter plannedThrough: the end of the last planned window; nil for an export that has none, whose names
  ///   and databases all begin with its first window.
  package func reaching(after previous: Revision?, plannedThrough: Instant?) -> Revision {
    var revision = self
    let always = Instant(seconds: .min)
    let start = previous == nil ? always : plannedThrough ?? always
    let known = previous?.selection
    switch definition.data {
    case .allEvents:
      // Names that were asked for before all were keep their earlier instant.
      revision.selection = EventSelection(allSince: known?.allSince ?? start, names: known?.names ?? [:])
    case .events(let names):
      revision.selection = EventSelection(
        allSince: nil,
        names: Dictionary(
          names.map { ($0, known?.names[$0] ?? known?.allSince ?? start) }, uniquingKeysWith: { $1 }))
    case .profiles:
      revision.selection = EventSelection(allSince: nil, names: [:])
    }
    revision.databasesSince = Dictionary(
      source.databaseIds.map { ($0, previous?.databasesSince[$0] ?? start) }, uniquingKeysWith: { $1 })
    return revision
  }
}
