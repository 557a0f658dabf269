internal import ExportCore
internal import TimeZones

/// What a person should know or mend about the profiles of one database.
struct ProfileCheck {
  let mapping: ProfileMapping
  let mayBlockWriters: Bool
  let connection: SQLiteConnection

  /// - Parameter areLent: whether events borrow identities from them.
  /// - Throws: when they cannot be read as mapped.
  func findings(areLent: Bool, zone: Zone) throws -> [SourceFinding] {
    let plan = try ProfilePlan(
      mapping, needsVersions: false, mayBlockWriters: true, zone: zone, in: connection)
    _ = try connection.prepare(plan.query(.everything).rows().sql)
    var findings = [connection.finding(.note, fields(plan.schema))]
    findings += timeFindings(plan)
    findings += try plan.query(.everything).unservedTimes(in: connection).map { indexFinding($0, plan) }
    findings += try uniquenessFindings(plan.schema)
    if areLent { findings += try lendingFindings(plan.schema) }
    return findings + journalFindings(plan.schema, areLent: areLent)
  }

  private func fields(_ schema: ProfileSchema) -> String {
    let fields = ProfileField.allCases.compactMap { field in
      schema.fields[field].map { "\(field.rawValue) = \($0.column ?? $0.sql)" }
    }
    return "profiles from \(schema.relation.label): \(fields.joined(separator: ", ")); "
      + "properties: \(schema.properties.description)"
  }

  private func timeFindings(_ plan: ProfilePlan) -> [SourceFinding] {
    guard plan.schema.fields[.updatedAt] != nil else {
      return [
        connection.finding(
          .note,
          "profiles have no updatedAt: exports can send all (\"full\") or compare all (\"compared\"), but not ask for "
            + "what has changed")
      ]
    }
    guard plan.timestamps.unit == .iso8601 else { return [] }
    return [
      connection.finding(
        .note,
        "updatedAt is text, whose order is not always the order of time: every run that asks for what has changed "
          + "reads all rows of \(plan.schema.relation.label). An integer column with an index is faster")
    ]
  }

  private func indexFinding(_ field: ProfileField, _ plan: ProfilePlan) -> SourceFinding {
    let expression = plan.schema.fields[field]!
    let cost = "every run that asks for what has changed reads all rows of \(plan.schema.relation.label)"
    guard plan.query(.everything).ordersTimes(expression) else {
      return connection.finding(
        .warning,
        "\(field.rawValue) is a column of texts, which an index does not order as numbers: \(cost). Map an expression "
          + "such as CAST(\(expression.sql) AS INTEGER) and create an index on it")
    }
    return connection.finding(
      .warning,
      "no index serves \(field.rawValue): \(cost). "
        + plan.schema.relation.indexAdvice(expression, field.defaultColumn))
  }

  private func uniquenessFindings(_ schema: ProfileSchema) throws -> [SourceFinding] {
    let objectId = schema.objectId.column ?? schema.objectId.sql
    guard schema.relation.kind == .table else {
      return [
        connection.finding(
          .note,
          "objectId (\(objectId)) is assumed to be unique in \(schema.relation.label): several rows of one objectId "
            + "count as states of one profile")
      ]
    }
    guard try !ObjectOrder.hasUniqueIndex(schema, in: connection) else { return [] }
    return [
      connection.finding(
        .warning,
        "nothing keeps objectId (\(objectId)) unique in \(schema.relation.label): several rows of one objectId count "
          + "as states of one profile, and their content decides in which order. A PRIMARY KEY or a UNIQUE index on "
          + "it rules that out")
    ]
  }

  private func lendingFindings(_ schema: ProfileSchema) throws -> [SourceFinding] {
    guard let identities = try ProfileIdentities(mapping, in: connection) else {
      return [
        connection.finding(
          .note, "profiles from \(schema.relation.label) have no identity that events could borrow")
      ]
    }
    guard try !identities.isServedByIndex(in: connection) else { return [] }
    return [
      connection.finding(
        .warning,
        "no index finds a profile by its objectId: every run that reads events first copies all profiles into "
          + "a temporary file. "
          + schema.relation.indexAdvice(schema.objectId, ProfileField.objectId.defaultColumn))
    ]
  }

  /// Where events borrow from them, profiles may be mapped for that alone, which holds nobody up.
  private func journalFindings(_ schema: ProfileSchema, areLent: Bool) -> [SourceFinding] {
    guard connection.journalMode == .rollback else { return [] }
    if mayBlockWriters {
      return [
        connection.finding(
          .warning,
          "while profiles are read from \(schema.relation.label), the writers of this database wait: it is in "
            + "rollback-journal mode, and \"mayBlockWriters\" allows it")
      ]
    }
    let error = ProfilePlan.blocksWriters(schema, connection)
    return [SourceFinding(areLent ? .warning : .error, "\(error)")]
  }
}

extension ProfileQuery {
  /// Which times no index finds.
  fileprivate func unservedTimes(in connection: SQLiteConnection) throws -> [ProfileField] {
    guard unit != .iso8601 else { return [] }
    return try [ProfileField.updatedAt, .deletedAt].filter { field in
      guard let expression = schema.fields[field] else { return false }
      guard ordersTimes(expression) else { return true }
      return try !ReadPlan.isServedByIndex(
        connection.plan("SELECT 1 FROM \(schema.relation.sql) WHERE \(expression.sql) >= 1"))
    }
  }
}
