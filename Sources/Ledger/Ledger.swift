package import ExportCore
import GRDB
import Glibc

/// The state database: what is defined, planned, running, delivered and done. Every verb is one
/// transaction, so that a crash between any two leaves a state that the next start understands; commands
/// and the daemon meet here, in different processes.
///
/// Verbs block for the length of a local transaction (a few milliseconds, one fsync) and are not
/// cancellable: what must be written down on the way out of a cancelled run still is.
package final class Ledger: Sendable {
  let database: DatabaseQueue
  /// The file, for messages.
  package let path: String

  /// Asked before each statement, with its SQL: false ends the statement, and its transaction with it, as if the process
  /// had died there.
  package typealias Checkpoint = @Sendable (_ sql: () -> String) -> Bool

  /// Opens `exportd.db` in the state directory, makes it when it is not there, and brings it to this version.
  /// - Parameter checkpoint: for tests that crash or interfere between any two statements. A COMMIT or ROLLBACK is carried
  ///   out whatever it says.
  /// - Throws: ``ExportError`` of stage `state` when it cannot be opened, is not a database, or was written by
  ///   a newer version.
  package init(stateDirectory: String, checkpoint: Checkpoint? = nil) throws(ExportError) {
    path = Self.path(in: stateDirectory)
    Self.makeOpenToGroup(path)
    var configuration = GRDB.Configuration()
    configuration.journalMode = .wal
    // Commands and the daemon write short transactions in turn: five seconds is far more than any needs.
    configuration.busyMode = .timeout(5)
    configuration.label = "exportd.ledger"
    let opening = Opening(stateDirectory: stateDirectory)
    do {
      database = try DatabaseQueue(path: path, configuration: configuration)
      try database.writeWithoutTransaction { connection in
        // GRDB sets NORMAL when it turns WAL on; a commit must survive a power cut.
        try connection.execute(sql: "PRAGMA synchronous = FULL")
      }
      let migrator = Schema.migrator
      if try database.read(migrator.hasBeenSuperseded) {
        throw ExportError(
          .state, .lasting, object: path, problem: "was written by a newer version of exportd",
          hint: "install that version again, or point stateDirectory elsewhere")
      }
      try migrator.migrate(database)
      try database.writeWithoutTransaction(Self.reclaimPages)
      if let checkpoint { obey(checkpoint) }
      _ = consume opening
    } catch {
      throw ExportError(ledger: error, path: path)
    }
  }

  /// Makes the file where there is none, so that the group may write to it as far as the umask allows: SQLite by itself
  /// would only let it read. The files that SQLite lays beside it take its mode. What goes wrong shows when it is opened.
  private static func makeOpenToGroup(_ path: String) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o660)
    if descriptor >= 0 { close(descriptor) }
  }

  /// Has the pages of pruned history given back. A file made before that was asked for is rewritten once, while it is
  /// small.
  private static func reclaimPages(_ connection: Database) throws {
    guard try Int.fetchOne(connection, sql: "PRAGMA auto_vacuum") != 2 else { return }
    let pages = try Int.fetchOne(connection, sql: "PRAGMA page_count") ?? 0
    guard pages < 10_000 else { return }
    try connection.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
  }

  private func obey(_ checkpoint: @escaping Checkpoint) {
    database.writeWithoutTransaction { [weak database] connection in
      connection.trace(options: .statement) { event in
        guard case .statement(let statement) = event else { return }
        if !checkpoint({ statement.sql }), statement.sql != "COMMIT", statement.sql != "ROLLBACK" {
          database?.interrupt()
        }
      }
    }
  }

  /// The state database of a state directory, there or not.
  package static func path(in stateDirectory: String) -> String { stateDirectory + "/exportd.db" }

  /// Runs `body` in one write transaction, at once exclusive, so that what it read stays true until it commits.
  func write<T>(_ body: (Database) throws -> T) throws(ExportError) -> T {
    do {
      return try database.unsafeRead { try Self.transact("BEGIN IMMEDIATE", $0, body) }
    } catch {
      throw ExportError(ledger: error, path: path)
    }
  }

  /// Every statement is compiled once and kept, these two as well: compiling takes longer than most of them do, and with
  /// each that is compiled all others have to be once more.
  private static func transact<T>(
    _ begin: String, _ connection: Database, _ body: (Database) throws -> T
  ) throws -> T {
    try connection.cachedStatement(sql: begin).execute()
    do {
      let result = try body(connection)
      try connection.cachedStatement(sql: "COMMIT").execute()
      return result
    } catch {
      // SQLite has rolled back by itself after some errors.
      if connection.isInsideTransaction { try connection.cachedStatement(sql: "ROLLBACK").execute() }
      throw error
    }
  }

  func read<T>(_ body: (Database) throws -> T) throws(ExportError) -> T {
    do {
      return try database.unsafeRead { try Self.transact("BEGIN DEFERRED", $0, body) }
    } catch {
      throw ExportError(ledger: error, path: path)
    }
  }

  /// A number that changes whenever another process has changed the database; costs no I/O beyond a look at
  /// shared memory.
  package func dataVersion() throws(ExportError) -> Int64 {
    do {
      return try database.writeWithoutTransaction {
        try Int64.fetchOne($0.cachedStatement(sql: "PRAGMA data_version")) ?? 0
      }
    } catch {
      throw ExportError(ledger: error, path: path)
    }
  }

  /// The value of `PRAGMA synchronous` in force: 2 is FULL.
  package func synchronous() throws(ExportError) -> Int {
    do {
      return try database.writeWithoutTransaction {
        try Int.fetchOne($0.cachedStatement(sql: "PRAGMA synchronous")) ?? -1
      }
    } catch {
      throw ExportError(ledger: error, path: path)
    }
  }
}

extension ExportError {
  /// What a failing state database means to the person who must act.
  init(ledger error: any Error, path: String) {
    if let error = error as? ExportError {
      self = error
      return
    }
    guard let error = error as? DatabaseError else {
      self.init(.state, .lasting, object: path, problem: "\(error)")
      return
    }
    let detail = error.message ?? "\(error.resultCode)"
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(
        .state, .passing, object: path, problem: "is locked by another process",
        hint: "look for a shell or a backup that holds it open")
    case .SQLITE_FULL:
      self.init(.state, .passing, object: path, problem: "the disk is full", hint: "free space on its disk")
    case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
      self.init(
        .state, .lasting, object: path, problem: "cannot be opened for writing (\(detail))",
        hint: "members of the group exportd may: `usermod -aG exportd USER`, then log in again")
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      self.init(
        .state, .lasting, object: path, problem: "is damaged (\(detail))",
        hint: "restore it from a backup; do not delete it: it knows what was delivered")
    case .SQLITE_CONSTRAINT:
      self.init(.state, .lasting, object: path, problem: "refused: \(detail)")
    default:
      self.init(.state, .passing, object: path, problem: detail)
    }
  }
}
