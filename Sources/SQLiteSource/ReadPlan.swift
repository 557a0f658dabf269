internal import ExportCore
internal import TimeZones

/// How the events of one database are read: decided once per opening, from the schema, the indexes and the journal
/// mode.
struct ReadPlan {
  let schema: EventSchema
  let query: EventQuery
  /// Whether one read transaction must last for the whole of a read: there is no position to go on from, or no
  /// index that finds it.
  let holdsSnapshot: Bool

  /// - Throws: ``ExportError`` when the database does not fit the mapping, or reading it would hold up writers.
  init(_ mapping: EventMapping, mayBlockWriters: Bool, in connection: SQLiteConnection) throws {
    schema = try EventSchema(mapping, in: connection)
    query = EventQuery(schema, unit: mapping.tsUnit)
    holdsSnapshot = try ReadPlan.needsSnapshot(schema, query, connection)
    if holdsSnapshot, connection.journalMode == .rollback, !mayBlockWriters {
      throw blocksWriters(connection)
    }
  }

  private static func needsSnapshot(
    _ schema: EventSchema, _ query: EventQuery, _ connection: SQLiteConnection
  ) throws -> Bool {
    switch schema.sequence {
    case .none: true
    case .primaryKey: false
    case .expression: !isServedByIndex(try connection.plan(query.bySequence(.position)))
    }
  }

  private func blocksWriters(_ connection: SQLiteConnection) -> ExportError {
    let path = connection.database.path
    let reason: String
    let mend: String
    if let sequence = schema.sequence.expression {
      reason = "no index serves the sequence \(sequence.column ?? sequence.sql)"
      mend = "create an index on it"
    } else {
      reason = "\(schema.relation.label) has no sequence"
      mend = "name one under events.sequence"
    }
    return connection.database.error(
      .lasting,
      "\(reason), so that it must be read in one transaction, which holds up the writers of a database in "
        + "rollback-journal mode",
      hint:
        "\(mend), or change the journal mode (`sqlite3 \(path) 'PRAGMA journal_mode=WAL'`), or allow it with "
        + "\"mayBlockWriters\": true")
  }

  /// Whether a plan goes straight to its first row and needs no sort of all.
  static func isServedByIndex(_ plan: [String]) -> Bool {
    plan.contains { $0.hasPrefix("SEARCH ") }
      && !plan.contains { $0.hasPrefix("SCAN ") || $0 == "USE TEMP B-TREE FOR ORDER BY" }
  }

  /// Whether rows of a window are found by an index on `ts`: there must be one, and all times that count must be
  /// numbers, whose order is the order of time.
  func order(in connection: SQLiteConnection) throws -> DatabaseCut.ReadOrder {
    guard query.unit != .iso8601 else { return .sequence }
    let affinity = schema.relation.affinity(of: schema.ts)
    guard affinity != .text, ReadPlan.isServedByIndex(try connection.plan(query.byTime(.whole))) else {
      return .sequence
    }
    // A text in a column that makes numbers of texts is no number and never counts.
    if affinity?.makesNumbers == true { return .timestamp }
    let statement = try connection.prepare(query.textTime)
    defer { statement.reset() }
    return try statement.step() ? .sequence : .timestamp
  }
}
