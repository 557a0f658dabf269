internal import CSQLite
internal import ExportCore

/// Puts the rows of a statement into batches: bytes straight from SQLite into the batch's own.
struct RowAssembler: ~Copyable {
  private(set) var batch: EventBatch
  private let columns: EventColumns
  private let limits: ReadLimits
  private let blank = EventRow(ts: 0, key: ReadKey(pass: 0, order: 0, sequence: 0))
  private let absent = ByteRange.absent
  /// Where the row that is being put together begins in the bytes.
  private var rowStart = 0
  private var scratch: [UInt8] = []

  init(_ columns: EventColumns, _ limits: ReadLimits) {
    self.columns = columns
    self.limits = limits
    batch = EventBatch()
    reserve()
  }

  private mutating func reserve() {
    // Room for one more row of the usual size, so that the last one seldom makes it grow.
    batch.bytes.reserveCapacity(limits.bytesPerBatch + limits.bytesPerBatch / 8)
    batch.rows.reserveCapacity(limits.rowsPerBatch)
  }

  var isFull: Bool { batch.rows.count >= limits.rowsPerBatch || batch.bytes.count >= limits.bytesPerBatch }

  /// Lends the batch to be handed over; an empty one that comes back is made ready for rows.
  mutating func lend<Result>(_ body: (inout EventBatch) throws -> Result) rethrows -> Result {
    let result = try body(&batch)
    if batch.bytes.capacity == 0 { reserve() }
    return result
  }

  mutating func note(_ key: ReadKey) { batch.lastKey = key }

  /// Begins a row with its name.
  mutating func beginRow(_ statement: OpaquePointer) -> ByteRange {
    rowStart = batch.bytes.count
    return text(statement, columns.name)
  }

  func withName<Result>(_ name: ByteRange, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    try batch.bytes.withUnsafeBytes { bytes in
      guard !name.isAbsent else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
      let start = Int(name.offset)
      return try body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(name.count)]))
    }
  }

  /// Takes back the bytes of the row that was begun.
  mutating func dropRow() { batch.bytes.removeLast(batch.bytes.count - rowStart) }

  /// Ends the row that was begun; false when it is too large to be one.
  mutating func endRow(
    _ statement: OpaquePointer, _ time: EventTime, _ key: ReadKey, name: ByteRange,
    _ profiles: inout ProfileLookup?
  ) throws -> Bool {
    var row = blank
    row.ts = time.milliseconds
    row.key = key
    row.name = name
    row.id = text(statement, columns.id)
    row.objectId = text(statement, columns.objectId)
    row.identity = text(statement, columns.identity)
    row.email = text(statement, columns.email)
    row.phone = text(statement, columns.phone)
    row.profileName = text(statement, columns.profileName)
    row.platform = text(statement, columns.platform)
    row.pushToken = text(statement, columns.pushToken)
    row.allIdentities = text(statement, columns.allIdentities)
    row.device = text(statement, columns.device)
    row.session = text(statement, columns.session)
    row.controlGroup = text(statement, columns.controlGroup)
    row.properties =
      columns.firstProperty >= 0 ? composedProperties(statement) : text(statement, columns.properties)
    if !row.objectId.isAbsent {
      try profiles?.complete(&row, of: statement, objectId: columns.objectId, in: &batch.bytes)
    }
    guard batch.bytes.count - rowStart <= limits.rowBytes else { return false }
    batch.rows.append(row)
    return true
  }

  mutating func reject(_ row: RejectedRow) { batch.rejected.append(row) }

  /// Beyond the limit nothing more is copied: the row is to be rejected anyway.
  private var isRowTooLarge: Bool { batch.bytes.count - rowStart > limits.rowBytes }

  private mutating func text(_ statement: OpaquePointer, _ column: Int32) -> ByteRange {
    guard column >= 0 else { return absent }
    let type = sqlite3_column_type(statement, column)
    guard type != SQLITE_NULL, !isRowTooLarge else { return absent }
    let start = batch.bytes.count
    if type == SQLITE_TEXT {
      let text = sqlite3_column_text(statement, column)
      let count = Int(sqlite3_column_bytes(statement, column))
      UTF8Text.append(UnsafeRawBufferPointer(start: text, count: count), to: &batch.bytes)
    } else {
      ValueText.append(statement, column, to: &batch.bytes)
    }
    return ByteRange(offset: UInt32(start), count: UInt32(batch.bytes.count - start))
  }

  /// One JSON object; absent when no property has a value.
  private mutating func composedProperties(_ statement: OpaquePointer) -> ByteRange {
    let start = batch.bytes.count
    var column = columns.firstProperty
    for name in columns.propertyNames {
      if sqlite3_column_type(statement, column) != SQLITE_NULL, !isRowTooLarge {
        batch.bytes.append(batch.bytes.count == start ? UInt8(ascii: "{") : UInt8(ascii: ","))
        batch.bytes.append(contentsOf: name)
        ValueText.appendJSON(statement, column, to: &batch.bytes, scratch: &scratch)
      }
      column += 1
    }
    guard batch.bytes.count > start else { return absent }
    batch.bytes.append(UInt8(ascii: "}"))
    return ByteRange(offset: UInt32(start), count: UInt32(batch.bytes.count - start))
  }
}
