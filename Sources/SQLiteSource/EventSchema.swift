internal import CSQLite
internal import ExportCore

/// What grows with every insertion into the events of one database.
enum SequenceRule {
  /// The table's INTEGER PRIMARY KEY, an alias of its rowid.
  case primaryKey(FieldExpression)
  /// What the mapping names.
  case expression(FieldExpression)
  case none

  var expression: FieldExpression? {
    switch self {
    case .primaryKey(let field), .expression(let field): field
    case .none: nil
    }
  }
}

/// Where an event's properties are.
enum PropertySource {
  case none
  /// One column that holds a JSON object.
  case column(FieldExpression)
  /// Composed of one value each, in this order.
  case composed([(name: String, value: FieldExpression)])
}

/// The mapping of a source's events, resolved in one database: every expression is known to compile.
struct EventSchema {
  let relation: Relation
  let ts: FieldExpression
  let name: FieldExpression
  /// All fields that have a value, `ts` and `name` included.
  let fields: [EventField: FieldExpression]
  let properties: PropertySource
  let sequence: SequenceRule

  init(_ mapping: EventMapping, in connection: SQLiteConnection) throws {
    let relation = try Relation(mapping.from, path: "events.from", in: connection)
    let resolver = ExpressionResolver(relation: relation, connection: connection)
    var fields: [EventField: FieldExpression] = [:]
    for field in EventField.allCases {
      fields[field] = try resolver.field(
        "events.columns.\(field.rawValue)", mapping.columns[field], defaultColumn: field.defaultColumn)
    }
    ts = try resolver.required("events.columns.ts", mapping.columns[.ts], defaultColumn: "ts")
    name = try resolver.required("events.columns.name", mapping.columns[.name], defaultColumn: "name")
    self.relation = relation
    self.fields = fields
    properties = try EventSchema.properties(mapping, fields: fields, resolver)
    sequence = try EventSchema.sequence(mapping, resolver)
  }

  /// Whether events can be completed with the identities of their profiles.
  var borrowsIdentities: Bool { fields[.objectId] != nil }

  private static func properties(
    _ mapping: EventMapping, fields: [EventField: FieldExpression], _ resolver: ExpressionResolver
  ) throws -> PropertySource {
    let path = "events.properties"
    switch mapping.properties {
    case .defaultColumn:
      let found = try resolver.field(path, nil, defaultColumn: "properties")
      return found.map(PropertySource.column) ?? .none
    case .column(let name): return .column(try resolver.column(path, name))
    case .expressions(let properties):
      return .composed(
        try properties.map { ($0.name, try resolver.expression("\(path).\($0.name)", $0.expression)) })
    case .everyOtherColumn:
      let taken = fields.values.compactMap(\.column)
      return .composed(
        resolver.relation.columns.map(\.name)
          .filter { name in !taken.contains { SQLName.same($0, name) } }
          .map { ($0, FieldExpression(sql: SQLName.quoted($0), column: $0)) })
    }
  }

  private static func sequence(_ mapping: EventMapping, _ resolver: ExpressionResolver) throws -> SequenceRule
  {
    let key = resolver.relation.integerPrimaryKey
    if let text = mapping.sequence {
      let field = try resolver.expression("events.sequence", text)
      if let key, field.column == key { return .primaryKey(field) }
      return .expression(field)
    }
    guard let key else { return .none }
    return .primaryKey(FieldExpression(sql: SQLName.quoted(key), column: key))
  }

  /// How SQLite compares the values of `ts`, where that is certain: only for a plain column of a table is the
  /// declared type the type of all values. Nil for what has to be looked at.
  func affinity(ofColumnOf field: FieldExpression) -> Affinity? {
    guard relation.kind == .table, let name = field.column, let column = relation.column(name) else {
      return nil
    }
    return Affinity(declaredType: column.type)
  }
}

/// What SQLite makes of a value that is stored in a column (Datatypes in SQLite, section 3.1).
enum Affinity {
  case integer, real, numeric, text, none

  init(declaredType: String) {
    let type = declaredType.uppercased()
    self =
      if type.contains("INT") {
        .integer
      } else if type.contains("CHAR") || type.contains("CLOB") || type.contains("TEXT") {
        .text
      } else if type.contains("BLOB") || type.isEmpty || type == "ANY" {
        // ANY converts nothing in a STRICT table, and like NUMERIC elsewhere: nothing may be built on it.
        .none
      } else if type.contains("REAL") || type.contains("FLOA") || type.contains("DOUB") {
        .real
      } else {
        .numeric
      }
  }

  /// Whether every text that looks like a number has become one.
  var makesNumbers: Bool { self == .integer || self == .real || self == .numeric }
}
