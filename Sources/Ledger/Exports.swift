import Foundation
package import ExportCore
import GRDB
package import TimeZones

/// One numbered revision as stored.
package struct RevisionRecord: Hashable, Sendable {
  package var number: Int
  /// The definition as the person wrote it, compact JSON.
  package var definition: String
  package var resolved: Revision

  package init(number: Int, definition: String, resolved: Revision) {
    self.number = number
    self.definition = definition
    self.resolved = resolved
  }
}

/// Verbs about exports and their definitions.
extension Ledger {
  /// Every export that is not deleted, by name.
  package func exports() throws(ExportError) -> [ExportRecord] {
    try read {
      try ExportRecord.fetchAll(
        $0.cachedStatement(
          sql: """
            SELECT \(ExportRecord.columns) FROM export WHERE deleted_at IS NULL ORDER BY name
            """))
    }
  }

  /// What is ahead of every export that is not deleted, by name.
  package func outlines() throws(ExportError) -> [(record: ExportRecord, outline: RevisionOutline)] {
    try read { database in
      let records = try ExportRecord.fetchAll(
        database.cachedStatement(
          sql: """
            SELECT \(ExportRecord.columns) FROM export WHERE deleted_at IS NULL ORDER BY name
            """))
      let outlines = try Self.newestOutlines("SELECT id FROM export WHERE deleted_at IS NULL", [], database)
      return records.compactMap { record in outlines[record.id].map { (record, $0.outline) } }
    }
  }

  /// The live export of that name.
  package func export(named name: String) throws(ExportError) -> ExportRecord? {
    try read { try Self.liveExport(named: name, $0) }
  }

  package func export(_ id: RequestId) throws(ExportError) -> ExportRecord? {
    try read {
      try ExportRecord.fetchOne(
        $0.cachedStatement(
          sql: """
            SELECT \(ExportRecord.columns) FROM export WHERE id = ?
            """), arguments: [id])
    }
  }

  /// A revision by number, or the newest.
  package func revision(of id: RequestId, number: Int? = nil) throws(ExportError) -> RevisionRecord {
    try read { try Self.revision(of: id, number: number, $0) }
  }

  /// Stores a new export and gives it a request id: `now`, counted up until it is unique.
  /// - Throws: ``ExportError`` when the name is taken; of kind `refused` when profile exports of its source stand in
  ///   its way.
  package func create(
    name: String, origin: Origin, definition: String, resolved: Revision, now: Instant
  ) throws(ExportError) -> RequestId {
    try write {
      try Self.create(name: name, origin: origin, definition: definition, resolved: resolved, now: now, $0)
    }
  }

  /// Puts an export away and stores a new one under its name, without memory of the old one.
  package func replace(
    _ old: RequestId, name: String, origin: Origin, definition: String, resolved: Revision, now: Instant
  ) throws(ExportError) -> RequestId {
    try write { database in
      try Self.delete(old, now: now, database)
      return try Self.create(
        name: name, origin: origin, definition: definition, resolved: resolved, now: now, database)
    }
  }

  /// Stores the next revision of an export, in one transaction with the windows that are already due under
  /// the old rule.
  /// - Parameter due: what was due before the edit; may be empty.
  /// - Throws: ``ExportError``; of kind `refused` when a recurring profile export would come to a source of which a
  ///   one-time one runs. One that a file defines waits instead.
  package func revise(
    _ id: RequestId, definition: String, resolved: Revision, due: [PlannedWindow], now: Instant
  ) throws(ExportError) {
    try write { database in
      try Self.plan(due, of: id, now: now, database)
      try Self.makeRoom(for: resolved.definition, of: id, now: now, database)
      try database.cachedStatement(
        sql:
          """
          UPDATE export SET revision = revision + 1, has_sequence = NULL, source = ?, is_recurring = ?
          WHERE id = ? AND deleted_at IS NULL
          """
      ).execute(arguments: [resolved.definition.source, resolved.definition.frequency.isRecurring, id])
      guard database.changesCount == 1 else {
        throw ExportError(.state, .lasting, object: "export \(id)", problem: "does not exist any more")
      }
      let number = try Int.fetchOne(
        database.cachedStatement(sql: "SELECT revision FROM export WHERE id = ?"), arguments: [id])!
      try Self.insert(
        revision: number, of: id, definition: definition, resolved: resolved, now: now, database)
    }
  }

  /// Stops an export: nothing of it starts any more, and whoever runs it ends it. A run that is not begun and
  /// not committed becomes STOPPED with it; one in flight is ended by its process.
  package func stop(_ id: RequestId, by stopper: Stopper, reason: String, now: Instant) throws(ExportError) {
    try write { try Self.stop(id, by: stopper, reason: reason, now: now, $0) }
  }

