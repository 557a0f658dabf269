import ExportCore

/// What stands in a field of text: nothing, a text, or the JSON text of an array or object.
enum Cell {
  case none
  case text([UInt8], isString: Bool)
  case json(DecodedJSON)

  /// A lone surrogate is U+FFFD.
  init(_ value: DecodedJSON?) {
    self =
      switch value {
      case nil, .null?: .none
      case .string(let units)?: .text(Array(String(decoding: units, as: UTF16.self).utf8), isString: true)
      case .number(let text)?: .text(Array(text.utf8), isString: false)
      case .bool(let isTrue)?: .text(Array((isTrue ? "true" : "false").utf8), isString: false)
      case .array?, .object?: .json(value!)
      }
  }

  func isFound(as bytes: [UInt8]?, _ guardFormulas: Bool = false) -> Bool {
    switch self {
    case .none: return bytes == nil
    case .json(let value): return bytes.map { DecodedJSON($0) == value && !$0.contains(0x0A) } ?? false
    case .text(let text, let isString):
      let isFormula = text.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
      return bytes == (guardFormulas && isString && isFormula ? [UInt8(ascii: "'")] + text : text)
    }
  }
}

/// A column of CSV with a row.
struct ExpectedField {
  let name: [UInt8]
  let cell: Cell

  init(_ name: String, _ value: DecodedJSON?) { (self.name, cell) = (Array(name.utf8), Cell(value)) }

  /// A column for each name, in the order of their first appearance. Names that are the same in UTF-8 share one; the last value
  /// counts.
  static func group(_ prefix: String, _ object: DecodedJSON?) -> [ExpectedField] {
    object?.columns.map { ExpectedField(prefix + $0.name, $0.values.last) } ?? []
  }
}

/// A column of Parquet with a row.
struct ExpectedColumn {
  struct Entry {
    let repetition: Int
    let definition: Int
    let value: Value?

    init(repetition: Int, definition: Int, _ value: Value?) {
      (self.repetition, self.definition, self.value) = (repetition, definition, value)
    }
  }

  enum Value {
    case exactly(DecodedParquet.Value)
    case text(Cell)
  }

  /// As narrow as a column can be that holds a value.
  enum Kind {
    case none, boolean, int53, int64, double, string

    init(_ value: DecodedJSON) {
      switch value {
      case .null: self = .none
      case .bool: self = .boolean
      case .string, .array, .object: self = .string
      case .number(let text):
        if text.contains(where: { ".eE".contains($0) }) {
          let number = Double(text)!
          let isLost =
            number == 0 && text.prefix { $0 != "e" && $0 != "E" }.contains { "123456789".contains($0) }
          self = number.isFinite && !isLost ? .double : .string
        } else {
          self = Int64(text).map { $0.magnitude <= 1 << 53 ? .int53 : .int64 } ?? .string
        }
      }
    }

    func widened(by other: Kind) -> Kind {
      switch (self, other) {
      case (.none, let kind), (let kind, .none): kind
      case (.int53, .int64), (.int64, .int53): .int64
      case (.int53, .double), (.double, .int53): .double
      default: self == other ? self : .string
      }
    }

    /// parquet.thrift, `Type`.
    var type: Int {
      switch self {
      case .boolean: 0
      case .int53, .int64: 2
      case .double: 5
      case .none, .string: 6
      }
    }

    func value(_ json: DecodedJSON) -> Value? {
      switch (self, json) {
      case (_, .null): nil
      case (.boolean, .bool(let isTrue)): .exactly(.bool(isTrue))
      case (.int53, .number(let text)), (.int64, .number(let text)): .exactly(.int64(Int64(text)!))
      case (.double, .number(let text)): .exactly(.double(Double(text)!))
      default: .text(Cell(json))
      }
    }
  }

  let path: [String]
  let type: Int
  /// Of one row.
  let entries: [Entry]

  init(_ path: [String], _ kind: Kind, _ entries: [Entry]) {
    (self.path, type, self.entries) = (path, kind.type, entries)
  }

  /// An optional column of text.
  init(_ path: [String], text value: DecodedJSON?) {
    self.init(path, .string, value ?? .null, .string)
  }

  private init(_ path: [String], _ type: Kind, _ value: DecodedJSON, _ kind: Kind) {
    let found = kind.value(value)
    self.init(path, type, [Entry(repetition: 0, definition: found == nil ? 0 : 1, found)])
  }

  /// An optional list of texts.
  init(list path: [String], _ array: DecodedJSON?) {
    var entries = [Entry(repetition: 0, definition: array == nil ? 0 : 1, nil)]
    if case .array(let elements)? = array, !elements.isEmpty {
      entries = elements.enumerated().map { number, element in
        let value = Kind.string.value(element)
        return Entry(repetition: min(number, 1), definition: value == nil ? 2 : 3, value)
      }
    }
    self.init(path + ["list", "element"], .string, entries)
  }

