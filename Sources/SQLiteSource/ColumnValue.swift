internal import CSQLite

/// A value of the row at hand, found once and then asked: every question to a column by its number finds it anew and looks
/// for errors of the connection, which the next step tells anyway. SQLite calls such a value unprotected, because another
/// thread might use the connection meanwhile. None does: a connection belongs to one thread.
struct ColumnValue {
  private let pointer: OpaquePointer?

  /// Valid until the statement's next step.
  @inline(__always)
  init(_ statement: OpaquePointer, _ column: Int32) { pointer = sqlite3_column_value(statement, column) }

  /// One of SQLite's fundamental types.
  var type: Int32 { sqlite3_value_type(pointer) }
  var isNull: Bool { type == SQLITE_NULL }
  var integer: Int64 { sqlite3_value_int64(pointer) }
  var real: Double { sqlite3_value_double(pointer) }

  /// Of a TEXT, in UTF-8 whatever the database's encoding.
  @inline(__always)
  var text: UnsafeRawBufferPointer {
    let start = sqlite3_value_text(pointer)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(pointer)))
  }

  /// The bytes of a TEXT, in UTF-8, or of a BLOB.
  var bytes: UnsafeRawBufferPointer {
    // A BLOB must not be asked for as text: in a database in UTF-16 it would be converted.
    guard type == SQLITE_BLOB else { return text }
    let start = sqlite3_value_blob(pointer)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(pointer)))
  }
}
