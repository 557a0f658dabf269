internal import CSQLite
internal import ExportCore

/// What a row looked like, in few characters that stay the same from version to version.
enum Fingerprint {
  /// Of the row with this sequence; nil when it is gone.
  static func of(sequence: Int64, _ query: EventQuery, in connection: SQLiteConnection) throws -> String? {
    let statement = try connection.prepare(query.fingerprint)
    statement.bind(.integer(sequence), at: 1)
    guard try statement.step() else { return nil }
    defer { statement.reset() }
    var bytes: [UInt8] = []
    for column: Int32 in 0...1 {
      // Kind and length first, so that no two rows run together to the same bytes.
      let start = bytes.count
      let value = ColumnValue(statement.pointer, column)
      ValueText.append(value, to: &bytes)
      let kind = kind(value.type)
      bytes.insert(contentsOf: "\(kind)\(bytes.count - start):".utf8, at: start)
    }
    let hash = bytes.withUnsafeBytes(ByteTable.hash)
    let digits = String(hash, radix: 16)
    return "1-" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func kind(_ type: Int32) -> Character {
    switch type {
    case SQLITE_INTEGER: "i"
    case SQLITE_FLOAT: "r"
    case SQLITE_TEXT: "t"
    case SQLITE_BLOB: "b"
    default: "n"
    }
  }
}
