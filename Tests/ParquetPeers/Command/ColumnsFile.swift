import Foundation
import Parquet

/// What the peers' tests hand over: a line of JSON that describes the file, then for each column its levels and its
/// values, all little-endian.
struct ColumnsFile {
  struct Description: Decodable {
    struct Node: Decodable {
      var name: String
      var repetition: String
      var type: String?
      var fields: [Node]?
      /// "map" or "list", of what `fields` says.
      var kind: String?
    }
    var schema: [Node]
    var rows: Int
    var rowGroupRows: Int
    var codec: String
    var level: Int?
    var pageRows: Int?
    var pageBytes: Int?
    var encodings: String
    var createdBy: String
    var keyValues: [[String]]
  }

  /// Levels and values of one column.
  struct Levels {
    var repetitions: Range<Int>
    var definitions: Range<Int>
    var values: Range<Int>
    /// What has been read.
    var entry = 0
    var offset: Int
  }

  let description: Description
  let bytes: Data
  private(set) var columns: [Levels] = []

  init(path: String) throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
    description = try JSONDecoder().decode(Description.self, from: line)
    self.bytes = bytes
    var offset = line.count + 1
    func number() -> Int {
      defer { offset += 8 }
      return bytes.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    }
    func range(_ count: Int) -> Range<Int> {
      defer { offset += count }
      return offset..<offset + count
    }
    while offset < bytes.count {
      let entries = number()
      let repetitions = range(entries)
      let definitions = range(entries)
      let values = range(number())
      columns.append(
        Levels(
          repetitions: repetitions, definitions: definitions, values: values, offset: values.lowerBound))
    }
  }

  func schema() throws -> Schema { try Schema(description.schema.map(ColumnsFile.field)) }

  private static func field(_ node: Description.Node) -> Field {
    let repetition: Field.Repetition =
      switch node.repetition {
      case "required": .required
      case "optional": .optional
      default: .repeated
      }
    guard let fields = node.fields else { return Field(node.name, repetition, type(node.type!)) }
    switch node.kind {
    case "map": return .map(node.name, repetition, key: type(fields[0].type!), value: type(fields[1].type!))
    case "list": return .list(node.name, repetition, of: type(fields[0].type!))
    default: return Field(node.name, repetition, fields.map(field))
    }
  }

  private static func type(_ name: String) -> ValueType {
    switch name {
    case "boolean": .boolean
    case "int32": .int32
    case "int64": .int64
    case "double": .double
    case "bytes": .bytes
    case "string": .string
    case "timestamp": .timestampMilliseconds
    default: fatalError("no type \(name)")
    }
  }
}
