public import Compression

/// Takes rows column by column, and holds them until ``FileWriter`` writes them as a row group. One serves all row
/// groups of all files of a schema, one after another, so that very many columns are paid for once.
///
/// Each value goes to a column by its index in ``Schema/columns``; ``endRow()`` ends the row. A column that a row gives
/// nothing is null there with none of the optional fields on the way to it, which costs nothing.
public struct RowGroupWriter: ~Copyable {
  let schema: Schema
  private let columns: UnsafeMutablePointer<ColumnBuffer>
  var chunks: ChunkWriter

  /// Rows held.
  public private(set) var rows = 0
  /// About how many bytes they take in memory: what decides when a row group is large enough.
  public private(set) var bytes = 0

  /// - Parameters:
  ///   - limits: how large pages become.
  ///   - encodings: which encodings may be used.
  ///   - compression: how pages are stored; nil leaves them as they are.
  /// - Throws: ``CompressionError`` for a level that does not exist, and for zstd in a build without it.
  public init(
    _ schema: Schema, limits: PageLimits = PageLimits(), encodings: EncodingSet = .all,
    compression: CompressionFormat? = nil
  ) throws(CompressionError) {
    chunks = try ChunkWriter(limits: limits, encodings: encodings, compression: compression)
    self.schema = schema
    columns = .allocate(capacity: schema.columns.count)
    for i in schema.columns.indices { (columns + i).initialize(to: ColumnBuffer(schema.columns[i])) }
  }

  deinit {
    columns.deinitialize(count: schema.columns.count)
    columns.deallocate()
  }

  /// Gives a column a value.
  /// - Parameters:
  ///   - column: its index in the schema.
  ///   - repetition: 0 for the first value of the row; for further ones the level of the field that is repeated.
  public mutating func append(_ value: Bool, to column: Int, repetition: Int = 0) {
    bytes += columns[column].append(
      value ? 1 : 0 as UInt8, as: .boolean, row: rows, repetition: repetition)
  }

  /// Gives an INT32 column a value; see ``append(_:to:repetition:)-(Bool,_,_)``.
  public mutating func append(_ value: Int32, to column: Int, repetition: Int = 0) {
    bytes += columns[column].append(value, as: .int32, row: rows, repetition: repetition)
  }

  /// Gives an INT64 or TIMESTAMP column a value; see ``append(_:to:repetition:)-(Bool,_,_)``.
  public mutating func append(_ value: Int64, to column: Int, repetition: Int = 0) {
    bytes += columns[column].append(value, as: .int64, row: rows, repetition: repetition)
  }

  /// Gives a DOUBLE column a value; see ``append(_:to:repetition:)-(Bool,_,_)``.
  public mutating func append(_ value: Double, to column: Int, repetition: Int = 0) {
    bytes += columns[column].append(value, as: .double, row: rows, repetition: repetition)
  }

  /// Gives a column of bytes or text a value, at most 2 GiB; see ``append(_:to:repetition:)-(Bool,_,_)``.
  public mutating func append(_ value: UnsafeRawBufferPointer, to column: Int, repetition: Int = 0) {
    bytes += columns[column].append(value, row: rows, repetition: repetition)
  }

  /// Gives a column a null: what lacks is the first optional or repeated field behind `definition` of them.
  public mutating func appendNull(to column: Int, definition: Int = 0, repetition: Int = 0) {
    bytes += columns[column].appendNull(row: rows, definition: definition, repetition: repetition)
  }

  /// Ends the row. The required columns must have got their value.
  public mutating func endRow() { rows += 1 }

  /// Forgets all rows.
  public mutating func removeAll() {
    for i in schema.columns.indices { columns[i].removeAll() }
    rows = 0
    bytes = 0
  }

  /// Writes one column.
  mutating func writeChunk<Failure: Error>(
    _ column: Int, at offset: Int64, _ write: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> ChunkWriter.Chunk {
    try chunks.write(&columns[column], schema.columns[column].type, rows: rows, at: offset, write)
  }

  /// The finder that a chunk's bounds refer to.
  func finder(_ column: Int) -> BoundsFinder {
    BoundsFinder(type: schema.columns[column].type, values: columns[column].values.bytes)
  }
}
