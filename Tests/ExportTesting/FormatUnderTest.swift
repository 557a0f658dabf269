package import ExportCore

/// A format as the conformance suite takes it: which it is, and how Python reads its files.
package struct FormatUnderTest: Sendable {
  private let format: Format
  private let eventCodecs: [Compression.Codec]
  private let profileCodecs: [Compression.Codec]
  private let events: String
  private let profiles: String

  /// - Parameters:
  ///   - eventCodecs: every compression that its files of events can have.
  ///   - profileCodecs: the same, of profiles.
  ///   - events: reads files of events, as ``FormatConformance/reader`` says.
  ///   - profiles: reads files of profiles.
  package init(
    _ format: Format, eventCodecs: [Compression.Codec] = [.none, .gzip],
    profileCodecs: [Compression.Codec] = [.gzip], events: String, profiles: String
  ) {
    self.format = format
    self.eventCodecs = eventCodecs
    self.profileCodecs = profileCodecs
    self.events = events
    self.profiles = profiles
  }

  package var forEvents: [FormatConformance] {
    eventCodecs.map { FormatConformance(format: format, codec: $0, reader: events) }
  }

  package var forProfiles: [FormatConformance] {
    profileCodecs.map { FormatConformance(format: format, codec: $0, reader: profiles) }
  }
}