  /// A structure with a column for each name, or a map.
  static func group(_ name: String, _ object: DecodedJSON?, _ isMap: Bool) -> [ExpectedColumn] {
    guard !isMap else { return map(name, object?.members ?? []) }
    return object?.columns.map { column in
      let kind = column.values.reduce(Kind.none) { $0.widened(by: Kind($1)) }
      return ExpectedColumn([name, column.name], kind, column.values.last!, kind)
    } ?? []
  }

  private static func map(_ name: String, _ members: [DecodedJSON.Member]) -> [ExpectedColumn] {
    let none = Entry(repetition: 0, definition: 0, nil)
    let keys = members.enumerated().map { number, member in
      Entry(repetition: min(number, 1), definition: 1, .text(Cell(.string(member.name))))
    }
    let values = members.enumerated().map { number, member in
      let value = Kind.string.value(member.value)
      return Entry(repetition: min(number, 1), definition: value == nil ? 1 : 2, value)
    }
    return [
      ExpectedColumn([name, "key_value", "key"], .string, keys.isEmpty ? [none] : keys),
      ExpectedColumn([name, "key_value", "value"], .string, values.isEmpty ? [none] : values),
    ]
  }

  static func complaint(_ wanted: some Collection<ExpectedColumn>, in file: DecodedParquet, rows: Int)
    -> String?
  {
    guard file.columns.map(\.path) == wanted.map({ $0.path.map { Array($0.utf8) } }),
      file.columns.map(\.type) == wanted.map(\.type)
    else { return "Parquet: columns \(file.columns.map { ($0.path, $0.type) }), wanted \(wanted)" }
    for (found, wanted) in zip(file.columns, wanted) {
      let entries = Array(repeating: wanted.entries, count: rows).joined()
      guard found.entries.count == entries.count,
        zip(found.entries, entries).allSatisfy({ $1.isFound(as: $0) })
      else { return "Parquet: found \(found), wanted \(wanted)" }
    }
    return nil
  }
}

extension ExpectedColumn.Entry {
  fileprivate func isFound(as entry: DecodedParquet.Entry) -> Bool {
    guard repetition == entry.repetition, definition == entry.definition else { return false }
    switch (value, entry.value) {
    case (nil, nil): return true
    case (.exactly(.double(let wanted))?, .double(let found)?): return wanted.bitPattern == found.bitPattern
    case (.exactly(let wanted)?, let found?): return wanted == found
    case (.text(let wanted)?, .bytes(let found)?): return wanted.isFound(as: found)
    default: return false
    }
  }
}

extension DecodedJSON {
  /// Of an object; none of anything else.
  var members: [Member] { if case .object(let members) = self { members } else { [] } }

  /// The value of a member.
  subscript(_ name: String) -> DecodedJSON? { members.first { $0.name == Array(name.utf16) }?.value }

  /// Those that there are.
  static func members(_ all: [(name: String, value: DecodedJSON?)]) -> [Member] {
    all.compactMap { name, value in value.map { Member(name: Array(name.utf16), value: $0) } }
  }

  /// Names as UTF-8 has them, each once, with the values of all members that have it.
  var columns: [(name: String, values: [DecodedJSON])] {
    var columns: [(name: String, values: [DecodedJSON])] = []
    var numbers: [[UInt8]: Int] = [:]
    for member in members {
      let name = String(decoding: member.name, as: UTF16.self)
      if let number = numbers[Array(name.utf8)] {
        columns[number].values.append(member.value)
      } else {
        numbers[Array(name.utf8)] = columns.count
        columns.append((name, [member.value]))
      }
    }
    return columns
  }

  /// With `asString`: itself, the members of some groups read back from their texts as far as the wanted ones are no strings.
  func readingTexts(as wanted: DecodedJSON, in groups: [String]) -> DecodedJSON {
    guard members.count == wanted.members.count else { return self }
    return .object(
      zip(members, wanted.members).map { member, wanted in
        groups.contains { member.name == Array($0.utf16) }
          ? Member(name: member.name, value: member.value.readingTexts(as: wanted.value)) : member
      })
  }

  private func readingTexts(as wanted: DecodedJSON) -> DecodedJSON {
    guard members.count == wanted.members.count, case .object = self else { return self }
    return .object(
      zip(members, wanted.members).map { member, wanted in
        guard case .string(let units) = member.value else { return member }
        if case .string = wanted.value { return member }
        let text = String(decoding: units, as: UTF16.self)
        return Member(name: member.name, value: DecodedJSON(text.utf8) ?? member.value)
      })
  }
}
