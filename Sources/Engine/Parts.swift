package import ExportCore
package import TimeZones

/// Builds what a run needs from its revision. The executable fills it in: it alone knows every kind of
/// source and destination.
package struct Parts: Sendable {
  package var source: @Sendable (SourceConfiguration) throws(ExportError) -> any Source
  /// Takes the destination's name as well: secrets are not part of a revision and come from the newest
  /// configuration.
  package var destination:
    @Sendable (_ name: String, DestinationConfiguration) throws(ExportError) -> any Destination
  package var zone: @Sendable (_ name: String) throws(ExportError) -> Zone
  /// Where files are put together for destinations that have no place of their own: an absolute path.
  package var stagingDirectory: String
  /// Where what profile exports remember lies: an absolute path in the state directory.
  package var memoryDirectory: String

  package init(
    source: @escaping @Sendable (SourceConfiguration) throws(ExportError) -> any Source,
    destination:
      @escaping @Sendable (String, DestinationConfiguration) throws(ExportError) -> any Destination,
    zone: @escaping @Sendable (String) throws(ExportError) -> Zone,
    stagingDirectory: String, memoryDirectory: String
  ) {
    self.source = source
    self.destination = destination
    self.zone = zone
    self.stagingDirectory = stagingDirectory
    self.memoryDirectory = memoryDirectory
  }
}
