/// Thrift's compact protocol, in which all metadata of a Parquet file is written (Apache Thrift,
/// thrift-compact-protocol.md): fields in ascending order of their ids, each under a byte of type and distance.
struct ThriftWriter: ~Copyable {
  /// Types as elements of a list have them.
  enum ElementType: UInt8 {
    case bool = 1
    case i32 = 5
    case i64 = 6
    case binary = 8
    case structure = 12
  }

  var output = Bytes()
  private var lastField: Int16 = 0

  init() {}

  private mutating func header(_ field: Int16, _ type: UInt8) {
    let distance = field - lastField
    assert(distance > 0, "fields ascend")
    if distance <= 15 {
      output.append(UInt8(distance) << 4 | type)
    } else {
      output.append(type)
      output.append(zigzag: Int64(field))
    }
    lastField = field
  }

  mutating func bool(_ field: Int16, _ value: Bool) { header(field, value ? 1 : 2) }

  mutating func i16(_ field: Int16, _ value: Int16) {
    header(field, 4)
    output.append(zigzag: Int64(value))
  }

  mutating func i32(_ field: Int16, _ value: Int32) {
    header(field, ElementType.i32.rawValue)
    output.append(zigzag: Int64(value))
  }

  mutating func i64(_ field: Int16, _ value: Int64) {
    header(field, ElementType.i64.rawValue)
    output.append(zigzag: value)
  }

  mutating func binary(_ field: Int16, _ value: UnsafeRawBufferPointer) {
    header(field, ElementType.binary.rawValue)
    element(value)
  }

  mutating func string(_ field: Int16, _ value: String) {
    header(field, ElementType.binary.rawValue)
    element(value)
  }

  /// A field that is a structure, whose own fields `body` writes.
  mutating func structure(_ field: Int16, _ body: (inout ThriftWriter) -> Void) {
    header(field, ElementType.structure.rawValue)
    element(body)
  }

  /// A field that is a list; its elements follow.
  mutating func list(_ field: Int16, of type: ElementType, count: Int) {
    header(field, 9)
    if count < 15 {
      output.append(UInt8(count) << 4 | type.rawValue)
    } else {
      output.append(0xF0 | type.rawValue)
      output.append(varint: UInt64(count))
    }
  }

  mutating func element(_ value: Bool) { output.append(value ? 1 as UInt8 : 2) }
  mutating func element(_ value: Int32) { output.append(zigzag: Int64(value)) }
  mutating func element(_ value: Int64) { output.append(zigzag: value) }

  mutating func element(_ value: UnsafeRawBufferPointer) {
    output.append(varint: UInt64(value.count))
    output.append(value)
  }

  mutating func element(_ value: String) {
    var value = value
    value.withUTF8 { element(UnsafeRawBufferPointer($0)) }
  }

  /// A structure as an element, or the outermost one.
  mutating func element(_ body: (inout ThriftWriter) -> Void) {
    let outer = lastField
    lastField = 0
    body(&self)
    end()
    lastField = outer
  }

  /// Goes on with a structure whose fields up to `field` are already in the output.
  mutating func resume(after field: Int16) { lastField = field }

  /// Ends a structure.
  mutating func end() { output.append(0 as UInt8) }
}
