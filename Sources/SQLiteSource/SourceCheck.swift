internal import ExportCore
internal import TimeZones

/// What a person should know or mend about one database of a source.
struct SourceCheck {
  let configuration: SQLiteSourceConfiguration
  let connection: SQLiteConnection

  /// - Throws: when the database cannot be read any further.
  func findings(
    zone: (EventMapping) throws -> Zone, profileZone: (ProfileMapping) throws -> Zone
  ) throws -> [SourceFinding] {
    var findings: [SourceFinding] = []
    let mode = connection.journalMode == .wal ? "WAL" : "rollback-journal"
    findings.append(connection.finding(.note, "opened, in \(mode) mode"))
    var borrowsIdentities = false
    if let mapping = configuration.events {
      findings += collect {
        let schema = try EventSchema(mapping, in: connection)
        borrowsIdentities = schema.borrowsIdentities
        _ = try zone(mapping)
        var found = [connection.finding(.note, fieldsOf(schema))]
        found += try sequenceFindings(schema, EventQuery(schema, unit: mapping.tsUnit))
        let plan = try ReadPlan(
          mapping, mayBlockWriters: configuration.mayBlockWriters, in: connection)
        _ = try Pinning(plan: plan, connection: connection).cut(watermark: nil)
        return try found + timeFindings(schema, plan)
      }
    }
    if let mapping = configuration.profiles {
      let check = ProfileCheck(
        mapping: mapping, mayBlockWriters: configuration.mayBlockWriters, connection: connection)
      findings += collect {
        try check.findings(areLent: borrowsIdentities, zone: try profileZone(mapping))
      }
    }
    return findings
  }

  /// What is wrong with events must not hide what is wrong with profiles.
  private func collect(_ body: () throws -> [SourceFinding]) -> [SourceFinding] {
    do { return try body() } catch { return [SourceFinding(.error, "\(error)")] }
  }

  private func fieldsOf(_ schema: EventSchema) -> String {
    let fields = EventField.allCases.compactMap { field in
      schema.fields[field].map { "\(field.rawValue) = \($0.column ?? $0.sql)" }
    }
    return "events from \(schema.relation.label): \(fields.joined(separator: ", ")); "
      + "properties: \(schema.properties.description)"
  }

  private func sequenceFindings(_ schema: EventSchema, _ query: EventQuery) throws -> [SourceFinding] {
    let from = schema.relation.label
    switch schema.sequence {
    case .none:
      return [
        connection.finding(
          .warning,
          "\(from) has no sequence: rows that arrive late for a window already exported are not sent, and an "
            + "interrupted run starts over. Name a column that grows with every insertion under events.sequence"
        )
      ]
    case .primaryKey(let field):
      var findings = [
        connection.finding(
          .note,
          "the sequence is \(field.column ?? field.sql), the INTEGER PRIMARY KEY of \(from): it is assumed to grow "
            + "with every insertion and never to change. INSERT OR REPLACE makes a new row of an old one")
      ]
      if !schema.relation.isAutoincrement {
        findings.append(
          connection.finding(
            .note,
            "\(from) is declared without AUTOINCREMENT: when the newest row is deleted, its \(field.column ?? "") "
              + "is given to the next one, which a run in between takes for a replaced source"))
      }
      return findings
    case .expression(let field):
      var findings = [
        connection.finding(.note, "the sequence is \(field.column ?? field.sql), as configured")
      ]
      let text = SQLName.trimmed(configuration.events?.sequence ?? "")
      if schema.relation.integerPrimaryKey == nil,
        ["rowid", "_rowid_", "oid"].contains(where: { SQLName.same($0, text) })
      {
        findings.append(
          connection.finding(.warning, "\(from) has no INTEGER PRIMARY KEY: VACUUM gives its rows new rowids")
        )
      }
      if !ReadPlan.isServedByIndex(try connection.plan(query.bySequence(.position))) {
        findings.append(
          connection.finding(
            .warning,
            "no index serves the sequence: every run sorts all rows in one long read transaction. "
              + schema.relation.indexAdvice(field, "sequence")))
      }
      return findings
    }
  }

  private func timeFindings(_ schema: EventSchema, _ plan: ReadPlan) throws -> [SourceFinding] {
    guard try plan.order(in: connection) == .sequence else {
      return [connection.finding(.note, "the rows of a window are found by an index on ts")]
    }
    let cost = "every run reads all rows of \(schema.relation.label)"
    if plan.query.unit == .iso8601 {
      return [
        connection.finding(
          .note,
          "ts is text, whose order is not always the order of time: \(cost). An integer column with an index is "
            + "faster")
      ]
    }
    if ReadPlan.isServedByIndex(try connection.plan(plan.query.byTime(.position))) {
      return [
        connection.finding(
          .warning,
          "ts holds texts, which an index does not order as numbers: \(cost). Map an expression such as "
            + "CAST(\(schema.ts.sql) AS INTEGER) and create an index on it")
      ]
    }
    return [
      connection.finding(
        .warning, "no index serves ts: \(cost). " + schema.relation.indexAdvice(schema.ts, "ts"))
    ]
  }
}

extension SQLiteConnection {
  func finding(_ severity: SourceFinding.Severity, _ message: String) -> SourceFinding {
    SourceFinding(severity, "\(database.label): \(message)")
  }
}

extension Relation {
  /// Words that tell how to make an index on a field.
  func indexAdvice(_ field: FieldExpression, _ suffix: String) -> String {
    guard let name, kind == .table else {
      return "Create an index on the column of the table behind \(label)"
    }
    return "CREATE INDEX \(SQLName.quoted("\(name)_\(suffix)")) ON \(sql) (\(field.sql))"
  }
}
