internal import CSQLite
internal import ExportCore

/// What a field takes its value from: proven to compile over its relation.
struct FieldExpression {
  /// For a SELECT; a single term.
  var sql: String
  /// The column whose plain value it is; nil for an expression.
  var column: String?
}

/// Turns the words of a mapping into expressions over one relation.
struct ExpressionResolver {
  let relation: Relation
  let connection: SQLiteConnection

  /// - Parameters:
  ///   - path: where the configuration says it: `events.columns.ts`.
  ///   - text: nil when the mapping does not name the field.
  /// - Returns: nil when the field is not named and there is no column of its default name.
  func field(_ path: String, _ text: String?, defaultColumn: String) throws -> FieldExpression? {
    if let text { return try expression(path, text) }
    return relation.column(defaultColumn).map {
      FieldExpression(sql: SQLName.quoted($0.name), column: $0.name)
    }
  }

  /// As ``field(_:_:defaultColumn:)`` for a field that must be there.
  func required(_ path: String, _ text: String?, defaultColumn: String) throws -> FieldExpression {
    if let found = try field(path, text, defaultColumn: defaultColumn) { return found }
    throw connection.database.error(
      .lasting, "\(path): \(relation.label) has no column \(defaultColumn)",
      hint: "write an SQL expression under \(path). \(columnsHint(near: defaultColumn))")
  }

  /// A text that is exactly a column's name means the column, also where SQL would need quotes around it
  /// (`order`, `my column`); any other is an expression.
  func expression(_ path: String, _ text: String) throws -> FieldExpression {
    let text = SQLName.trimmed(text)
    if let column = relation.column(text) {
      return FieldExpression(sql: SQLName.quoted(column.name), column: column.name)
    }
    if let parts = SQLName.parts(text), parts.count == 1, let column = relation.column(parts[0]) {
      return FieldExpression(sql: SQLName.quoted(column.name), column: column.name)
    }
    try check(path, text)
    return FieldExpression(sql: SQLName.enclosed(text), column: nil)
  }

  /// The column of a name, plain or quoted; it must be there.
  func column(_ path: String, _ name: String) throws -> FieldExpression {
    let parts = SQLName.parts(name)
    let plain = parts?.count == 1 ? parts?[0] : nil
    guard let column = relation.column(name) ?? plain.flatMap(relation.column) else {
      throw connection.database.error(
        .lasting, "\(path): \(relation.label) has no column \(name)", hint: columnsHint(near: name))
    }
    return FieldExpression(sql: SQLName.quoted(column.name), column: column.name)
  }

  /// Compiles the expression where SQLite refuses names in double quotes that are no columns (it would take them
  /// for texts) and aggregates (which would fold all rows into one).
  private func check(_ path: String, _ text: String) throws {
    sqlite3_accept_strings_in_double_quotes(connection.handle, 0)
    defer { sqlite3_accept_strings_in_double_quotes(connection.handle, 1) }
    let sql = "SELECT 1 FROM \(relation.checkingSQL) WHERE \(SQLName.enclosed(text)) IS NULL"
    let statement: SQLiteStatement
    do {
      statement = try connection.prepare(sql)
    } catch let error as ExportError where error.kind == .lasting {
      throw connection.database.error(
        .lasting, "\(path): \(error.problem) in the expression \(text)",
        hint: columnsHint(near: ExpressionResolver.nameAtFault(error.problem) ?? text))
    }
    guard sqlite3_bind_parameter_count(statement.pointer) == 0 else {
      throw connection.database.error(
        .lasting, "\(path): the expression \(text) has a parameter, for which there is no value",
        hint: "write the value itself")
    }
  }

  /// From "no such column: x".
  private static func nameAtFault(_ problem: String) -> String? {
    let marker = "no such column: "
    guard problem.hasPrefix(marker) else { return nil }
    return String(problem.dropFirst(marker.count))
  }

  private func columnsHint(near name: String) -> String {
    let names = relation.columns.map(\.name)
    let nearest = SQLName.nearest(to: name, among: names)
    return (nearest.map { "did you mean \($0)? " } ?? "")
      + "The columns of \(relation.label) are: \(names.joined(separator: ", "))"
  }
}
