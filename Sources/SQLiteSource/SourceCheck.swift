internal import ExportCore
internal import TimeZones

/// What a person should know or mend about one database of a source.
struct SourceCheck {
  let configuration: SQLiteSourceConfiguration
  let connection: SQLiteConnection

  /// - Throws: when the database cannot be read any further.
  func findings(zone: (EventMapping) throws -> Zone) throws -> [SourceFinding] {
    var findings: [SourceFinding] = []
    let mode = connection.journalMode == .wal ? "WAL" : "rollback-journal"
    findings.append(finding(.note, "opened, in \(mode) mode"))
    var borrowsIdentities = false
    if let mapping = configuration.events {
      findings += collect {
        let schema = try EventSchema(mapping, in: connection)
        borrowsIdentities = schema.borrowsIdentities
        _ = try zone(mapping)
        var found = [finding(.note, fieldsOf(schema))]
        found += try sequenceFindings(schema, EventQuery(schema, unit: mapping.tsUnit))
        let plan = try ReadPlan(
          mapping, mayBlockWriters: configuration.mayBlockWriters, in: connection)
        _ = try Pinning(plan: plan, connection: connection).cut(watermark: nil)
        return try found + timeFindings(schema, plan)
      }
    }
    if let mapping = configuration.profiles {
      findings += collect { try profileFindings(mapping, isBorrowedFrom: borrowsIdentities) }
    }
    return findings
  }

  private func finding(_ severity: SourceFinding.Severity, _ message: String) -> SourceFinding {
    SourceFinding(severity, "\(connection.database.label): \(message)")
  }

  /// What is wrong with events must not hide what is wrong with profiles.
  private func collect(_ body: () throws -> [SourceFinding]) -> [SourceFinding] {
    do { return try body() } catch { return [SourceFinding(.error, "\(error)")] }
  }

  private func fieldsOf(_ schema: EventSchema) -> String {
    let fields = EventField.allCases.compactMap { field in
      schema.fields[field].map { "\(field.rawValue) = \($0.column ?? $0.sql)" }
    }
    let properties =
      switch schema.properties {
      case .none: "none"
      case .column(let field): "column \(field.column ?? field.sql)"
      case .composed(let properties): properties.map(\.name).joined(separator: ", ")
      }
    return
      "events from \(schema.relation.label): \(fields.joined(separator: ", ")); properties: \(properties)"
  }

  private func sequenceFindings(_ schema: EventSchema, _ query: EventQuery) throws -> [SourceFinding] {
    let from = schema.relation.label
    switch schema.sequence {
    case .none:
      return [
        finding(
          .warning,
          "\(from) has no sequence: rows that arrive late for a window already exported are not sent, and an "
            + "interrupted run starts over. Name a column that grows with every insertion under events.sequence"
        )
      ]
    case .primaryKey(let field):
      var findings = [
        finding(
          .note,
          "the sequence is \(field.column ?? field.sql), the INTEGER PRIMARY KEY of \(from): it is assumed to grow "
            + "with every insertion and never to change. INSERT OR REPLACE makes a new row of an old one")
      ]
      if !schema.relation.isAutoincrement {
        findings.append(
          finding(
            .note,
            "\(from) is declared without AUTOINCREMENT: when the newest row is deleted, its \(field.column ?? "") "
              + "is given to the next one, which a run in between takes for a replaced source"))
      }
      return findings
    case .expression(let field):
      var findings = [finding(.note, "the sequence is \(field.column ?? field.sql), as configured")]
      let text = SQLName.trimmed(configuration.events?.sequence ?? "")
      if schema.relation.integerPrimaryKey == nil,
        ["rowid", "_rowid_", "oid"].contains(where: { SQLName.same($0, text) })
      {
        findings.append(
          finding(.warning, "\(from) has no INTEGER PRIMARY KEY: VACUUM gives its rows new rowids"))
      }
      if !ReadPlan.isServedByIndex(try connection.plan(query.bySequence(.position))) {
        findings.append(
          finding(
            .warning,
            "no index serves the sequence: every run sorts all rows in one long read transaction. "
              + indexAdvice(schema.relation, field, "sequence")))
      }
      return findings
    }
  }

  private func timeFindings(_ schema: EventSchema, _ plan: ReadPlan) throws -> [SourceFinding] {
    guard try plan.order(in: connection) == .sequence else {
      return [finding(.note, "the rows of a window are found by an index on ts")]
    }
    let cost = "every run reads all rows of \(schema.relation.label)"
    if plan.query.unit == .iso8601 {
      return [
        finding(
          .note,
          "ts is text, whose order is not always the order of time: \(cost). An integer column with an index is "
            + "faster")
      ]
    }
    if ReadPlan.isServedByIndex(try connection.plan(plan.query.byTime(.position))) {
      return [
        finding(
          .warning,
          "ts holds texts, which an index does not order as numbers: \(cost). Map an expression such as "
            + "CAST(\(schema.ts.sql) AS INTEGER) and create an index on it")
      ]
    }
    return [
      finding(.warning, "no index serves ts: \(cost). " + indexAdvice(schema.relation, schema.ts, "ts"))
    ]
  }

  private func profileFindings(
    _ mapping: ProfileMapping, isBorrowedFrom: Bool
  ) throws -> [SourceFinding] {
    guard let identities = try ProfileIdentities(mapping, in: connection) else {
      return [finding(.note, "profiles from \(mapping.from) have no identity that events could borrow")]
    }
    let objectId = identities.objectId.column ?? identities.objectId.sql
    var findings = [finding(.note, "profiles from \(mapping.from): objectId = \(objectId)")]
    if isBorrowedFrom, try !identities.isServedByIndex(in: connection) {
      findings.append(
        finding(
          .warning,
          "no index finds a profile by its objectId: every run that reads events first copies all profiles into "
            + "a temporary file. " + indexAdvice(identities.relation, identities.objectId, "object_id")))
    }
    return findings
  }

  private func indexAdvice(_ relation: Relation, _ field: FieldExpression, _ name: String) -> String {
    guard relation.kind == .table else {
      return "Create an index on the column of the table behind \(relation.label)"
    }
    let plain = relation.sql.split(separator: "\"").joined()
    return "CREATE INDEX \(SQLName.quoted("\(plain)_\(name)")) ON \(relation.sql) (\(field.sql))"
  }
}
