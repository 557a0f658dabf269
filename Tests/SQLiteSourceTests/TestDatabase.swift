import CSQLite
import ExportCore
import Foundation
import Synchronization
import TimeZones

@testable import SQLiteSource

/// A database file of its own in a directory of its own, written through a second connection as an application
/// would; both go with it.
final class TestDatabase: Sendable {
  let directory: String
  let path: String
  private let handle: Mutex<OpaquePointer?>
  private let busy = Atomic<Int>(0)

  /// - Parameter setUp: SQL to begin with.
  init(
    _ setUp: String = "", wal: Bool = false, name: String = "events.db", encoding: String = "UTF-8"
  ) throws {
    directory = FileManager.default.temporaryDirectory.path + "/sqlite-source-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    path = directory + "/" + name
    var opened: OpaquePointer?
    guard sqlite3_open(path, &opened) == SQLITE_OK else { throw Failure("cannot create \(path)") }
    // One connection, always behind the lock.
    nonisolated(unsafe) let connection = opened
    handle = Mutex(connection)
    sqlite3_busy_handler(
      opened,
      { context, tries in
        let database = Unmanaged<TestDatabase>.fromOpaque(context!).takeUnretainedValue()
        if tries == 0 { database.busy.add(1, ordering: .relaxed) }
        usleep(1000)
        // Long beyond any reasonable page, so that only a reader that never lets go makes a write fail.
        return tries < 60_000 ? 1 : 0
      }, Unmanaged.passUnretained(self).toOpaque())
    try run("PRAGMA encoding = '\(encoding)'")
    try run("PRAGMA journal_mode = \(wal ? "WAL" : "DELETE")")
    try run("PRAGMA synchronous = OFF")
    try run(setUp)
  }

  deinit {
    handle.withLock { _ = sqlite3_close_v2($0) }
    try? FileManager.default.removeItem(atPath: directory)
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  /// How many statements met a lock.
  var blockedWrites: Int { busy.load(ordering: .relaxed) }

  func run(_ sql: String) throws {
    try handle.withLock { handle in
      guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
        throw Failure(String(cString: sqlite3_errmsg(handle)) + ": " + sql.prefix(200))
      }
    }
  }

  func inTransaction(_ body: () throws -> Void) throws {
    try run("BEGIN IMMEDIATE")
    try body()
    try run("COMMIT")
  }

  /// Runs one statement once per row.
  func insert(_ sql: String, _ rows: [[SQLiteTestValue]]) throws {
    try handle.withLock { handle in
      var statement: OpaquePointer?
      guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else {
        throw Failure(String(cString: sqlite3_errmsg(handle)) + ": " + sql)
      }
      defer { sqlite3_finalize(statement) }
      for row in rows {
        for (index, value) in row.enumerated() { value.bind(statement, Int32(index + 1)) }
        guard sqlite3_step(statement) == SQLITE_DONE else {
          throw Failure(String(cString: sqlite3_errmsg(handle)) + ": " + sql)
        }
        sqlite3_reset(statement)
      }
    }
  }

  func close() {
    handle.withLock { handle in
      sqlite3_close_v2(handle)
      handle = nil
    }
  }

  var database: SQLiteSourceConfiguration.Database { .init(id: "0", path: path) }
}

enum SQLiteTestValue: Hashable, Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  /// Text of any bytes, valid or not.
  case rawText([UInt8])
  case blob([UInt8])

  init(_ text: String?) { self = text.map(SQLiteTestValue.text) ?? .null }
  init(_ integer: Int64?) { self = integer.map(SQLiteTestValue.integer) ?? .null }

  func bind(_ statement: OpaquePointer?, _ index: Int32) {
    let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    switch self {
    case .null: sqlite3_bind_null(statement, index)
    case .integer(let value): sqlite3_bind_int64(statement, index, value)
    case .real(let value): sqlite3_bind_double(statement, index, value)
    case .text(let text): sqlite3_bind_text(statement, index, text, Int32(text.utf8.count), copied)
    case .rawText(let bytes):
      bytes.withUnsafeBytes {
        _ = sqlite3_bind_text(
          statement, index, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count), copied)
      }
    case .blob(let bytes):
      bytes.withUnsafeBytes {
        _ = sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), copied)
      }
    }
  }
}

extension SQLiteDatabases {
  /// Over one database.
  init(
    _ database: TestDatabase, events: EventMapping? = EventMapping(from: "events"),
    profiles: ProfileMapping? = nil,
    mayBlockWriters: Bool = false, limits: ReadLimits = .standard
  ) {
    self.init(
      SQLiteSourceConfiguration(
        databases: [database.database], events: events, profiles: profiles, mayBlockWriters: mayBlockWriters),
      zones: ZoneDatabase(), limits: limits)
  }
}
