internal import CSQLite
internal import ExportCore

/// A value as SQLite stores it.
enum SQLiteValue {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
}

/// A compiled statement. Its columns are read through `pointer` where it matters how fast.
final class SQLiteStatement {
  let pointer: OpaquePointer
  let connection: SQLiteConnection

  init(_ pointer: OpaquePointer, connection: SQLiteConnection) {
    self.pointer = pointer
    self.connection = connection
  }

  deinit { sqlite3_finalize(pointer) }

  /// Parameters are counted from 1.
  func bind(_ value: SQLiteValue, at index: Int32) {
    switch value {
    case .null: sqlite3_bind_null(pointer, index)
    case .integer(let integer): sqlite3_bind_int64(pointer, index, integer)
    case .real(let real): sqlite3_bind_double(pointer, index, real)
    case .text(var text):
      text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          _ = sqlite3_bind_text(pointer, index, $0.baseAddress, Int32($0.count), Self.copied)
        }
      }
    }
  }

  /// SQLITE_TRANSIENT: SQLite copies what is bound.
  private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  /// Whether there is a row; without one the statement, and the read transaction with it, is over.
  func step() throws -> Bool {
    let code = sqlite3_step(pointer)
    if code == SQLITE_ROW { return true }
    sqlite3_reset(pointer)
    guard code == SQLITE_DONE else { throw connection.failure(code) }
    return false
  }

  /// Ends the query, and the read transaction with it.
  func reset() { sqlite3_reset(pointer) }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(pointer, column) == SQLITE_NULL }
  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }

  /// The value as text, mended where it is no UTF-8; nil for NULL.
  func string(_ column: Int32) -> String? {
    guard let text = sqlite3_column_text(pointer, column) else { return nil }
    let count = Int(sqlite3_column_bytes(pointer, column))
    return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
  }
}