  /// Starts a stopped export again; its FAILED and STOPPED windows are owed once more.
  /// - Parameter mayWait: whether a profile export may be started to wait for others of its source.
  /// - Throws: ``ExportError`` of kind `refused` when profile exports of its source stand in its way.
  package func start(_ id: RequestId, mayWait: Bool = false, now: Instant) throws(ExportError) {
    try write { database in
      guard
        let record = try ExportRecord.fetchOne(
          database.cachedStatement(
            sql: """
              SELECT \(ExportRecord.columns) FROM export WHERE id = ?
              """), arguments: [id])
      else { throw ExportError(.state, .lasting, object: "export \(id)", problem: "does not exist any more") }
      if record.dataType == .profiles, record.isRecurring, record.doneAt == nil {
        if mayWait, let running = try Self.admittedOneTime(of: record.source, database) {
          return try Self.wait(id, for: running, now: now, database)
        }
        try Self.requireNoAdmittedOneTime(record.name, source: record.source, database)
      }
      if record.needsAdmission, !mayWait {
        try Self.requireNoActiveRecurring(record.name, source: record.source, database)
      }
      try database.cachedStatement(
        sql:
          "UPDATE export SET stopped_by = NULL, reason = NULL, resumes_after = NULL, waits = 0 WHERE id = ?"
      ).execute(arguments: [id])
      try Self.reopen(id, now: now, database)
    }
  }

  /// Frees the name; history stays. Whatever waits is stopped.
  package func delete(_ id: RequestId, now: Instant) throws(ExportError) {
    try write { try Self.delete(id, now: now, $0) }
  }

  /// Remembers whether the export's source knows a sequence.
  package func record(hasSequence: Bool, of id: RequestId) throws(ExportError) {
    try write {
      try $0.cachedStatement(sql: "UPDATE export SET has_sequence = ? WHERE id = ?").execute(arguments: [
        hasSequence, id,
      ])
    }
  }

  /// A word about an export that goes on all the same, or nil to take it back; shown by `status`.
  package func note(_ id: RequestId, _ reason: String?) throws(ExportError) {
    try write {
      try $0.cachedStatement(
        sql: "UPDATE export SET reason = ? WHERE id = ? AND stopped_by IS NULL AND reason IS NOT ?"
      ).execute(arguments: [reason, id, reason])
    }
  }

  // MARK: Statements

  static func stop(
    _ id: RequestId, by stopper: Stopper, reason: String, now: Instant, _ database: Database
  ) throws {
    try database.cachedStatement(
      sql: """
        UPDATE export SET stopped_by = iif(stopped_by = 'person', 'person', ?), reason = ?,
          resumes_after = NULL, waits = 0, stopped_at = max(?, coalesce(stopped_at + 1, 0)) WHERE id = ?
        """
    ).execute(arguments: [stopper, reason, now, id])
    try stopWork(of: id, reason: reason, now: now, database)
  }

