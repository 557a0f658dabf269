/// Writes one Parquet file: row groups, then the page index, then the footer. It keeps nothing but what the end of the
/// file must say; everything else goes to the sink at once.
public struct FileWriter: ~Copyable {
  private let schema: Schema
  private let createdBy: String
  private let keyValues: [(key: String, value: String)]
  private var groups: [RowGroupMetadata] = []
  /// By row group, then by column.
  private var chunks: [ChunkRecord] = []
  /// `ColumnChunk` structures, each up to its metadata.
  private var metadata = ThriftWriter()
  private var columnIndexes = ThriftWriter()
  private var offsetIndexes = ThriftWriter()
  private var output = Bytes()

  /// How many bytes have gone to the sink.
  public private(set) var bytes = 0

  /// Lengths of what is kept of a chunk, each behind that of the chunk before.
  private struct ChunkRecord {
    var metadata: UInt32
    /// 0 when it has none.
    var columnIndex: UInt32
    var offsetIndex: UInt32
  }

  private static let magic: [UInt8] = Array("PAR1".utf8)
  private static let sinkBytes = 256 << 10

  /// - Parameters:
  ///   - createdBy: what wrote the file, by convention `APPLICATION version VERSION (build BUILD)`.
  ///   - keyValues: further metadata of the file.
  public init(_ schema: Schema, createdBy: String, keyValues: [(key: String, value: String)] = []) {
    self.schema = schema
    self.createdBy = createdBy
    self.keyValues = keyValues
  }

  /// Bytes of memory that the end of the file takes until it is written.
  public var heldBytes: Int {
    metadata.output.count + columnIndexes.output.count + offsetIndexes.output.count
      + chunks.count * MemoryLayout<ChunkRecord>.size + groups.count * MemoryLayout<RowGroupMetadata>.size
  }

