internal import ExportCore

/// How the rows of profiles come into the order of their object keys, which are bytes.
struct ObjectOrder {
  /// Whether the column of the objectId sorts its values as their bytes do, by an index.
  let isByColumn: Bool
  /// Whether no two rows have one object key.
  let isUnique: Bool

  /// Looks at the rows: to be made in the read transaction that it is for.
  init(_ schema: ProfileSchema, in connection: SQLiteConnection) throws {
    isByColumn = try ObjectOrder.isByColumn(schema, connection)
    // Other columns may hold 7 and '7', which are different values of one key.
    let keysAreValues = isByColumn || schema.relation.integerPrimaryKey == schema.objectId.column
    isUnique = try keysAreValues && ObjectOrder.hasUniqueIndex(schema, in: connection)
  }

  /// Only text under the collation BINARY is compared byte by byte, and only in a database in UTF-8 are these the
  /// bytes of the key. A column of texts may hold BLOBs, which sort behind all texts.
  private static func isByColumn(_ schema: ProfileSchema, _ connection: SQLiteConnection) throws -> Bool {
    let (from, column) = (schema.relation.sql, schema.objectId.sql)
    guard schema.relation.affinity(of: schema.objectId) == .text,
      try connection.text("PRAGMA encoding") == "UTF-8",
      try !connection.plan("SELECT \(column) FROM \(from) ORDER BY \(column) COLLATE BINARY")
        .contains(where: { $0.hasPrefix("USE TEMP B-TREE") })
    else { return false }
    return try connection.text("SELECT 1 FROM \(from) WHERE \(column) >= x'' LIMIT 1") == nil
  }

  /// Whether the schema keeps the values of `objectId` apart; of views and SELECTs that cannot be told, and they have
  /// none.
  static func hasUniqueIndex(_ schema: ProfileSchema, in connection: SQLiteConnection) throws -> Bool {
    guard schema.relation.kind == .table, let column = schema.objectId.column,
      let table = schema.relation.name
    else { return false }
    if schema.relation.integerPrimaryKey == column { return true }
    return try connection.text(
      """
      SELECT 1 FROM pragma_index_list(?1, 'main') AS found WHERE "unique" AND NOT partial
        AND (SELECT count(*) = 1 AND max(name) = ?2 FROM pragma_index_info(found.name, 'main'))
      """, table, column) != nil
  }
}
