import Compression
import Testing

@testable import Parquet

/// Whole files: what the writer keeps, what it gives away, and what it says of itself.
@Suite struct FileTests {
  struct Full: Error {}

  static func text(_ text: StaticString) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  @Test func anEmptyFileHasItsMagicAndItsSchema() throws {
    let writer = FileWriter(try Schema([Field("a", .required, .int32)]), createdBy: "test")
    var bytes: [UInt8] = []
    let metadata = writer.close { bytes += $0 }
    #expect(metadata == FileMetadata(rows: 0, rowGroups: [], bytes: bytes.count))
    #expect(bytes.prefix(4) == Array("PAR1".utf8)[...] && bytes.suffix(4) == Array("PAR1".utf8)[...])
    let footer = bytes.suffix(8).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(footer == bytes.count - 12)
  }

  @Test func whatASinkRefusesIsThrown() throws {
    let schema = try Schema([Field("a", .required, .int64)])
    var rows = try RowGroupWriter(schema)
    var writer = FileWriter(schema, createdBy: "test")
    var random = SeededRandom(state: 1)
    for _ in 0..<100_000 {
      rows.append(Int64(bitPattern: random.next()), to: 0)
      rows.endRow()
    }
    var taken = 0
    #expect(throws: Full.self) {
      try writer.write(&rows) { (bytes) throws(Full) in
        taken += bytes.count
        if taken > 300_000 { throw Full() }
      }
    }
    #expect(taken > 300_000)
  }

  @Test func memoryIsThatOfTheRowsHeld() throws {
    let schema = try Schema([Field("a", .required, .int64), Field("b", .optional, .string)])
    var rows = try RowGroupWriter(schema)
    var writer = FileWriter(schema, createdBy: "test")
    for row in 0..<1000 {
      rows.append(Int64(row), to: 0)
      if row % 2 == 0 { rows.append(Self.text("value"), to: 1) }
      rows.endRow()
    }
    // A number of eight bytes each, a text of five and its length for every second, and a run for each change; the last
    // row, which lacks it, is only noticed when the column is looked at again.
    #expect(rows.bytes == 1000 * 8 + 500 * (5 + 4) + 999 * 4)
    let group = writer.write(&rows) { _ in }
    #expect(rows.bytes == 0 && rows.rows == 0)
    #expect(group?.rows == 1000)
    #expect(writer.heldBytes < 1000)
    #expect(writer.write(&rows) { _ in } == nil)
  }

  @Test func veryManyColumnsCostLittleUntilTheyAreUsed() throws {
    let schema = try Schema((0..<10_000).map { Field("p\($0)", .optional, .string) })
    var rows = try RowGroupWriter(schema)
    var writer = FileWriter(schema, createdBy: "test")
    for row in 0..<10_000 {
      rows.append(Self.text("v"), to: row)
      rows.endRow()
    }
    #expect(rows.bytes < 10_000 * 16)
    var bytes = 0
    writer.write(&rows) { bytes += $0.count }
    let metadata = writer.close { bytes += $0.count }
    #expect(metadata.rows == 10_000 && metadata.bytes == bytes)
    #expect(bytes < 10_000 * 400)
  }

  /// More columns than are encoded ahead, and enough of each for threads to share them.
  @Test func threadsWriteWhatOneWrites() throws {
    let schema = try Schema(
      (0..<70).map { Field("p\($0)", .optional, $0 % 3 == 0 ? .string : $0 % 3 == 1 ? .int64 : .double) })
    let limits = PageLimits(rows: 500, bytes: 2000)
    func file(threads: Int) throws -> [UInt8] {
      var rows = try RowGroupWriter(schema, limits: limits, compression: .gzip(level: 6), threads: threads)
      var writer = FileWriter(schema, createdBy: "test")
      var random = SeededRandom(state: 7)
      var bytes: [UInt8] = []
      for _ in 0..<3 {
        for _ in 0..<2000 {
          for column in 0..<70 where random.next() % 4 > 0 {
            let value = random.next() % (column < 35 ? 100 : 1 << 40)
            switch column % 3 {
            case 0: Array(String(value).utf8).withUnsafeBytes { rows.append($0, to: column) }
            case 1: rows.append(Int64(value), to: column)
            default: rows.append(Double(value), to: column)
            }
          }
          rows.endRow()
        }
        writer.write(&rows) { bytes += $0 }
      }
      _ = writer.close { bytes += $0 }
      return bytes
    }
    let one = try file(threads: 1)
    #expect(one.count > 100_000)
    for threads in [2, 3, 8] { #expect(try file(threads: threads) == one) }
  }

  @Test func schemasThatNoReaderTakesAreRefused() {
    #expect(throws: SchemaError.emptyGroup(path: ["g"])) { try Schema([Field("g", .optional, [])]) }
    #expect(throws: SchemaError.emptyGroup(path: [])) { try Schema([]) }
    #expect(throws: SchemaError.duplicate(path: ["a"])) {
      try Schema([Field("a", .optional, .string), Field("a", .required, .int32)])
    }
    // Readers compare names by their bytes.
    #expect(throws: Never.self) {
      try Schema([Field("\u{E9}", .optional, .string), Field("e\u{301}", .optional, .string)])
    }
    var field = Field("leaf", .optional, .string)
    for _ in 0..<15 { field = Field("g", .optional, [field]) }
    #expect(throws: SchemaError.self) { try Schema([field]) }
  }

  @Test func levelsFollowFromTheFields() throws {
    let schema = try Schema([
      Field("ts", .required, .timestampMilliseconds),
      Field("s", .optional, [Field("x", .optional, .string), Field("y", .required, .int32)]),
      .map("m", .optional, key: .string, value: .string), .list("l", .required, of: .double),
    ])
    #expect(
      schema.columns.map { $0.path.joined(separator: ".") } == [
        "ts", "s.x", "s.y", "m.key_value.key", "m.key_value.value", "l.list.element",
      ])
    #expect(schema.columns.map(\.maxDefinition) == [0, 2, 1, 2, 3, 2])
    #expect(schema.columns.map(\.maxRepetition) == [0, 0, 0, 1, 1, 1])
  }
}
