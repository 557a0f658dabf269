internal import ExportCore
internal import TimeZones

/// How the profiles of one database are read: decided in the read transaction that they are read in, from the schema
/// and what indexes there are.
struct ProfilePlan {
  let schema: ProfileSchema
  let order: ObjectOrder
  let timestamps: TimestampReader

  /// - Parameters:
  ///   - needsVersions: whether there must be `updatedAt`.
  ///   - zone: of times without an offset.
  /// - Throws: ``ExportError`` when the database does not fit the mapping, or reading it would hold up writers.
  init(
    _ mapping: ProfileMapping, needsVersions: Bool, mayBlockWriters: Bool, zone: Zone,
    in connection: SQLiteConnection
  ) throws {
    schema = try ProfileSchema(mapping, in: connection)
    timestamps = TimestampReader(unit: mapping.updatedAtUnit, zone: zone, acceptsText: true)
    if needsVersions, schema.fields[.updatedAt] == nil {
      throw ProfilePlan.noVersions(schema, connection)
    }
    if connection.journalMode == .rollback, !mayBlockWriters {
      throw ProfilePlan.blocksWriters(schema, connection)
    }
    try ProfileFunctions.register(in: connection)
    order = try ObjectOrder(schema, in: connection)
  }

  func query(_ span: ProfileRead.Span) -> ProfileQuery {
    ProfileQuery(schema: schema, unit: timestamps.unit, order: order, span: span)
  }

  private static func noVersions(_ schema: ProfileSchema, _ connection: SQLiteConnection) -> ExportError {
    let column = ProfileField.updatedAt.defaultColumn
    return connection.database.error(
      .lasting,
      "profiles.columns.updatedAt: \(schema.relation.label) has no column \(column), and what has changed since is "
        + "asked for",
      hint: "write an SQL expression under profiles.columns.updatedAt, or let the export compare "
        + "(\"profiles\": \"compared\") or send everything (\"profiles\": \"full\")")
  }

  static func blocksWriters(_ schema: ProfileSchema, _ connection: SQLiteConnection) -> ExportError {
    connection.database.error(
      .lasting,
      "profiles are read from \(schema.relation.label) in one transaction, as they all were at one moment, which "
        + "holds up the writers of a database in rollback-journal mode",
      hint:
        "change the journal mode (`sqlite3 \(connection.database.path) 'PRAGMA journal_mode=WAL'`), or allow it "
        + "with \"mayBlockWriters\": true")
  }
}
