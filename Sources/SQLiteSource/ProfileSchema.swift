internal import ExportCore

/// The mapping of a source's profiles, resolved in one database: every expression is known to compile.
struct ProfileSchema {
  let relation: Relation
  let objectId: FieldExpression
  /// All fields that have a value, `objectId` included.
  let fields: [ProfileField: FieldExpression]
  let properties: PropertySource

  init(_ mapping: ProfileMapping, in connection: SQLiteConnection) throws {
    let relation = try Relation(mapping.from, path: "profiles.from", in: connection)
    let resolver = ExpressionResolver(relation: relation, connection: connection)
    var fields: [ProfileField: FieldExpression] = [:]
    for field in ProfileField.allCases {
      fields[field] = try resolver.field(
        "profiles.columns.\(field.rawValue)", mapping.columns[field], defaultColumn: field.defaultColumn)
    }
    objectId = try resolver.required(
      "profiles.columns.objectId", mapping.columns[.objectId],
      defaultColumn: ProfileField.objectId.defaultColumn)
    self.relation = relation
    self.fields = fields
    properties = try PropertySource(
      mapping.properties, path: "profiles.properties", besides: fields.values, resolver)
  }
}
