package import ExportCore
import GRDB

/// Verbs about the catalogue of properties: which columns the files of an export have. It changes with the commit of a
/// run and never otherwise; what a run adds is kept beside it until then.
extension Ledger {
  /// Calls `body` with the columns under which a run writes: those of its export at the revision that it has pinned, and
  /// what its own attempts have added. One at a time, because there may be very many; by event name, group and position.
  package func forEachColumn(
    of id: RunId, _ body: (CataloguedProperty) throws -> Void
  ) throws(ExportError) {
    try read { database in
      let columns = try Row.fetchCursor(
        database.cachedStatement(
          sql: """
            SELECT event_name, property_group, property, position, type FROM catalogue
            WHERE export_id = (SELECT export_id FROM run WHERE id = :run)
              AND NOT EXISTS (SELECT 1 FROM pending_catalogue AS pending WHERE run_id = :run
                AND pending.event_name = catalogue.event_name
                AND pending.property_group = catalogue.property_group AND pending.property = catalogue.property)
            UNION ALL
            SELECT event_name, property_group, property, position, type FROM pending_catalogue
            WHERE run_id = :run
            ORDER BY event_name, property_group, position
            """), arguments: ["run": id])
      while let column = try columns.next() {
        let (eventName, name): (WholeText, WholeText) = (column["event_name"], column["property"])
        try body(
          CataloguedProperty(
            eventName: eventName.text, group: column["property_group"], name: name.text,
            position: column["position"], type: column["type"]))
      }
    }
  }

  /// Writes down what a run adds to the catalogue, before any file is written with it. Files of these events that were
  /// written with fewer columns, or narrower ones, become names of an earlier attempt: they are made again or go.
  /// - Parameters:
  ///   - columns: new ones, and those whose type has widened.
  ///   - eventNames: whose files are of no use any more.
  package func grow(
    _ columns: some Sequence<CataloguedProperty>, of id: RunId, outdating eventNames: [String]
  ) throws(ExportError) {
    try write { database in
      for eventName in eventNames {
        try database.cachedStatement(
          sql: """
            UPDATE file SET state = 'stale' WHERE run_id = ? AND kind = 'data'
              AND event_name IS nullif(CAST(? AS TEXT), '')
            """
        ).execute(arguments: [id, WholeText(eventName)])
      }
      for column in columns {
        try database.cachedStatement(
          sql: """
            INSERT INTO pending_catalogue (run_id, event_name, property_group, property, position, type)
            VALUES (?, CAST(? AS TEXT), ?, CAST(? AS TEXT), ?, ?)
            ON CONFLICT (run_id, event_name, property_group, property) DO UPDATE SET type = excluded.type
            """
        ).execute(arguments: [
          id, WholeText(column.eventName), column.group, WholeText(column.name), column.position, column.type,
        ])
      }
    }
  }

  // MARK: Statements

  /// A run stands at the catalogue as it is now, unless an earlier attempt has pinned another revision.
  static func pinCatalogue(of id: RunId, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        UPDATE run SET catalogue_revision = (SELECT catalogue_revision FROM export WHERE id = run.export_id)
        WHERE id = ? AND catalogue_revision IS NULL
        """
    ).execute(arguments: [id])
  }

  /// Whether the catalogue has changed since a run pinned it: a run that was reopened has got ahead of this one, whose
  /// delivered files then have other columns than those to come.
  static func hasOutdatedCatalogue(_ id: RunId, _ database: Database) throws -> Bool {
    try Bool.fetchOne(
      database.cachedStatement(
        sql: """
          SELECT EXISTS (SELECT 1 FROM run JOIN export ON export.id = run.export_id
            WHERE run.id = ? AND run.catalogue_revision <> export.catalogue_revision)
          """), arguments: [id])!
  }

  /// What a run has added becomes its export's, in the transaction of its commit.
  static func commitCatalogue(
    of id: RunId, adding columns: some Sequence<CataloguedProperty>, _ database: Database
  ) throws {
    let insertion =
      "INSERT INTO catalogue (export_id, event_name, property_group, property, position, type, run_id)"
    let widening = """
      ON CONFLICT (export_id, event_name, property_group, property) DO UPDATE SET type = excluded.type,
        position = excluded.position, run_id = excluded.run_id
      """
    try database.cachedStatement(
      sql: """
        \(insertion)
        SELECT export_id, event_name, property_group, property, position, type, run_id
        FROM pending_catalogue JOIN run ON run.id = run_id WHERE run_id = ?
        \(widening)
        """
    ).execute(arguments: [id])
    var changes = database.changesCount
    try database.cachedStatement(sql: "DELETE FROM pending_catalogue WHERE run_id = ?").execute(
      arguments: [id])
    for column in columns {
      try database.cachedStatement(
        sql: """
          \(insertion)
          SELECT export_id, CAST(? AS TEXT), ?, CAST(? AS TEXT), ?, ?, id FROM run WHERE id = ?
          \(widening)
          """
      ).execute(arguments: [
        WholeText(column.eventName), column.group, WholeText(column.name), column.position, column.type,
        id,
      ])
      changes += 1
    }
    guard changes > 0 else { return }
    try database.cachedStatement(
      sql: """
        UPDATE export SET catalogue_revision = catalogue_revision + 1
        WHERE id = (SELECT export_id FROM run WHERE id = ?)
        """
    ).execute(arguments: [id])
  }
}

extension PropertyGroup: DatabaseValueConvertible {}
extension PropertyType: DatabaseValueConvertible {}
