internal import CSQLite
internal import ExportCore

/// A copy of all profiles' identities with a key, made once a read where no index of the source finds a profile:
/// scanning them for each event would never end. It lies in SQLite's temporary directory, not in memory, and
/// goes with the connection.
struct ProfileCopy {
  private static let table = "temp.exportd_profile_identities"

  let identities: ProfileIdentities
  let connection: SQLiteConnection

  /// Copies in short read transactions where the profiles have a rowid to go on from.
  /// - Returns: the statement that looks a profile up.
  func make(mayBlockWriters: Bool) throws -> String {
    let relation = identities.relation
    guard relation.rowid != nil || connection.journalMode == .wal || mayBlockWriters else {
      throw connection.database.error(
        .lasting,
        "profiles: no index finds a profile by its objectId in \(relation.label), and copying them would hold up "
          + "the writers of a database in rollback-journal mode",
        hint: "create an index on objectId, or change the journal mode "
          + "(`sqlite3 \(connection.database.path) 'PRAGMA journal_mode=WAL'`)")
    }
    // What goes wrong in between is forgotten with the connection: the copy needs no journal.
    try connection.execute("PRAGMA temp.journal_mode = OFF")
    try connection.execute(
      "CREATE TABLE \(ProfileCopy.table) (id \(keyType) PRIMARY KEY, a, b, c, d) WITHOUT ROWID")
    let insertion = try connection.prepare(
      "INSERT OR IGNORE INTO \(ProfileCopy.table) VALUES (?, ?, ?, ?, ?)")
    let position = relation.rowid ?? "0"
    let query = try connection.prepare(
      """
      SELECT \(position), \(identities.objectId.sql), \(identities.terms.joined(separator: ", ")) \
      FROM \(relation.sql) WHERE \(position) > ?1 AND \(identities.isAlive) \
      \(relation.rowid == nil ? "" : "ORDER BY 1")
      """)
    var last: Int64 = relation.rowid == nil ? -1 : .min
    while try copyPage(query, insertion, after: &last) {}
    return "SELECT a, b, c, d FROM \(ProfileCopy.table) WHERE id = ?1"
  }

  /// Comparisons must go as they would with the original column.
  private var keyType: String {
    guard let name = identities.objectId.column, let column = identities.relation.column(name) else {
      return ""
    }
    return switch Affinity(declaredType: column.type) {
    case .integer: "INTEGER"
    case .real: "REAL"
    case .numeric: "NUMERIC"
    case .text: "TEXT"
    case .none: ""
    }
  }

  /// False when the last profile has been copied.
  private func copyPage(
    _ query: SQLiteStatement, _ insertion: SQLiteStatement, after last: inout Int64
  ) throws -> Bool {
    var clock = PageClock(connection)
    clock.restart()
    try connection.execute("BEGIN")
    query.bind(.integer(last), at: 1)
    var hasMore = false
    while try query.step() {
      if !query.isNull(1) {
        for column: Int32 in 1...5 {
          sqlite3_bind_value(insertion.pointer, column, sqlite3_column_value(query.pointer, column))
        }
        _ = try insertion.step()
      }
      guard identities.relation.rowid != nil else { continue }
      last = query.integer(0)
      if clock.isOverAfterRow() {
        hasMore = true
        break
      }
    }
    query.reset()
    try connection.execute("COMMIT")
    return hasMore
  }
}
