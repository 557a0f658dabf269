/// The rows of one column that wait to be written: their levels, and their values as PLAIN has them, except that a
/// BOOLEAN takes a byte. A column that no row has takes no memory of its own.
struct ColumnBuffer: ~Copyable {
  let type: PhysicalType
  let maxDefinition: Int
  let maxRepetition: Int
  private let present: UInt8
  private let hasLevels: Bool

  /// Storage that every column may keep, whatever it held.
  private static let keptBytes = 1024

  private(set) var values = Bytes()
  private(set) var valueCount = 0
  private var levels = LevelRuns()
  /// Rows that have been begun.
  private var rows = 0

  init(_ column: Column) {
    type = column.type.physical
    maxDefinition = column.maxDefinition
    maxRepetition = column.maxRepetition
    present = LevelRuns.levels(repetition: 0, definition: column.maxDefinition)
    hasLevels = column.maxDefinition > 0
  }

  /// Begins an entry that has a value, which the caller appends next.
  /// - Parameter row: the row at hand, from 0.
  /// - Returns: bytes that it takes beside the value.
  @inline(__always)
  private mutating func beginValue(row: Int, repetition: Int) -> Int {
    valueCount += 1
    return beginEntry(LevelRuns.levels(repetition: repetition, definition: 0) | present, row: row, repetition)
  }

  @inline(__always)
  private mutating func beginEntry(_ entry: UInt8, row: Int, _ repetition: Int) -> Int {
    var runs = 0
    if repetition == 0 {
      if rows != row { runs += skip(to: row) }
      rows += 1
    } else {
      precondition(rows == row + 1 && repetition <= maxRepetition, "an element belongs to the row at hand")
    }
    if hasLevels, levels.append(entry) { runs += 1 }
    return runs * MemoryLayout<LevelRuns.Run>.size
  }

  /// Rows that gave the column nothing have none of the optional fields on the way to it.
  @inline(never)
  private mutating func skip(to row: Int) -> Int {
    precondition(rows < row, "a column takes one value a row, further ones as repetitions")
    precondition(hasLevels, "a required column has a value in every row")
    let runs = levels.append(0, count: row - rows)
    rows = row
    return runs
  }

  @inline(__always)
  mutating func append<Value: BitwiseCopyable>(
    _ value: Value, as type: PhysicalType, row: Int, repetition: Int
  ) -> Int {
    precondition(type == self.type, "a value has the type of its column")
    let bytes = beginValue(row: row, repetition: repetition)
    values.append(value)
    return bytes + MemoryLayout<Value>.size
  }

  @inline(__always)
  mutating func append(_ value: UnsafeRawBufferPointer, row: Int, repetition: Int) -> Int {
    precondition(type == .byteArray, "a value has the type of its column")
    let bytes = beginValue(row: row, repetition: repetition)
    values.append(UInt32(value.count))
    values.append(value)
    return bytes + 4 + value.count
  }

  @inline(__always)
  mutating func appendNull(row: Int, definition: Int, repetition: Int) -> Int {
    precondition(definition < maxDefinition, "a null lacks at least one of the optional fields")
    return beginEntry(
      LevelRuns.levels(repetition: repetition, definition: definition), row: row, repetition)
  }

  /// The runs of levels of so many rows; nil for a column that has none. Valid until the next change.
  mutating func finish(rows total: Int) -> UnsafeBufferPointer<LevelRuns.Run>? {
    if rows < total { _ = skip(to: total) }
    return hasLevels ? levels.finish() : nil
  }

  /// Keeps about as much storage as the rows took.
  mutating func removeAll() {
    values.removeAll(keepingCapacityUpTo: 2 * values.count + ColumnBuffer.keptBytes)
    levels.removeAll()
    valueCount = 0
    rows = 0
  }
}
