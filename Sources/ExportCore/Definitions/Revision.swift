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

  /// A frequency with its dates judged: what `today` meant when the definition was first stored.
  package enum Timing: Hashable, Sendable, Codable {
    case recurring(from: LocalDate)
    /// The stretch that a one-time export covers.
    case once(Window)
    /// A one-time profile export of every profile as it is.
    case onceNow
  }

  package init(
    account: String, definition: Definition, source: SourceConfiguration,
    destination: DestinationConfiguration, timeZone: String, identifiers: [Identifier], timing: Timing
  ) {
    self.account = account
    self.definition = definition
    self.source = source
    self.destination = destination
    self.timeZone = timeZone
    self.identifiers = identifiers
    self.timing = timing
  }
}
