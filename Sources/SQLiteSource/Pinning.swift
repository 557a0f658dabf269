internal import CSQLite
internal import ExportCore

/// The upper bound of a run in one database, and whether the database is still the one it was.
struct Pinning {
  let plan: ReadPlan
  let connection: SQLiteConnection

  /// - Throws: ``ExportError``, `sourceReplaced` when the watermark's row is not what it was.
  func cut(watermark: Watermark?) throws -> DatabaseCut {
    // Compiling the statements that will read proves that every column they name is there.
    _ = try connection.prepare(plan.query.byTime(.whole))
    let order = try plan.order(in: connection)
    guard plan.schema.sequence.expression != nil else {
      return DatabaseCut(databaseId: connection.database.id, bound: nil, fingerprint: nil, order: order)
    }
    let bound = try top() ?? .min
    if let watermark { try check(watermark, top: bound) }
    return DatabaseCut(
      databaseId: connection.database.id, bound: bound,
      fingerprint: bound == .min ? nil : try Fingerprint.of(sequence: bound, plan.query, in: connection),
      order: order)
  }

  /// Before a read: the row at the bound may be gone by now (applications delete), but must be no other.
  func check(_ cut: DatabaseCut) throws {
    guard let bound = cut.bound, let fingerprint = cut.fingerprint else { return }
    let found = try Fingerprint.of(sequence: bound, plan.query, in: connection)
    guard found == nil || found == fingerprint else {
      throw replaced("row \(bound) is another than when the run began")
    }
  }

  private func check(_ watermark: Watermark, top: Int64) throws {
    guard watermark.bound != .min else { return }
    guard top >= watermark.bound else {
      throw replaced(
        top == .min
          ? "it is empty, and row \(watermark.bound) was exported from it"
          : "its highest row is \(top), and row \(watermark.bound) was exported from it")
    }
    guard let found = try Fingerprint.of(sequence: watermark.bound, plan.query, in: connection) else {
      throw replaced("row \(watermark.bound) is gone, up to which it was exported")
    }
    guard watermark.fingerprint == nil || watermark.fingerprint == found else {
      throw replaced("row \(watermark.bound) is another than when it was exported")
    }
  }

  private func replaced(_ detail: String) -> ExportError {
    connection.database.error(
      .sourceReplaced, "source was replaced or renumbered: \(detail)",
      hint: "if that is intended, `exportd run NAME --rebase` accepts the source as it is now")
  }

  /// The highest sequence; nil for an empty table.
  private func top() throws -> Int64? {
    if case .expression(let field) = plan.schema.sequence {
      let statement = try connection.prepare(plan.query.withoutSequenceValue)
      defer { statement.reset() }
      if try statement.step() { throw notInteger(field, "NULL") }
    }
    let statement = try connection.prepare(plan.query.top)
    guard try statement.step() else { return nil }
    defer { statement.reset() }
    guard sqlite3_column_type(statement.pointer, 0) == SQLITE_INTEGER else {
      throw notInteger(plan.schema.sequence.expression, statement.string(0) ?? "NULL")
    }
    return statement.integer(0)
  }

  private func notInteger(_ field: FieldExpression?, _ value: String) -> ExportError {
    Pinning.notInteger(field, value, connection.database)
  }

  static func notInteger(
    _ field: FieldExpression?, _ value: String, _ database: SQLiteConnection.Database
  ) -> ExportError {
    database.error(
      .lasting,
      "events.sequence: \(field?.column ?? field?.sql ?? "") is not an integer in every row; one has \(value)",
      hint: "name an integer that grows with every insertion, or leave it out (late rows are then not seen)")
  }
}
