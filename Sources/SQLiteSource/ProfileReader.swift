internal import CSQLite
internal import ExportCore
internal import TimeZones

/// Reads what one ``ProfileRead`` asks for, in one query and one read transaction that others have begun.
struct ProfileReader: ~Copyable {
  private let connection: SQLiteConnection
  private let read: ProfileRead
  private let query: ProfileQuery
  private let timestamps: TimestampReader
  private let handOver: HandOver<ProfileBatch>
  private var assembler: ProfileAssembler
  private var columns: ProfileColumns
  private var clock: PageClock
  /// Of the row last taken.
  private var ordinal: Int64 = 0

  init(
    _ read: ProfileRead, _ plan: ProfilePlan, into handOver: HandOver<ProfileBatch>,
    in connection: SQLiteConnection
  ) {
    self.connection = connection
    self.read = read
    self.handOver = handOver
    query = plan.query(read.span)
    timestamps = plan.timestamps
    columns = query.rows().columns
    assembler = ProfileAssembler(columns, connection.limits)
    clock = PageClock(connection)
  }

  /// Reads all of it and ends the transaction. Returns when everything has been handed over.
  mutating func run() throws {
    // A sort of many rows takes its time before it gives the first one.
    var sorting = clock
    sorting.restart()
    connection.whileWorking = { [handOver] in
      guard sorting.isOver else { return }
      var empty = ProfileBatch()
      _ = handOver.offer(&empty)
      sorting.restart()
    }
    defer { connection.whileWorking = nil }
    clock.restart()
    if try !take(query.rows()) {
      // SQLite gives up at a value beyond the limit, and does not say where: now it is to leave such values out.
      sqlite3_limit(connection.handle, SQLITE_LIMIT_LENGTH, .max)
      let cut = query.rows(limit: connection.limits.valueBytes)
      guard try take(cut) else { throw connection.failure(SQLITE_TOOBIG) }
    }
    try checkFile()
    // The last rows wait for their consumer outside of it.
    try connection.execute("COMMIT")
    if !assembler.isEmpty { give() }
  }

  /// Takes the rows behind those taken already; false when there is a value that is too large.
  private mutating func take(_ rows: (sql: String, columns: ProfileColumns)) throws -> Bool {
    columns = rows.columns
    let statement = try connection.prepare(rows.sql)
    query.bind(to: statement)
    defer { statement.reset() }
    let taken = ordinal
    ordinal = 0
    while true {
      let code = sqlite3_step(statement.pointer)
      guard code == SQLITE_ROW else {
        guard code != SQLITE_DONE else { return true }
        guard code & 0xFF == SQLITE_TOOBIG else { throw connection.failure(code) }
        return false
      }
      ordinal += 1
      if ordinal > taken { take(statement.pointer) }
      if assembler.isFull { give() }
      if clock.isOverAfterRow() {
        try checkFile()
        // Rows that nobody wants are progress too: an empty batch tells of it.
        give()
      }
    }
  }

  private mutating func give() {
    assembler.lend { handOver.put(&$0) }
    clock.restart()
  }

  private func checkFile() throws {
    guard connection.hasMoved else { return }
    throw connection.database.error(
      .passing, "the file was replaced while it was read", hint: "it is opened again with the next attempt")
  }

  // MARK: Rows

  private mutating func take(_ statement: OpaquePointer) {
    let times = ProfileTimes(statement, timestamps)
    guard case .take(let version) = times.verdict(for: read) else { return }
    let key = ReadKey(pass: 0, order: 0, sequence: ordinal)
    let isCut = holdsLargeValue(statement)
    assembler.beginRow(statement, key, version)
    if isTooLarge(statement, ProfileColumns.objectKey) {
      assembler.endRow(rejected: RejectedRow(key: key, id: nil, name: nil, reason: tooLarge, value: nil))
    } else if !assembler.takeObject(statement) {
      let isNull = sqlite3_column_type(statement, ProfileColumns.objectKey) == SQLITE_NULL
      let problem = "no usable objectId: it is \(isNull ? "NULL" : "empty")"
      if isCut {
        assembler.endRow(rejected: rejected(statement, key, isNull ? tooLarge : problem))
      } else {
        assembler.endRow(statement, rejected: rejected(statement, key, problem))
      }
    } else if isCut {
      assembler.endRow(rejected: rejected(statement, key, tooLarge))
    } else if version == .unusable {
      let column = times.columnAtFault
      let field: ProfileField = column == ProfileColumns.updatedAt ? .updatedAt : .deletedAt
      assembler.endRow(
        rejected: rejected(
          statement, key, "no usable \(field.rawValue): \(timestamps.problem)", value: column))
    } else if !assembler.endRow(statement) {
      let reason = "the row holds more than \(connection.limits.rowBytes >> 20) MiB of text"
      assembler.endRow(rejected: rejected(statement, key, reason))
    }
  }

  /// SQLite itself minds its limit only where it copies a value, which hangs on its plan: whether a row is rejected
  /// must not.
  private func holdsLargeValue(_ statement: OpaquePointer) -> Bool {
    if columns.isCut >= 0 { return sqlite3_column_int(statement, columns.isCut) != 0 }
    return (0..<sqlite3_column_count(statement)).contains {
      $0 != ProfileColumns.updatedAt && $0 != ProfileColumns.deletedAt && isTooLarge(statement, $0)
    }
  }

  private func isTooLarge(_ statement: OpaquePointer, _ column: Int32) -> Bool {
    let type = sqlite3_column_type(statement, column)
    return (type == SQLITE_TEXT || type == SQLITE_BLOB)
      && sqlite3_column_bytes(statement, column) > connection.limits.valueBytes
  }

  private var tooLarge: String {
    "the row holds a value of more than \(connection.limits.valueBytes >> 20) MiB"
  }

  /// - Parameter column: of the value at fault.
  private func rejected(
    _ statement: OpaquePointer, _ key: ReadKey, _ reason: String, value column: Int32 = -1
  ) -> RejectedRow {
    RejectedRow(
      key: key, id: RejectedRow.text(statement, ProfileColumns.objectKey), name: nil, reason: reason,
      value: RejectedRow.text(statement, column))
  }
}
