internal import ExportCore

/// Where a record's properties are.
enum PropertySource {
  case none
  /// One column that holds a JSON object.
  case column(FieldExpression)
  /// Composed of one value each, in this order.
  case composed([(name: String, value: FieldExpression)])

  /// - Parameters:
  ///   - path: where the configuration says it: `events.properties`.
  ///   - fields: the record's other fields, whose columns `"*"` leaves out.
  init(
    _ mapping: PropertyMapping, path: String, besides fields: some Sequence<FieldExpression>,
    _ resolver: ExpressionResolver
  ) throws {
    switch mapping {
    case .defaultColumn:
      let found = try resolver.field(path, nil, defaultColumn: "properties")
      self = found.map(PropertySource.column) ?? .none
    case .column(let name): self = .column(try resolver.column(path, name))
    case .expressions(let properties):
      self = .composed(
        try properties.map { ($0.name, try resolver.expression("\(path).\($0.name)", $0.expression)) })
    case .everyOtherColumn:
      let taken = fields.compactMap(\.column)
      self = .composed(
        resolver.relation.columns.map(\.name)
          .filter { name in !taken.contains { SQLName.same($0, name) } }
          .map { ($0, FieldExpression(sql: SQLName.quoted($0), column: $0)) })
    }
  }

  /// For a person.
  var description: String {
    switch self {
    case .none: "none"
    case .column(let field): "column \(field.column ?? field.sql)"
    case .composed(let properties): properties.map(\.name).joined(separator: ", ")
    }
  }
}

/// Where properties stand among the columns of a statement.
struct PropertyColumns {
  /// A JSON object as it is; -1 without one.
  var whole: Int32 = -1
  /// The first of the columns that properties are composed of; -1 when they are not.
  var first: Int32 = -1
  /// `"name":` of each composed property, as JSON, in the order of the columns.
  var names: [[UInt8]] = []

  /// None.
  init() {}

  /// Appends the columns of `source` to the terms of a SELECT.
  init(_ source: PropertySource, to terms: inout [String]) {
    switch source {
    case .none: break
    case .column(let field):
      whole = Int32(terms.count)
      terms.append(field.sql)
    case .composed(let properties):
      first = Int32(terms.count)
      for property in properties {
        var name: [UInt8] = []
        JSONText.appendString(property.name, to: &name)
        name.append(UInt8(ascii: ":"))
        names.append(name)
        terms.append(property.value.sql)
      }
    }
  }
}
