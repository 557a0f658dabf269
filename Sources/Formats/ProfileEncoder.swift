import ExportCore

/// The socket for formats of profiles, as ``EventRecordEncoder`` is for events: the bytes of a file are its
/// beginning, its records in order, and its end, and they are compressed afterwards. Every implementation passes
/// the conformance suite for formats.
protocol ProfileRecordEncoder: Sendable {
  /// What a file begins with.
  func begin(_ columns: borrowing ProfileColumns, into out: inout OutputBytes)

  /// Appends one record. What all formats share has been decided in `profile`; whatever it holds can be encoded.
  /// - Parameter columns: with the members of the profile's objects placed in them, for a format that has columns.
  func encode(
    _ profile: borrowing ProfileRecord, _ columns: borrowing ProfileColumns, into out: inout OutputBytes)

  /// What a file ends with.
  var end: StaticString { get }
}

/// Which encoder an export uses. The row loop switches over it once a batch, so that each encoder has a
/// loop of its own, made for it.
enum ProfileEncoder: Sendable {
  case json(JSONProfileEncoder)
  case csv(CSVProfileEncoder)
  case xml(XMLProfileEncoder)
  case parquet(ParquetProfileEncoder)

  init(_ definition: Definition) {
    switch definition.format {
    case .json: self = .json(JSONProfileEncoder(asString: definition.asString))
    case .csv: self = .csv(CSVProfileEncoder(guardFormulas: definition.guardFormulas))
    case .xml: self = .xml(XMLProfileEncoder())
    case .parquet: self = .parquet(ParquetProfileEncoder(asString: definition.asString))
    }
  }

  var each: any ProfileRecordEncoder {
    switch self {
    case .json(let json): json
    case .csv(let csv): csv
    case .xml(let xml): xml
    case .parquet(let parquet): parquet
    }
  }
}
