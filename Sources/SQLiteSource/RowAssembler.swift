internal import CSQLite
internal import ExportCore

/// Puts the rows of a statement into batches of events.
struct RowAssembler: ~Copyable {
  private(set) var batch: EventBatch
  private let columns: EventColumns
  private let limits: ReadLimits
  private let blank = EventRow(ts: 0, key: ReadKey(pass: 0, order: 0, sequence: 0))
  private var text: RowText

  init(_ columns: EventColumns, _ limits: ReadLimits) {
    self.columns = columns
    self.limits = limits
    text = RowText(columns.properties, limits)
    batch = EventBatch()
    batch.reserve(limits)
  }

  var isFull: Bool { batch.rows.count >= limits.rowsPerBatch || batch.bytes.count >= limits.bytesPerBatch }

  /// Lends the batch to be handed over; an empty one that comes back is made ready for rows.
  mutating func lend<Result>(_ body: (inout EventBatch) throws -> Result) rethrows -> Result {
    let result = try body(&batch)
    if batch.bytes.capacity == 0 { batch.reserve(limits) }
    return result
  }

  mutating func note(_ key: ReadKey) { batch.lastKey = key }

  /// Begins a row with its name.
  mutating func beginRow(_ statement: OpaquePointer) -> ByteRange {
    text.beginRow(in: batch.bytes)
    return field(statement, columns.name)
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
  mutating func dropRow() { text.dropRow(from: &batch.bytes) }

  /// Ends the row that was begun; false when it is too large to be one.
  mutating func endRow(
    _ statement: OpaquePointer, _ time: RowTime, _ key: ReadKey, name: ByteRange,
    _ profiles: inout ProfileLookup?
  ) throws -> Bool {
    var row = blank
    row.ts = time.milliseconds
    row.key = key
    row.name = name
    row.id = field(statement, columns.id)
    row.objectId = field(statement, columns.objectId)
    row.identity = field(statement, columns.identity)
    row.email = field(statement, columns.email)
    row.phone = field(statement, columns.phone)
    row.profileName = field(statement, columns.profileName)
    row.platform = field(statement, columns.platform)
    row.pushToken = field(statement, columns.pushToken)
    row.allIdentities = field(statement, columns.allIdentities)
    row.device = field(statement, columns.device)
    row.session = field(statement, columns.session)
    row.controlGroup = field(statement, columns.controlGroup)
    row.properties = text.properties(statement, to: &batch.bytes)
    if !row.objectId.isAbsent {
      try profiles?.complete(&row, of: statement, objectId: columns.objectId, in: &batch.bytes)
    }
    guard !text.isTooLarge(batch.bytes) else { return false }
    batch.rows.append(row)
    return true
  }

  mutating func reject(_ row: RejectedRow) { batch.rejected.append(row) }

  private mutating func field(_ statement: OpaquePointer, _ column: Int32) -> ByteRange {
    text.field(statement, column, to: &batch.bytes)
  }
}

extension EventBatch {
  fileprivate mutating func reserve(_ limits: ReadLimits) {
    bytes.reserveCapacity(limits.reservedBytes)
    rows.reserveCapacity(limits.rowsPerBatch)
  }
}