  private static func create(
    name: String, origin: Origin, definition: String, resolved: Revision, now: Instant, _ database: Database
  ) throws -> RequestId {
    if let taken = try Self.liveExport(named: name, database) {
      throw ExportError(
        .state, .lasting, object: name,
        problem: taken.origin == .file
          ? "is already defined by a file in exports.d" : "already exists (request id \(taken.id))",
        hint: taken.origin == .file
          ? "choose another name" : "choose another name, or `exportd delete \(name)` first")
    }
    let running = try room(for: resolved.definition, named: name, origin, database)
    let newest = try Int64.fetchOne(database.cachedStatement(sql: "SELECT max(id) FROM export")) ?? 0
    var id = now.seconds
    if id <= newest,
      try Bool.fetchOne(
        database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM export WHERE id = ?)"), arguments: [id])!
    {
      id =
        try Int64.fetchOne(
          database.cachedStatement(
            sql: """
              SELECT min(id) + 1 FROM export WHERE id >= ? AND id + 1 NOT IN (SELECT id FROM export)
              """), arguments: [id])!
    }
    try database.cachedStatement(
      sql: """
        INSERT INTO export (id, name, origin, data_type, revision, created_at, source, is_recurring, stopped_by,
          reason, resumes_after, waits)
        VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      id, name, origin, resolved.definition.data.dataType, now, resolved.definition.source,
      resolved.definition.frequency.isRecurring, running == nil ? nil : Stopper.daemon,
      running.map { waitsForEnd(of: $0.name) }, running?.id, running != nil,
    ])
    try Self.insert(revision: 1, of: id, definition: definition, resolved: resolved, now: now, database)
    return id
  }

  /// The rule of SPEC section 4. A file is never an error for it: its export waits.
  /// - Returns: the one-time export that a recurring one must wait for.
  private static func room(
    for definition: Definition, named name: String, _ origin: Origin, _ database: Database
  ) throws -> (id: RequestId, name: String)? {
    guard definition.data.dataType == .profiles else { return nil }
    if definition.frequency.isRecurring {
      if origin == .file { return try admittedOneTime(of: definition.source, database) }
      try requireNoAdmittedOneTime(name, source: definition.source, database)
    } else if origin == .command, !definition.stopRecurring {
      try requireNoActiveRecurring(name, source: definition.source, database)
    }
    return nil
  }

  /// As ``room(for:named:_:_:)`` for an export that is there already and gets another definition.
  private static func makeRoom(
    for definition: Definition, of id: RequestId, now: Instant, _ database: Database
  ) throws {
    guard definition.data.dataType == .profiles, definition.frequency.isRecurring,
      let record = try ExportRecord.fetchOne(
        database.cachedStatement(
          sql: """
            SELECT \(ExportRecord.columns) FROM export WHERE id = ?
            """), arguments: [id]),
      record.stoppedBy == nil, record.doneAt == nil,
      let running = try admittedOneTime(of: definition.source, database)
    else { return }
    guard record.origin == .file else {
      return try requireNoAdmittedOneTime(record.name, source: definition.source, database)
    }
    try wait(id, for: running, now: now, database)
  }

  private static func delete(_ id: RequestId, now: Instant, _ database: Database) throws {
    try stopWork(of: id, reason: "the export was deleted", now: now, database)
    try database.cachedStatement(
      sql: """
        UPDATE export SET deleted_at = ?1, stopped_by = coalesce(stopped_by, 'person'),
          stopped_at = max(?1, coalesce(stopped_at + 1, 0)), reason = coalesce(reason, 'deleted'),
          resumes_after = NULL, waits = 0
        WHERE id = ?2 AND deleted_at IS NULL
        """
    ).execute(arguments: [now, id])
  }

  static func liveExport(named name: String, _ database: Database) throws -> ExportRecord? {
    try ExportRecord.fetchOne(
      database.cachedStatement(
        sql: """
          SELECT \(ExportRecord.columns) FROM export WHERE name = ? AND deleted_at IS NULL
          """),
      arguments: [name])
  }

  static func revision(of id: RequestId, number: Int?, _ database: Database) throws -> RevisionRecord {
    let row = try Row.fetchOne(
      database.cachedStatement(
        sql: """
          SELECT * FROM revision WHERE export_id = ?
            AND number = coalesce(?, (SELECT revision FROM export WHERE id = export_id))
          """), arguments: [id, number])
    guard let row else {
      throw ExportError(.state, .lasting, object: "export \(id)", problem: "has no revision \(number ?? 0)")
    }
    return try revision(row)
  }

  /// Outlines of the newest revisions of the exports whose ids `chosen` selects, with the definitions as they were
  /// written, by request id.
  static func newestOutlines(
    _ chosen: String, _ arguments: StatementArguments, _ database: Database
  ) throws -> [RequestId: (outline: RevisionOutline, definition: String)] {
    let rows = try Row.fetchCursor(
      database.cachedStatement(
        sql: """
          SELECT export.id, resolved, definition FROM export JOIN revision ON revision.export_id = export.id
            AND revision.number = export.revision WHERE export.id IN (\(chosen))
          """), arguments: arguments)
    var outlines: [RequestId: (outline: RevisionOutline, definition: String)] = [:]
    var tokens = JSONTokens()
    while let row = try rows.next() {
      let outline = try row.withUnsafeData(atIndex: 1) { resolved in
        let known = resolved?.withUnsafeBytes { RevisionOutline(encoded: $0, &tokens) }
        return try known
          ?? RevisionOutline(JSONDecoder().decode(Revision.self, from: resolved ?? Data()))
      }
      outlines[row[0]] = (outline, row[2])
    }
    return outlines
  }

  private static func revision(_ row: Row) throws -> RevisionRecord {
    let resolved: String = row["resolved"]
    return RevisionRecord(
      number: row["number"], definition: row["definition"],
      resolved: try JSONDecoder().decode(Revision.self, from: Data(resolved.utf8)))
  }

  private static func insert(
    revision number: Int, of id: RequestId, definition: String, resolved: Revision, now: Instant,
    _ database: Database
  ) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try database.cachedStatement(
      sql: """
        INSERT INTO revision (export_id, number, definition, resolved, created_at) VALUES (?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      id, number, definition, String(decoding: try encoder.encode(resolved), as: UTF8.self), now,
    ])
  }
}
