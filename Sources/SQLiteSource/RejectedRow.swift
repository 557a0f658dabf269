internal import CSQLite
internal import ExportCore

extension RejectedRow {
  /// Names the row at hand.
  /// - Parameter column: of the value at fault.
  init(
    _ statement: OpaquePointer, _ columns: EventColumns, _ key: ReadKey, _ reason: String,
    value column: Int32?
  ) {
    self.init(
      key: key, id: RejectedRow.text(statement, columns.id), name: RejectedRow.text(statement, columns.name),
      reason: reason, value: column.flatMap { RejectedRow.text(statement, $0) })
  }

  /// At most ``valueLimit`` bytes of a column's value; nil for NULL and for a column below 0.
  static func text(_ statement: OpaquePointer, _ column: Int32) -> String? {
    guard column >= 0 else { return nil }
    let value = ColumnValue(statement, column)
    switch value.type {
    case SQLITE_NULL: return nil
    case SQLITE_TEXT, SQLITE_BLOB:
      return UTF8Text.prefix(value.bytes, limit: valueLimit)
    default:
      var bytes: [UInt8] = []
      ValueText.append(value, to: &bytes)
      return String(decoding: bytes, as: UTF8.self)
    }
  }
}
