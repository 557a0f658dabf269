/// How values are stored (parquet.thrift, `Type`).
enum PhysicalType: Int32, Sendable {
  case boolean = 0
  case int32 = 1
  case int64 = 2
  case double = 5
  case byteArray = 6

  /// What a value takes in memory before it is encoded; 0 where that differs.
  var width: Int {
    switch self {
    case .boolean: 1
    case .int32: 4
    case .int64, .double: 8
    case .byteArray: 0
    }
  }
}

extension ValueType {
  var physical: PhysicalType {
    switch self {
    case .boolean: .boolean
    case .int32: .int32
    case .int64, .timestampMilliseconds: .int64
    case .double: .double
    case .bytes, .string: .byteArray
    }
  }
}

extension Schema {
  /// Writes the list of schema elements, depth first, and the order of each column's statistics.
  func write(to thrift: inout ThriftWriter) {
    thrift.list(2, of: .structure, count: 1 + fields.reduce(0) { $0 + $1.elements })
    thrift.element { root in
      root.string(4, "schema")
      root.i32(5, Int32(fields.count))
    }
    for field in fields { field.write(to: &thrift) }
  }

  /// Every column in the order of its type: the only one that all readers know.
  func writeColumnOrders(to thrift: inout ThriftWriter) {
    thrift.list(7, of: .structure, count: columns.count)
    for _ in columns { thrift.element { $0.structure(1) { _ in } } }
  }
}

extension Field {
  fileprivate var elements: Int {
    switch content {
    case .value: 1
    case .group(_, let fields): 1 + fields.reduce(0) { $0 + $1.elements }
    }
  }

  /// A `SchemaElement`: the converted type beside the logical one, for readers that know only that.
  fileprivate func write(to thrift: inout ThriftWriter) {
    switch content {
    case .value(let type):
      thrift.element { element in
        element.i32(1, type.physical.rawValue)
        element.i32(3, repetition.rawValue)
        element.string(4, name)
        type.writeAnnotation(to: &element)
      }
    case .group(let kind, let fields):
      thrift.element { element in
        element.i32(3, repetition.rawValue)
        element.string(4, name)
        element.i32(5, Int32(fields.count))
        kind.writeAnnotation(to: &element)
      }
      for field in fields { field.write(to: &thrift) }
    }
  }
}

extension ValueType {
  fileprivate func writeAnnotation(to element: inout ThriftWriter) {
    switch self {
    case .string:
      element.i32(6, 0)
      element.structure(10) { $0.structure(1) { _ in } }
    case .timestampMilliseconds:
      element.i32(6, 9)
      element.structure(10) { logical in
        logical.structure(8) { timestamp in
          timestamp.bool(1, true)
          timestamp.structure(2) { unit in unit.structure(1) { _ in } }
        }
      }
    case .boolean, .int32, .int64, .double, .bytes: break
    }
  }
}

extension Field.GroupKind {
  fileprivate func writeAnnotation(to element: inout ThriftWriter) {
    switch self {
    case .structure: break
    case .map:
      element.i32(6, 1)
      element.structure(10) { $0.structure(2) { _ in } }
    case .list:
      element.i32(6, 3)
      element.structure(10) { $0.structure(3) { _ in } }
    }
  }
}
