internal import CSQLite
internal import ExportCore

/// Puts the rows of a statement into batches of profiles.
struct ProfileAssembler: ~Copyable {
  private(set) var batch = ProfileBatch()
  private let columns: ProfileColumns
  private let limits: ReadLimits
  private var text: RowText
  /// The row that is being put together.
  private var row = ProfileRow(key: ReadKey(pass: 0, order: 0, sequence: 0))

  init(_ columns: ProfileColumns, _ limits: ReadLimits) {
    self.columns = columns
    self.limits = limits
    text = RowText(columns.properties, limits)
    batch.reserve(limits)
  }

  var isEmpty: Bool { batch.rows.isEmpty }

  var isFull: Bool {
    batch.rows.count >= limits.rowsPerBatch || batch.bytes.count >= limits.bytesPerBatch
  }

  /// Lends the batch to be handed over; an empty one that comes back is made ready for rows.
  mutating func lend(_ body: (inout ProfileBatch) -> Void) {
    body(&batch)
    if batch.bytes.capacity == 0 { batch.reserve(limits) }
  }

  /// Begins a row without its object.
  mutating func beginRow(_ statement: OpaquePointer, _ key: ReadKey, _ version: ProfileVersion?) {
    row = ProfileRow(key: key)
    row.version = version
    row.isDeleted = !ColumnValue(statement, ProfileColumns.deletedAt).isNull
    text.beginRow(in: batch.bytes)
  }

  /// Gives the row that was begun its object; false when it has none.
  mutating func takeObject(_ statement: OpaquePointer) -> Bool {
    let object = ColumnValue(statement, ProfileColumns.objectKey).bytes
    guard !object.isEmpty else { return false }
    let start = batch.bytes.count
    batch.bytes.append(contentsOf: object)
    row.objectKey = ByteRange(offset: UInt32(start), count: UInt32(object.count))
    row.objectId = row.objectKey
    if !UTF8Text.isValid(object) {
      UTF8Text.append(object, to: &batch.bytes)
      let end = start + object.count
      row.objectId = ByteRange(offset: UInt32(end), count: UInt32(batch.bytes.count - end))
    }
    return true
  }

  /// Ends the row that was begun with its fields; false, and not ended, when they are too large.
  mutating func endRow(_ statement: OpaquePointer) -> Bool {
    let bare = (row: row, bytes: batch.bytes.count)
    row.identity = text.field(statement, columns.identity, to: &batch.bytes)
    row.email = text.field(statement, columns.email, to: &batch.bytes)
    row.phone = text.field(statement, columns.phone, to: &batch.bytes)
    row.allIdentities = text.field(statement, columns.allIdentities, to: &batch.bytes)
    row.device = text.field(statement, columns.device, to: &batch.bytes)
    row.communication = text.field(statement, columns.communication, to: &batch.bytes)
    row.properties = text.properties(statement, to: &batch.bytes)
    guard !text.isTooLarge(batch.bytes) else {
      row = bare.row
      batch.bytes.removeLast(batch.bytes.count - bare.bytes)
      return false
    }
    batch.rows.append(row)
    return true
  }

  /// As ``endRow(_:)``, for a row without an object: its fields are what it is known by.
  mutating func endRow(_ statement: OpaquePointer, rejected: RejectedRow) {
    guard endRow(statement) else { return endRow(rejected: rejected) }
    batch.rows[batch.rows.count - 1].rejection = Int32(batch.rejected.count)
    batch.rejected.append(rejected)
  }

  /// Ends the row that was begun without its fields.
  mutating func endRow(rejected: RejectedRow) {
    row.rejection = Int32(batch.rejected.count)
    batch.rows.append(row)
    batch.rejected.append(rejected)
  }
}

extension ProfileBatch {
  fileprivate mutating func reserve(_ limits: ReadLimits) {
    bytes.reserveCapacity(limits.reservedBytes)
    rows.reserveCapacity(limits.rowsPerBatch)
  }
}
