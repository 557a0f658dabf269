package import ExportCore

/// What a build of exportd can do. The configuration knows more than that: a definition that asks for the
/// rest is told so.
package struct Capabilities: Sendable {
  package var formats: Set<Format>
  package var destinationTypes: Set<DestinationType>
  package var dataTypes: Set<DataType>
  package var codecs: Set<Compression.Codec>

  package init(
    formats: Set<Format>, destinationTypes: Set<DestinationType>, dataTypes: Set<DataType>,
    codecs: Set<Compression.Codec> = Set(Compression.Codec.allCases)
  ) {
    self.formats = formats
    self.destinationTypes = destinationTypes
    self.dataTypes = dataTypes
    self.codecs = codecs
  }

  /// All that the configuration knows.
  package static let all = Capabilities(
    formats: Set(Format.allCases), destinationTypes: Set(DestinationType.allCases),
    dataTypes: [.events, .profiles])
}
