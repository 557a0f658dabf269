import Compression
import ExportCore
import Parquet

/// Stores rows as Parquet files: each chunk becomes a row group of its file. The columns of one row group are there at a
/// time, whatever the number of files; of a file under construction only what its end must say is kept.
final class ParquetCodec: ChunkCodec {
  /// As rows; a row group takes about as much again while it is written.
  static let chunkBytes = 8 << 20
  static let smallestChunk = 256 << 10
  static let isExact = false
  static let waitsAside = true
  static let storesBeginning = false
  /// The columns of a row group are there once; what is compressed is shared between threads instead.
  static let lanes = 1
  private static let threads = 2

  private final class OpenFile {
    let layout: ParquetLayout
    var writer: FileWriter

    init(_ layout: ParquetLayout) {
      self.layout = layout
      writer = FileWriter(layout.schema, createdBy: "exportd")
    }
  }

  private let format: CompressionFormat?
  /// By their descriptions. Series of one event share one.
  private var layouts: [[UInt8]: ParquetLayout] = [:]
  private var open: [Int: OpenFile] = [:]
  /// The columns of the last row group.
  private var group: RowGroupWriter?
  private var groupLayout: ParquetLayout?

  /// - Parameter format: how pages are compressed.
  /// - Throws: ``ExportError`` when there is no compressor for it.
  init(_ compression: ExportCore.Compression) throws(ExportError) {
    // What cannot be made is told before the first row.
    _ = try compression.makeCompressor()
    format = compression.format
  }

  static func overhead(_ description: UnsafeRawBufferPointer) -> Int { ParquetLayout.groupBytes(description) }

  /// A value takes three bytes at least as a row has it, and no more than twice that in a column; every mebibyte and every
  /// twenty thousand rows begin a page that the end of the file speaks of.
  static func bound(_ count: Int, overhead: Int) -> Int { 2 * count + overhead * (2 + count >> 18) }

  func begin(_ description: UnsafeRawBufferPointer, of file: Int) {
    let key = Array(description)
    let layout = layouts[key] ?? ParquetLayout(description)
    layouts[key] = layout
    open[file] = OpenFile(layout)
  }

  /// Twice what is held, which the footer has with names and numbers around it.
  func heldBytes(of file: Int) -> Int { open[file].map { 2 * $0.writer.heldBytes } ?? 0 }

  func store(
    _ rows: UnsafeRawBufferPointer, of file: Int,
    _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError) {
    guard let open = open[file] else { preconditionFailure("a file is begun before rows are stored in it") }
    var group = try takeGroup(open.layout)
    ParquetRows.append(rows, open.layout.schema, to: &group)
    try open.writer.write(&group, to: write)
    self.group = consume group
  }

  func end(
    _ file: Int, _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError) {
    guard let open = open.removeValue(forKey: file) else { return }
    var writer = FileWriter(open.layout.schema, createdBy: "exportd")
    swap(&writer, &open.writer)
    _ = try writer.close(to: write)
  }

  func drop(_ file: Int) { open[file] = nil }

  private func takeGroup(_ layout: ParquetLayout) throws(ExportError) -> RowGroupWriter {
    if groupLayout === layout, let group = group.take() { return group }
    groupLayout = layout
    do throws(CompressionError) {
      return try RowGroupWriter(
        layout.schema, encodings: .common, compression: format,
        threads: format == nil ? 1 : ParquetCodec.threads)
    } catch {
      throw ExportError(.encoding, .passing, object: "compression", problem: "\(error)")
    }
  }
}

/// Takes rows apart into columns.
private enum ParquetRows {
  static func append(_ rows: UnsafeRawBufferPointer, _ schema: Schema, to group: inout RowGroupWriter) {
    schema.columns.withUnsafeBufferPointer { columns in
      var offset = 0
      while offset < rows.count {
        let column = number(rows, &offset) - 1
        guard column >= 0 else {
          group.endRow()
          continue
        }
        var repetition = 0
        if columns[column].maxRepetition > 0 {
          let levels = rows[offset]
          offset += 1
          repetition = Int(levels >> 4)
          guard Int(levels & 15) == columns[column].maxDefinition else {
            group.appendNull(to: column, definition: Int(levels & 15), repetition: repetition)
            continue
          }
        }
        appendValue(rows, &offset, columns[column].type, column, repetition, &group)
      }
    }
  }

  @inline(__always)
  private static func appendValue(
    _ rows: UnsafeRawBufferPointer, _ offset: inout Int, _ type: ValueType, _ column: Int, _ repetition: Int,
    _ group: inout RowGroupWriter
  ) {
    switch type {
    case .boolean:
      group.append(rows[offset] == 1, to: column, repetition: repetition)
      offset += 1
    case .int64, .timestampMilliseconds:
      group.append(
        rows.loadUnaligned(fromByteOffset: offset, as: Int64.self), to: column, repetition: repetition)
      offset += 8
    case .double:
      group.append(
        rows.loadUnaligned(fromByteOffset: offset, as: Double.self), to: column, repetition: repetition)
      offset += 8
    case .string, .bytes, .int32:
      let count = Int(rows.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      offset += 4
      group.append(
        UnsafeRawBufferPointer(rebasing: rows[offset..<offset + count]), to: column, repetition: repetition)
      offset += count
    }
  }

  @inline(__always)
  private static func number(_ rows: UnsafeRawBufferPointer, _ offset: inout Int) -> Int {
    var value = 0
    var shift = 0
    while true {
      let byte = rows[offset]
      offset += 1
      value |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
  }
}
