import Compression
import Foundation
import Parquet

/// Writes a Parquet file from columns that a test in another language has made, so that its readers can be held
/// against what it knows to be in there.
@main struct ParquetFromColumns {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3 else {
      print("usage: ParquetFromColumns COLUMNS PARQUET")
      exit(64)
    }
    var columns = try Columns(ColumnsFile(path: arguments[1]))
    _ = FileManager.default.createFile(atPath: arguments[2], contents: nil)
    let out = try FileHandle(forWritingTo: URL(fileURLWithPath: arguments[2]))
    try columns.write(to: out)
  }
}

/// Reads the columns row by row, and hands them to the writer.
private struct Columns: ~Copyable {
  private let file: ColumnsFile
  private let schema: Schema
  private var levels: [ColumnsFile.Levels]
  private var group: RowGroupWriter

  init(_ file: ColumnsFile) throws {
    let description = file.description
    let schema = try file.schema()
    let compression: CompressionFormat? =
      switch description.codec {
      case "gzip": .gzip(level: description.level)
      case "zstd": .zstd(level: description.level)
      default: nil
      }
    let group = try RowGroupWriter(
      schema,
      limits: PageLimits(
        rows: description.pageRows ?? PageLimits().rows, bytes: description.pageBytes ?? PageLimits().bytes),
      encodings: description.encodings == "all" ? .all : .common, compression: compression,
      threads: compression == nil ? 1 : 2)
    self.file = file
    self.schema = schema
    self.group = group
    levels = file.columns
  }

  mutating func write(to out: FileHandle) throws {
    let description = file.description
    var writer = FileWriter(
      schema, createdBy: description.createdBy,
      keyValues: description.keyValues.map { (key: $0[0], value: $0[1]) })
    let sink = { (bytes: UnsafeRawBufferPointer) throws(any Error) in
      try out.write(contentsOf: Data(bytes))
    }
    try file.bytes.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws in
      for row in 0..<description.rows {
        appendRow(bytes)
        if (row + 1) % description.rowGroupRows == 0 { try writer.write(&group, to: sink) }
      }
      try writer.write(&group, to: sink)
    }
    let metadata = try writer.close(to: sink)
    precondition(metadata.rows == description.rows)
    print("rows \(metadata.rows) groups \(metadata.rowGroups.count) bytes \(metadata.bytes)")
  }

  private mutating func appendRow(_ bytes: UnsafeRawBufferPointer) {
    for i in levels.indices {
      let column = schema.columns[i]
      repeat {
        let entry = levels[i].entry
        let repetition = Int(bytes[levels[i].repetitions.lowerBound + entry])
        let definition = Int(bytes[levels[i].definitions.lowerBound + entry])
        levels[i].entry += 1
        if definition == column.maxDefinition {
          appendValue(bytes, i, column.type, repetition)
        } else if definition > 0 || repetition > 0 {
          group.appendNull(to: i, definition: definition, repetition: repetition)
        }
      } while levels[i].entry < levels[i].repetitions.count
        && bytes[levels[i].repetitions.lowerBound + levels[i].entry] > 0
    }
    group.endRow()
  }

  private mutating func appendValue(
    _ bytes: UnsafeRawBufferPointer, _ i: Int, _ type: ValueType, _ repetition: Int
  ) {
    let offset = levels[i].offset
    func load<Value: BitwiseCopyable>(_: Value.Type) -> Value {
      bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)
    }
    switch type {
    case .boolean:
      group.append(bytes[offset] == 1, to: i, repetition: repetition)
      levels[i].offset += 1
    case .int32:
      group.append(load(Int32.self), to: i, repetition: repetition)
      levels[i].offset += 4
    case .int64, .timestampMilliseconds:
      group.append(load(Int64.self), to: i, repetition: repetition)
      levels[i].offset += 8
    case .double:
      group.append(load(Double.self), to: i, repetition: repetition)
      levels[i].offset += 8
    case .bytes, .string:
      let count = Int(load(UInt32.self))
      group.append(
        UnsafeRawBufferPointer(rebasing: bytes[offset + 4..<offset + 4 + count]), to: i,
        repetition: repetition)
      levels[i].offset += 4 + count
    }
  }
}
