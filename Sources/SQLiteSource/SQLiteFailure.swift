internal import CSQLite
internal import ExportCore

extension SQLiteSourceConfiguration.Database {
  /// How errors name it.
  var label: String { "database \(id) (\(path))" }

  func error(_ kind: ExportError.Kind, _ problem: String, hint: String? = nil) -> ExportError {
    ExportError(.source, kind, object: label, problem: problem, hint: hint)
  }
}

extension SQLiteConnection {
  /// What an SQLite result code means for the person who must act.
  func failure(_ code: Int32) -> any Error {
    let message = String(cString: sqlite3_errmsg(handle))
    switch code & 0xFF {
    case SQLITE_INTERRUPT: return CancellationError()
    case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL:
      if stop.isRequested { return CancellationError() }
      return database.error(
        .passing, "locked by another process (\(message))",
        hint: "if it stays so, `fuser \(database.path)` names the processes that have it open")
    case SQLITE_NOTADB:
      return database.error(
        .lasting, "not an SQLite database, or an encrypted one",
        hint: "check the path; encrypted databases cannot be read")
    case SQLITE_CORRUPT:
      return database.error(
        .lasting, "the database is damaged (\(message))",
        hint:
          "`sqlite3 \(database.path) 'PRAGMA integrity_check'` says where; restore it from a backup or use `.recover`"
      )
    case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
      return accessFailure(code, message)
    case SQLITE_IOERR:
      return database.error(.passing, "the disk cannot be read (\(message))", hint: "look at `dmesg`")
    case SQLITE_FULL:
      return database.error(
        .passing, "no room for SQLite's temporary files",
        hint: "make room in /var/tmp, or name another directory in the environment variable SQLITE_TMPDIR")
    case SQLITE_NOMEM: return database.error(.passing, "there is no memory left to read it")
    case SQLITE_TOOBIG:
      return database.error(
        .lasting, "a row holds a value of more than \(limits.valueBytes >> 20) MiB, which is not read")
    default: return database.error(.lasting, message)
    }
  }

  private func accessFailure(_ code: Int32, _ message: String) -> any Error {
    // The state of things may have changed since the file was opened.
    if let obstacle = DatabaseAccess(path: database.path).obstacle() { return obstacle.error(for: database) }
    // SQLITE_READONLY_ROLLBACK
    if code == SQLITE_READONLY | (3 << 8) {
      return database.error(
        .passing, "its writer ended in the middle of a transaction, which only a writer can undo",
        hint:
          "start the application, or run `sqlite3 \(database.path) 'SELECT 1 FROM sqlite_schema'` as its user"
      )
    }
    return database.error(
      .passing, "cannot be opened (\(message))",
      hint: "see that \(ProcessUser.name) may read it and write its \(database.path)-shm")
  }
}
