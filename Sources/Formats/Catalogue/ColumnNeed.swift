package import ExportCore

/// What a format must know of properties before the first byte of a file.
package enum ColumnNeed: Hashable, Sendable {
  /// Its records name their own properties.
  case nothing
  /// A column for each property.
  case names
  /// A column of one type for each property.
  case types

  package init(_ definition: Definition) {
    self =
      switch definition.format {
      case .json, .xml: .nothing
      case .csv: .names
      // As strings, properties are entries of a map.
      case .parquet: definition.asString ? .nothing : .types
      }
  }
}
