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
    properties = try PropertySource(
      mapping.properties, path: "events.properties", besides: fields.values, resolver)
    sequence = try EventSchema.sequence(mapping, resolver)
  }

  /// Whether events can be completed with the identities of their profiles.
  var borrowsIdentities: Bool { fields[.objectId] != nil }

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
}
