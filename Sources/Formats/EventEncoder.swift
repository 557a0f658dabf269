import ExportCore

/// The socket for formats of events. An encoder turns one checked event into the bytes of one record; the bytes of a
/// file are its beginning, its records in order, and its end, and they are compressed afterwards. It keeps no
/// state between records, so that all series of a run share one. Every implementation passes the
/// conformance suite for formats.
///
/// A format that has columns (``ColumnNeed``) is given those of the event: the same for all files of a series, with one
/// for each property of each record.
protocol EventRecordEncoder: Sendable {
  /// What a file of this event begins with.
  func begin(
    eventName: UnsafeRawBufferPointer, _ columns: borrowing EventColumns, into out: inout OutputBytes)

  /// Appends one record. What all formats share has been decided in `event`; whatever it holds can be encoded.
  /// - Parameter columns: with the event's properties placed in them.
  func encode(_ event: borrowing EventRecord, _ columns: borrowing EventColumns, into out: inout OutputBytes)

  /// What a file ends with.
  var end: StaticString { get }

  /// Whether it has columns for the device even when it has none for properties.
  var placesDevice: Bool { get }
}

extension EventRecordEncoder {
  var placesDevice: Bool { false }
}

/// Which encoder an export uses. The row loop switches over it once a batch, so that each encoder has a
/// loop of its own, made for it.
enum EventEncoder: Sendable {
  case json(JSONEventEncoder)
  case csv(CSVEventEncoder)
  case xml(XMLEventEncoder)
  case parquet(ParquetEventEncoder)

  init(_ definition: Definition) {
    switch definition.format {
    case .json: self = .json(JSONEventEncoder(asString: definition.asString))
    case .csv: self = .csv(CSVEventEncoder(guardFormulas: definition.guardFormulas))
    case .xml: self = .xml(XMLEventEncoder())
    case .parquet: self = .parquet(ParquetEventEncoder(asString: definition.asString))
    }
  }

  var each: any EventRecordEncoder {
    switch self {
    case .json(let json): json
    case .csv(let csv): csv
    case .xml(let xml): xml
    case .parquet(let parquet): parquet
    }
  }
}
