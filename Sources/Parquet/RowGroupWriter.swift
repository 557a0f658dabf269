public import Compression
import Dispatch
import Synchronization

/// Takes rows column by column, and holds them until ``FileWriter`` writes them as a row group. One serves all row
/// groups of all files of a schema, one after another, so that very many columns are paid for once.
///
/// Each value goes to a column by its index in ``Schema/columns``; ``endRow()`` ends the row. A column that a row gives
/// nothing is null there with none of the optional fields on the way to it, which costs nothing.
public struct RowGroupWriter: ~Copyable {
  let schema: Schema
  /// As readers are told (parquet.thrift, `CompressionCodec`).
  let codec: Int32
  private let columns: UnsafeMutablePointer<ColumnBuffer>
  /// One for each thread.
  private let writers: UnsafeMutablePointer<ChunkWriter>
  private let threads: Int
  /// The chunks last written, or encoded to be written.
  private let chunks: UnsafeMutablePointer<EncodedChunk>
  private let chunkCount: Int

  /// Rows held.
  public private(set) var rows = 0
  /// About how many bytes they take in memory: what decides when a row group is large enough.
  public private(set) var bytes = 0

  /// - Parameters:
  ///   - limits: how large pages become.
  ///   - encodings: which encodings may be used.
  ///   - compression: how pages are stored; nil leaves them as they are.
  ///   - threads: how many encode the columns of a large row group at once, whose pages are in memory for that, as they will be
  ///     stored. What is written is the same.
  /// - Throws: ``CompressionError`` for a level that does not exist, and for zstd in a build without it.
  public init(
    _ schema: Schema, limits: PageLimits = PageLimits(), encodings: EncodingSet = .all,
    compression: CompressionFormat? = nil, threads: Int = 1
  ) throws(CompressionError) {
    let first = try ChunkWriter(limits: limits, encodings: encodings, compression: compression)
    codec = first.codec
    self.threads = threads
    writers = .allocate(capacity: threads)
    writers.initialize(to: first)
    for i in 1..<max(threads, 1) {
      // What the first one has, another can have.
      (writers + i).initialize(
        to: try! ChunkWriter(limits: limits, encodings: encodings, compression: compression))
    }
    chunkCount = threads == 1 ? 1 : min(schema.columns.count, RowGroupWriter.mostAhead)
    chunks = .allocate(capacity: chunkCount)
    for i in 0..<chunkCount { (chunks + i).initialize(to: EncodedChunk()) }
    self.schema = schema
    columns = .allocate(capacity: schema.columns.count)
    for i in schema.columns.indices { (columns + i).initialize(to: ColumnBuffer(schema.columns[i])) }
  }

  deinit {
    columns.deinitialize(count: schema.columns.count)
    columns.deallocate()
    writers.deinitialize(count: threads)
    writers.deallocate()
    chunks.deinitialize(count: chunkCount)
    chunks.deallocate()
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

  /// The finder that a chunk's bounds refer to.
  private func finder(_ column: Int) -> BoundsFinder {
    BoundsFinder(type: schema.columns[column].type, values: columns[column].values.bytes)
  }
}

// MARK: Writing

extension RowGroupWriter {
  /// A column chunk, and its pages where it has been encoded ahead of its place in the file.
  struct EncodedChunk: ~Copyable {
    var chunk = ChunkWriter.Chunk()
    var index = PageIndex()
    var pages = Bytes()
  }

  /// How many columns at most are encoded before one of them is written.
  private static var mostAhead: Int { 32 }
  /// Smaller row groups are done before another thread has taken notice.
  private static var smallestShared: Int { 256 << 10 }
  /// What a chunk may keep of its memory.
  private static var keptBytes: Int { 256 << 10 }

  /// Writes all columns in their order.
  /// - Parameters:
  ///   - write: takes the next bytes.
  ///   - keep: called behind each column.
  mutating func write<Failure: Error>(
    _ write: (UnsafeRawBufferPointer) throws(Failure) -> Void,
    _ keep: (_ column: Int, borrowing EncodedChunk, BoundsFinder) -> Void
  ) throws(Failure) {
    guard threads > 1, bytes >= RowGroupWriter.smallestShared else {
      for column in schema.columns.indices {
        chunks[0].chunk = try writers[0].write(
          &columns[column], schema.columns[column].type, rows: rows, &chunks[0].index, write)
        keep(column, chunks[0], finder(column))
      }
      return
    }
    for first in stride(from: 0, to: schema.columns.count, by: chunkCount) {
      let some = first..<min(first + chunkCount, schema.columns.count)
      encode(some)
      for column in some {
        try write(chunks[column - first].pages.bytes)
        keep(column, chunks[column - first], finder(column))
        chunks[column - first].pages.removeAll(keepingCapacityUpTo: RowGroupWriter.keptBytes)
      }
    }
  }

  /// Encodes columns on several threads. Each column and its place belong to the thread that has drawn it.
  private mutating func encode(_ some: Range<Int>) {
    // Safe to share: a column and its place are used by the thread that has drawn it alone, a writer by its thread, and all
    // of them are done when the call returns.
    nonisolated(unsafe) let (columns, writers, chunks) = (columns, writers, chunks)
    let rows = rows
    let types = schema.columns[some].map(\.type)
    let next = Atomic<Int>(some.lowerBound)
    DispatchQueue.concurrentPerform(iterations: min(threads, some.count)) { thread in
      while case let column = next.add(1, ordering: .relaxed).oldValue, column < some.upperBound {
        let place = chunks + (column - some.lowerBound)
        place.pointee.chunk = writers[thread].write(
          &columns[column], types[column - some.lowerBound], rows: rows, &place.pointee.index
        ) { place.pointee.pages.append($0) }
      }
    }
  }
}