  /// Writes the rows as a row group, and empties `rows`. Without rows it does nothing.
  /// - Parameter sink: takes the next bytes of the file.
  /// - Throws: what `sink` throws; the file is then lost.
  /// - Returns: what the row group holds.
  @discardableResult
  public mutating func write<Failure: Error>(
    _ rows: inout RowGroupWriter, to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> RowGroupMetadata? {
    precondition(rows.schema == schema, "rows and file have one schema")
    guard rows.rows > 0 else { return nil }
    begin()
    var group = RowGroupMetadata(rows: rows.rows, offset: Int64(position), plainBytes: 0, storedBytes: 0)
    let codec = rows.codec
    var offset = Int64(position)
    try rows.write { bytes throws(Failure) in
      try append(bytes, to: sink)
    } _: { column, encoded, finder in
      keep(encoded, schema.columns[column], from: offset, codec, finder)
      offset = Int64(position)
      group.plainBytes += encoded.chunk.plainBytes
      group.storedBytes += encoded.chunk.storedBytes
    }
    try flush(to: sink)
    rows.removeAll()
    groups.append(group)
    return group
  }

  /// Writes the end of the file.
  /// - Throws: what `sink` throws; the file is then lost.
  public consuming func close<Failure: Error>(
    to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> FileMetadata {
    begin()
    let columnIndexes = position
    try append(self.columnIndexes.output.bytes, to: sink)
    let offsetIndexes = position
    try append(self.offsetIndexes.output.bytes, to: sink)
    let footer = position
    var thrift = ThriftWriter()
    swap(&thrift.output, &output)
    writeFooter(to: &thrift, columnIndexes: Int64(columnIndexes), offsetIndexes: Int64(offsetIndexes))
    swap(&thrift.output, &output)
    output.append(UInt32(position - footer))
    output.append(FileWriter.magic)
    try flush(to: sink)
    return FileMetadata(rows: groups.reduce(0) { $0 + $1.rows }, rowGroups: groups, bytes: bytes)
  }

  private var position: Int { bytes + output.count }

  private mutating func begin() {
    if position == 0 { output.append(FileWriter.magic) }
  }

  private mutating func append<Failure: Error>(
    _ part: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    if output.count + part.count > FileWriter.sinkBytes { try flush(to: sink) }
    guard part.count < FileWriter.sinkBytes else {
      try sink(part)
      bytes += part.count
      return
    }
    output.append(part)
  }

  private mutating func flush<Failure: Error>(
    to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    guard output.count > 0 else { return }
    try sink(output.bytes)
    bytes += output.count
    output.removeAll()
  }
}

extension FileWriter {
  /// Keeps what the end of the file says of a chunk.
  /// - Parameter begin: where it begins.
  private mutating func keep(
    _ encoded: borrowing RowGroupWriter.EncodedChunk, _ column: Column, from begin: Int64, _ codec: Int32,
    _ finder: BoundsFinder
  ) {
    let before = (metadata.output.count, columnIndexes.output.count, offsetIndexes.output.count)
    let chunk = encoded.chunk
    metadata.resume(after: 0)
    metadata.i64(2, 0)
    metadata.structure(3) { FileWriter.write(chunk, column, from: begin, codec, finder, to: &$0) }
    _ = encoded.index.writeBounds(to: &columnIndexes)
    encoded.index.writeOffsets(from: begin, to: &offsetIndexes)
    chunks.append(
      ChunkRecord(
        metadata: UInt32(metadata.output.count - before.0),
        columnIndex: UInt32(columnIndexes.output.count - before.1),
        offsetIndex: UInt32(offsetIndexes.output.count - before.2)))
  }

  /// The fields of `ColumnMetaData`.
  private static func write(
    _ chunk: ChunkWriter.Chunk, _ column: Column, from begin: Int64, _ codec: Int32, _ finder: BoundsFinder,
    to thrift: inout ThriftWriter
  ) {
    let isDictionary = chunk.encoding == .dictionary
    thrift.i32(1, column.type.physical.rawValue)
    let levels = column.maxDefinition > 0 ? [ValueEncoding.levels] : []
    let encodings = (isDictionary ? [ValueEncoding.plain.rawValue] : []) + levels + [chunk.encoding.rawValue]
    thrift.list(2, of: .i32, count: encodings.count)
    for encoding in encodings { thrift.element(encoding) }
    thrift.list(3, of: .binary, count: column.path.count)
    thrift.output.append(column.thriftPath)
    thrift.i32(4, codec)
    thrift.i64(5, Int64(chunk.entries))
    thrift.i64(6, Int64(chunk.plainBytes))
    thrift.i64(7, Int64(chunk.storedBytes))
    thrift.i64(9, begin + Int64(chunk.dictionaryBytes ?? 0))
    if isDictionary { thrift.i64(11, begin) }
    thrift.structure(12) { writeStatistics(of: chunk, column.type, finder, to: &$0) }
    thrift.list(13, of: .structure, count: isDictionary ? 2 : 1)
    if isDictionary {
      thrift.element { $0.pageCount(type: 2, .plain, 1) }
    }
    thrift.element { $0.pageCount(type: 0, chunk.encoding, chunk.dataPages) }
  }

  /// The fields of `Statistics`.
  private static func writeStatistics(
    of chunk: ChunkWriter.Chunk, _ type: ValueType, _ finder: BoundsFinder, to thrift: inout ThriftWriter
  ) {
    thrift.i64(3, Int64(chunk.nulls))
    if let bounds = chunk.bounds, chunk.isOrdered {
      var bound = Bytes()
      let isLargestExact = finder.appendLargest(bounds, to: &bound)
      if isLargestExact != nil { thrift.binary(5, bound.bytes) }
      bound.removeAll()
      let isSmallestExact = finder.appendSmallest(bounds, to: &bound)
      thrift.binary(6, bound.bytes)
      if let isLargestExact { thrift.bool(7, isLargestExact) }
      thrift.bool(8, isSmallestExact)
    }
    if type == .double { thrift.i64(9, Int64(chunk.notNumbers)) }
  }

  /// `FileMetaData`.
  private borrowing func writeFooter(
    to thrift: inout ThriftWriter, columnIndexes: Int64, offsetIndexes: Int64
  ) {
    thrift.element { footer in
      footer.i32(1, 2)
      schema.write(to: &footer)
      footer.i64(3, Int64(groups.reduce(0) { $0 + $1.rows }))
      footer.list(4, of: .structure, count: groups.count)
      writeGroups(to: &footer, columnIndexes, offsetIndexes)
      if !keyValues.isEmpty {
        footer.list(5, of: .structure, count: keyValues.count)
        for (key, value) in keyValues {
          footer.element {
            $0.string(1, key)
            $0.string(2, value)
          }
        }
      }
      footer.string(6, createdBy)
      schema.writeColumnOrders(to: &footer)
    }
  }

  private borrowing func writeGroups(
    to thrift: inout ThriftWriter, _ columnIndexes: Int64, _ offsetIndexes: Int64
  ) {
    var (metadataOffset, columnIndex, offsetIndex) = (0, columnIndexes, offsetIndexes)
    for (number, group) in groups.enumerated() {
      thrift.element { out in
        out.list(1, of: .structure, count: schema.columns.count)
        for i in schema.columns.indices {
          let chunk = chunks[number * schema.columns.count + i]
          out.element {
            $0.output.append(
              metadata.output.bytes(metadataOffset..<metadataOffset + Int(chunk.metadata)))
            $0.resume(after: 3)
            $0.i64(4, offsetIndex)
            $0.i32(5, Int32(chunk.offsetIndex))
            if chunk.columnIndex > 0 {
              $0.i64(6, columnIndex)
              $0.i32(7, Int32(chunk.columnIndex))
            }
          }
          metadataOffset += Int(chunk.metadata)
          columnIndex += Int64(chunk.columnIndex)
          offsetIndex += Int64(chunk.offsetIndex)
        }
        out.i64(2, Int64(group.plainBytes))
        out.i64(3, Int64(group.rows))
        out.i64(5, group.offset)
        out.i64(6, Int64(group.storedBytes))
        if let ordinal = Int16(exactly: number) { out.i16(7, ordinal) }
      }
    }
  }
}

extension ThriftWriter {
  /// The fields of `PageEncodingStats`.
  fileprivate mutating func pageCount(type: Int32, _ encoding: ValueEncoding, _ count: Int) {
    i32(1, type)
    i32(2, encoding.rawValue)
    i32(3, Int32(count))
  }
}
