internal import CSQLite
internal import ExportCore

/// A table, a view or a SELECT that a mapping reads from, as it lies in one database.
struct Relation {
  enum Kind { case table, virtualTable, view, select }

  struct Column {
    var name: String
    /// As declared; empty for an expression.
    var type: String
  }

  let kind: Kind
  /// As the configuration writes it.
  let label: String
  /// For a FROM clause.
  let sql: String
  /// In the schema; nil for a SELECT.
  let name: String?
  let columns: [Column]
  /// The column that SQLite makes an alias of the rowid; only such rowids survive VACUUM.
  let integerPrimaryKey: String?
  /// A name by which the rowid can be asked for, in a table that has one.
  let rowid: String?
  /// Whether the rowid of a deleted row is never used again.
  let isAutoincrement: Bool

  /// A FROM clause with the same column names in which SQLite finds every misspelt one. In a view this must not
  /// be the view itself: its own SELECT may hold texts in double quotes, which SQLite takes for names in this
  /// mode.
  var checkingSQL: String {
    guard kind == .view || kind == .select else { return sql }
    let names = columns.map { "NULL AS \(SQLName.quoted($0.name))" }.joined(separator: ", ")
    return kind == .view ? "(SELECT \(names)) AS \(sql)" : "(SELECT \(names))"
  }

  /// The column of a name, whatever its case.
  func column(_ name: String) -> Column? { columns.first { SQLName.same($0.name, name) } }

  /// Finds what `from` means: a parenthesised SELECT, else the table or view whose name is exactly that text, else
  /// the one it names as SQL (`"my table"`, `main.events`).
  /// - Parameter path: where the configuration says it, `events.from`.
  init(_ from: String, path: String, in connection: SQLiteConnection) throws {
    label = from
    let text = SQLName.trimmed(from)
    if text.hasPrefix("(") {
      kind = .select
      sql = text
      name = nil
      columns = try Relation.columns(ofSelect: text, path: path, in: connection)
      (integerPrimaryKey, rowid, isAutoincrement) = (nil, nil, false)
      return
    }
    guard let entry = try SchemaEntry.find(text, in: connection) else {
      throw try Relation.missing(text, path: path, in: connection)
    }
    sql = SQLName.quoted(entry.name)
    name = entry.name
    kind = entry.kind
    columns = try Relation.columns(of: entry.name, path: path, in: connection)
    guard kind == .table else {
      (integerPrimaryKey, rowid, isAutoincrement) = (nil, nil, false)
      return
    }
    integerPrimaryKey = try Relation.integerPrimaryKey(of: entry.name, in: connection)
    rowid = Relation.rowid(of: sql, columns: columns, in: connection)
    isAutoincrement = entry.isAutoincrement
  }

  private static func columns(ofSelect sql: String, path: String, in connection: SQLiteConnection) throws
    -> [Column]
  {
    do {
      let statement = try connection.prepare("SELECT * FROM \(sql)")
      return (0..<sqlite3_column_count(statement.pointer)).map { index in
        Column(
          name: String(cString: sqlite3_column_name(statement.pointer, index)),
          type: sqlite3_column_decltype(statement.pointer, index).map { String(cString: $0) } ?? "")
      }
    } catch let error as ExportError where error.kind == .lasting {
      throw connection.database.error(
        .lasting, "\(path): \(error.problem)", hint: "write a table, a view, or a SELECT in parentheses")
    }
  }

  /// Generated columns and the hidden ones of virtual tables count.
  private static func columns(of name: String, path: String, in connection: SQLiteConnection) throws
    -> [Column]
  {
    var columns: [Column] = []
    do {
      let statement = try connection.prepare("SELECT name, type FROM pragma_table_xinfo(?, 'main')")
      statement.bind(.text(name), at: 1)
      while try statement.step() {
        columns.append(Column(name: statement.string(0) ?? "", type: statement.string(1) ?? ""))
      }
    } catch let error as ExportError where error.kind == .lasting {
      throw connection.database.error(
        .lasting, "\(path): \(name): \(error.problem)", hint: "mend the view, or read from another")
    }
    return columns
  }

  /// One primary key column of the type INTEGER, and no index made for it: `INTEGER PRIMARY KEY DESC` and tables
  /// WITHOUT ROWID have one, and theirs are ordinary columns.
  private static func integerPrimaryKey(of name: String, in connection: SQLiteConnection) throws -> String? {
    try connection.text(
      """
      SELECT max(name) FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0
      HAVING count(*) = 1 AND max(upper(type)) = 'INTEGER'
        AND NOT EXISTS (SELECT 1 FROM pragma_index_list(?1, 'main') WHERE origin = 'pk')
      """, name)
  }

  private static func rowid(of sql: String, columns: [Column], in connection: SQLiteConnection) -> String? {
    let free = ["_rowid_", "rowid", "oid"].first { name in !columns.contains { SQLName.same($0.name, name) } }
    guard let free, (try? connection.prepare("SELECT \(free) FROM \(sql)")) != nil else { return nil }
    return free
  }

  private static func missing(_ text: String, path: String, in connection: SQLiteConnection) throws
    -> ExportError
  {
    let names = try SchemaEntry.names(in: connection)
    guard !names.isEmpty else {
      return connection.database.error(
        .lasting, "\(path): there is no table or view \(text); the database has none at all",
        hint: "check the path")
    }
    let nearest = SQLName.nearest(to: text, among: names)
    return connection.database.error(
      .lasting, "\(path): there is no table or view \(text)",
      hint: (nearest.map { "did you mean \($0)? " } ?? "") + "There are: \(names.joined(separator: ", "))")
  }
}

/// A table or view in the schema of a database.
private struct SchemaEntry {
  let name: String
  let kind: Relation.Kind
  let isAutoincrement: Bool

  static func find(_ text: String, in connection: SQLiteConnection) throws -> SchemaEntry? {
    if let entry = try named(text, in: connection) { return entry }
    guard let parts = SQLName.parts(text), let name = parts.last, parts.count <= 2,
      parts.count == 1 || SQLName.same(parts[0], "main")
    else { return nil }
    return try named(name, in: connection)
  }

  private static func named(_ name: String, in connection: SQLiteConnection) throws -> SchemaEntry? {
    let statement = try connection.prepare(
      """
      SELECT name, type, rootpage = 0, sql LIKE '%AUTOINCREMENT%' FROM sqlite_schema
      WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE
      """)
    statement.bind(.text(name), at: 1)
    guard try statement.step() else { return nil }
    defer { statement.reset() }
    let isView = statement.string(1) == "view"
    return SchemaEntry(
      name: statement.string(0) ?? name,
      kind: isView ? .view : statement.integer(2) != 0 ? .virtualTable : .table,
      isAutoincrement: statement.integer(3) != 0)
  }

  static func names(in connection: SQLiteConnection) throws -> [String] {
    let statement = try connection.prepare(
      """
      SELECT name FROM sqlite_schema
      WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name
      """)
    var names: [String] = []
    while try statement.step() { names.append(statement.string(0) ?? "") }
    return names
  }
}
