internal import CSQLite
internal import ExportCore
internal import Glibc

/// How much of a database is read at once.
package struct ReadLimits: Sendable {
  package var rowsPerBatch = 512
  var bytesPerBatch = 256 << 10
  /// Batches that wait for the consumer.
  package var batchesUnderWay = 3
  /// How long one read transaction lasts at most, in milliseconds. In a rollback-journal database it keeps
  /// writers from committing, in WAL mode only a checkpoint from finishing.
  var pageMilliseconds = (rollback: 100, wal: 1000)
  /// Nor does it give more rows.
  package var rowsPerPage = Int.max
  /// No single value may be larger, in bytes; a row that has one is rejected.
  var valueBytes: Int32 = 256 << 20
  /// Nor may all text of one row.
  var rowBytes = 512 << 20
  /// How long to wait for a lock that another process holds, in milliseconds.
  var busyMilliseconds: Int32 = 5000
  var profileCacheBytes = 24 << 20

  package static let standard = ReadLimits()

  /// With room for one more row of the usual size, so that the last one seldom makes a batch grow.
  var reservedBytes: Int { bytesPerBatch + bytesPerBatch / 8 }
}

/// A read-only connection to one database file, for one thread.
///
/// A thin wrapper of our own over the C interface: the reading loop needs the bytes of columns without a `String`
/// or a row object in between, queries must end when their task is cancelled, also while they wait for a lock,
/// and every error must tell a person what to grant or mend.
final class SQLiteConnection {
  typealias Database = SQLiteSourceConfiguration.Database

  enum JournalMode { case wal, rollback }

  let database: Database
  let limits: ReadLimits
  let stop: Stop
  let handle: OpaquePointer
  private(set) var journalMode = JournalMode.rollback
  /// Called often while a statement works, also where it gives no rows for long.
  var whileWorking: (() -> Void)?

  /// Opens the file; never creates one.
  /// - Throws: ``ExportError`` that says what to grant or mend.
  init(_ database: Database, stop: Stop, limits: ReadLimits) throws {
    if let obstacle = DatabaseAccess(path: database.path).obstacle() {
      throw obstacle.error(for: database)
    }
    self.database = database
    self.limits = limits
    self.stop = stop
    var handle: OpaquePointer?
    // Without SQLite's own locking: one thread uses the connection, and it is never interrupted from outside.
    let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code = sqlite3_open_v2(database.path, &handle, flags, nil)
    guard let handle else {
      throw database.error(.passing, "there is no memory left to open it")
    }
    self.handle = handle
    guard code == SQLITE_OK else { throw failure(code) }
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, limits.valueBytes)
    let context = Unmanaged.passUnretained(self).toOpaque()
    sqlite3_busy_handler(handle, { context, tries in SQLiteConnection.wait(context!, tries) }, context)
    sqlite3_progress_handler(
      handle, 4000,
      { context in
        let connection = SQLiteConnection.connection(context!)
        connection.whileWorking?()
        return connection.stop.isRequested ? 1 : 0
      }, context)
    // Profiles that no index serves and large sorts lie in files, never in memory.
    try execute("PRAGMA temp_store = FILE")
    try execute("PRAGMA cache_size = -8192")
    // The first real access: everything wrong with file, header or permissions comes to light here.
    try execute("SELECT count(*) FROM sqlite_schema")
    journalMode = try text("PRAGMA journal_mode") == "wal" ? .wal : .rollback
  }

  deinit { sqlite3_close_v2(handle) }

  private static func connection(_ context: UnsafeMutableRawPointer) -> SQLiteConnection {
    Unmanaged<SQLiteConnection>.fromOpaque(context).takeUnretainedValue()
  }

  /// SQLite's own waiting cannot be cancelled.
  private static func wait(_ context: UnsafeMutableRawPointer, _ tries: Int32) -> Int32 {
    let connection = connection(context)
    let pause: Int32 = 10
    guard !connection.stop.isRequested, tries * pause < connection.limits.busyMilliseconds else { return 0 }
    usleep(UInt32(pause) * 1000)
    return 1
  }

  /// Compiles one statement.
  /// - Throws: what is wrong with it, in SQLite's words.
  func prepare(_ sql: String) throws -> SQLiteStatement {
    var pointer: OpaquePointer?
    var isWhole = false
    let code = sql.withCString { text in
      var tail: UnsafePointer<CChar>?
      let code = sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, &tail)
      if code == SQLITE_OK { isWhole = tail.map { strspn($0, " \t\r\n") == strlen($0) } ?? true }
      return code
    }
    guard code == SQLITE_OK, let pointer else { throw failure(code) }
    let statement = SQLiteStatement(pointer, connection: self)
    guard isWhole else { throw database.error(.lasting, "more than one SQL statement: \(sql)") }
    return statement
  }

  func execute(_ sql: String) throws {
    let statement = try prepare(sql)
    while try statement.step() {}
  }

  /// The first column of the first row as text.
  func text(_ sql: String, _ values: String...) throws -> String? {
    let statement = try prepare(sql)
    for (index, value) in values.enumerated() { statement.bind(.text(value), at: Int32(index + 1)) }
    return try statement.step() ? statement.string(0) : nil
  }

  /// SQLite's plan for a statement, a line a step. The wording belongs to SQLite; tests hold it still.
  func plan(_ sql: String) throws -> [String] {
    let statement = try prepare("EXPLAIN QUERY PLAN " + sql)
    var steps: [String] = []
    while try statement.step() { steps.append(statement.string(3) ?? "") }
    return steps
  }

  /// Whether the file at the path is no longer the one that was opened.
  var hasMoved: Bool {
    var moved: Int32 = 0
    let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
    return code == SQLITE_OK && moved != 0
  }
}
