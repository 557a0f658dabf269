internal import CSQLite

/// What statements over profiles ask of SQLite that it cannot do by itself.
enum ProfileFunctions {
  /// The bytes of a value as text, as a BLOB: the object key.
  static func objectKey(_ sql: String) -> String { "exportd_object_key(\(sql))" }

  /// Whether a value has at most `limit` bytes.
  static func fits(_ sql: String, limit: Int32) -> String { "exportd_fits(\(sql), \(limit))" }

  /// Integers that tell values apart that SQLite compares as equal, but that are written differently: 1 and 1.0.
  static func kinds(_ terms: [String]) -> [String] {
    stride(from: 0, to: terms.count, by: kindsAtOnce).map {
      "exportd_kinds(\(terms[$0..<min($0 + kindsAtOnce, terms.count)].joined(separator: ", ")))"
    }
  }

  /// Two bits each.
  private static let kindsAtOnce = 31

  /// Makes them known to a connection.
  static func register(in connection: SQLiteConnection) throws {
    try register("exportd_object_key", arguments: 1, in: connection) { context, _, values in
      ProfileFunctions.giveObjectKey(context, values![0])
    }
    try register("exportd_fits", arguments: 2, in: connection) { context, _, values in
      let type = sqlite3_value_type(values![0])
      let isLong = type == SQLITE_TEXT || type == SQLITE_BLOB
      let fits = !isLong || sqlite3_value_bytes(values![0]) <= sqlite3_value_int(values![1])
      sqlite3_result_int(context, fits ? 1 : 0)
    }
    try register("exportd_kinds", arguments: -1, in: connection) { context, count, values in
      var kinds: Int64 = 0
      for index in 0..<Int(count) { kinds = kinds << 2 | ProfileFunctions.kind(values![index]) }
      sqlite3_result_int64(context, kinds)
    }
  }

  private typealias Function =
    @convention(c) (OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?) -> Void

  private static func register(
    _ name: String, arguments: Int32, in connection: SQLiteConnection, _ function: Function
  ) throws {
    let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY
    let code = sqlite3_create_function_v2(
      connection.handle, name, arguments, flags, nil, function, nil, nil, nil)
    guard code == SQLITE_OK else { throw connection.failure(code) }
  }

  private static func kind(_ value: OpaquePointer?) -> Int64 {
    guard sqlite3_value_type(value) == SQLITE_FLOAT else { return 0 }
    // Minus zero equals zero.
    return sqlite3_value_double(value).sign == .minus ? 3 : 1
  }

  private static func giveObjectKey(_ context: OpaquePointer?, _ value: OpaquePointer?) {
    switch sqlite3_value_type(value) {
    case SQLITE_NULL: sqlite3_result_null(context)
    case SQLITE_BLOB: sqlite3_result_value(context, value)
    case SQLITE_TEXT:
      let text = sqlite3_value_text(value)
      sqlite3_result_blob(context, text, sqlite3_value_bytes(value), copied)
    case SQLITE_INTEGER:
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: ValueText.digitLimit) { digits in
        let start = ValueText.decimal(sqlite3_value_int64(value), digits)
        sqlite3_result_blob(context, digits.baseAddress! + start, Int32(digits.count - start), copied)
      }
    default:
      // As it is written everywhere, and not with SQLite's fewer digits.
      var text = sqlite3_value_double(value).description
      text.withUTF8 { sqlite3_result_blob(context, $0.baseAddress, Int32($0.count), copied) }
    }
  }

  /// SQLITE_TRANSIENT: SQLite copies what is returned.
  private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}
