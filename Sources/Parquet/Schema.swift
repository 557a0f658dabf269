/// What the values of a column are, and how they are stored (LogicalTypes.md of the Parquet format).
public enum ValueType: Hashable, Sendable {
  case boolean
  case int32
  case int64
  case double
  /// Any bytes.
  case bytes
  /// UTF-8.
  case string
  /// Milliseconds since 1970-01-01T00:00:00Z.
  case timestampMilliseconds
}

/// A node of a schema: a column, or a group of fields.
public struct Field: Hashable, Sendable {
  /// How often a field occurs in each occurrence of what it lies in.
  public enum Repetition: Int32, Hashable, Sendable {
    case required = 0
    case optional = 1
    case repeated = 2
  }

  /// What a group stands for beyond its fields.
  public enum GroupKind: Hashable, Sendable { case structure, map, list }

  indirect enum Content: Hashable, Sendable {
    case value(ValueType)
    case group(GroupKind, [Field])
  }

  let name: String
  let repetition: Repetition
  let content: Content

  /// A column.
  public init(_ name: String, _ repetition: Repetition, _ type: ValueType) {
    self.name = name
    self.repetition = repetition
    content = .value(type)
  }

  /// A structure.
  public init(_ name: String, _ repetition: Repetition, _ fields: [Field]) {
    self.init(name, repetition, .structure, fields)
  }

  private init(_ name: String, _ repetition: Repetition, _ kind: GroupKind, _ fields: [Field]) {
    self.name = name
    self.repetition = repetition
    content = .group(kind, fields)
  }

  /// A map, in the three levels that LogicalTypes.md asks for. Its columns are the keys, which are always there, and
  /// the values, which may be null.
  public static func map(
    _ name: String, _ repetition: Repetition, key: ValueType, value: ValueType
  ) -> Field {
    let entry = Field(
      "key_value", .repeated, [Field("key", .required, key), Field("value", .optional, value)])
    return Field(name, repetition, .map, [entry])
  }

  /// A list, in the three levels that LogicalTypes.md asks for. Its elements may be null.
  public static func list(_ name: String, _ repetition: Repetition, of element: ValueType) -> Field {
    Field(name, repetition, .list, [Field("list", .repeated, [Field("element", .optional, element)])])
  }
}

/// A column of a schema: a field that holds values.
public struct Column: Hashable, Sendable {
  /// The names on the way to it, from the outermost.
  public let path: [String]
  /// What its values are.
  public let type: ValueType
  /// How many fields on the way may be absent or repeated: the definition level of a value.
  public let maxDefinition: Int
  /// How many fields on the way are repeated.
  public let maxRepetition: Int

  /// The elements of `path` as Thrift has them, for every chunk's metadata.
  let thriftPath: [UInt8]
}

/// Why fields cannot be a schema.
public enum SchemaError: Error, Hashable, Sendable {
  /// A group without fields, which no reader takes.
  case emptyGroup(path: [String])
  /// Two fields of one group with one name.
  case duplicate(path: [String])
  /// More than fifteen optional or repeated fields within one another.
  case tooDeep(path: [String])
}

/// The fields of a file, and the columns that they come to.
public struct Schema: Hashable, Sendable {
  let fields: [Field]
  /// In the order of the schema, depth first. Columns are addressed by their index here.
  public let columns: [Column]

  /// Levels are kept in four bits.
  static let maxLevel = 15

  /// - Throws: ``SchemaError`` that names the field.
  public init(_ fields: [Field]) throws(SchemaError) {
    self.fields = fields
    var columns: [Column] = []
    try Schema.collect(fields, path: [], definition: 0, repetition: 0, into: &columns)
    self.columns = columns
  }

  private static func collect(
    _ fields: [Field], path: [String], definition: Int, repetition: Int, into columns: inout [Column]
  ) throws(SchemaError) {
    guard !fields.isEmpty else { throw .emptyGroup(path: path) }
    // By bytes: to Swift texts are equal that differ in how their characters are composed.
    var names = Set<[UInt8]>(minimumCapacity: fields.count)
    for field in fields {
      let path = path + [field.name]
      guard names.insert(Array(field.name.utf8)).inserted else { throw .duplicate(path: path) }
      let definition = definition + (field.repetition == .required ? 0 : 1)
      let repetition = repetition + (field.repetition == .repeated ? 1 : 0)
      guard definition <= maxLevel else { throw .tooDeep(path: path) }
      switch field.content {
      case .group(_, let fields):
        try collect(fields, path: path, definition: definition, repetition: repetition, into: &columns)
      case .value(let type):
        columns.append(
          Column(
            path: path, type: type, maxDefinition: definition, maxRepetition: repetition,
            thriftPath: thriftElements(path)))
      }
    }
  }

  private static func thriftElements(_ path: [String]) -> [UInt8] {
    var thrift = ThriftWriter()
    for name in path { thrift.element(name) }
    return Array(thrift.output.bytes)
  }
}
