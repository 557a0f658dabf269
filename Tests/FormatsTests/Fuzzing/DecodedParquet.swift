/// A Parquet file without compression (parquet.thrift, Encodings.md, PageIndex.md), read by nothing that exportd is made of.
struct DecodedParquet {
  /// What stands in a column: a value, or none, with the levels that tell how much of the way to it is there.
  struct Entry {
    var repetition: Int
    var definition: Int
    var value: Value?
  }

  enum Value: Equatable {
    case bool(Bool)
    case int64(Int64)
    case double(Double)
    case bytes([UInt8])
  }

  struct Column {
    var path: [[UInt8]]
    var maxDefinition = 0
    var maxRepetition = 0
    /// parquet.thrift, `Type`.
    var type = 0
    var entries: [Entry] = []
  }

  /// In the order of the schema.
  private(set) var columns: [Column] = []
  private(set) var rows = 0

  struct Wrong: Error { let what: String }

  /// - Throws: ``Wrong``, for anything that no reader could read, and statistics that are not true.
  init(_ file: [UInt8]) throws {
    guard file.count > 12, file.starts(with: "PAR1".utf8), file.suffix(4).elementsEqual("PAR1".utf8) else {
      throw Wrong(what: "no magic")
    }
    var length = ByteCursor(file.suffix(8))
    let footerLength = Int(length.littleEndian(4)!)
    guard footerLength <= file.count - 12 else { throw Wrong(what: "the footer's length is \(footerLength)") }
    var cursor = ByteCursor(file.dropLast(8).suffix(footerLength))
    guard let footer = cursor.structure(), cursor.isAtEnd else { throw Wrong(what: "no footer") }
    var elements = (footer[2]?.list ?? [])[...]
    guard let root = elements.popFirst(), let fields = root[5]?.integer else {
      throw Wrong(what: "no schema")
    }
    for _ in 0..<fields { try readField(&elements, inside: Column(path: [])) }
    guard elements.isEmpty, footer[7]?.list.count == columns.count else { throw Wrong(what: "columns") }
    for group in footer[4]?.list ?? [] { try readGroup(group, file) }
    guard footer[3]?.integer == rows else { throw Wrong(what: "rows of the file") }
  }

  private mutating func readField(_ elements: inout ArraySlice<DecodedThrift>, inside parent: Column) throws {
    guard let field = elements.popFirst(), let name = field[4]?.binary, let repetition = field[3]?.integer
    else {
      throw Wrong(what: "a field without name or repetition")
    }
    var column = parent
    column.path.append(name)
    column.maxDefinition += repetition == 0 ? 0 : 1
    column.maxRepetition += repetition == 2 ? 1 : 0
    if let count = field[5]?.integer {
      guard count > 0 else { throw Wrong(what: "a group without fields") }
      for _ in 0..<count { try readField(&elements, inside: column) }
    } else {
      guard let type = field[1]?.integer, !columns.contains(where: { $0.path == column.path }) else {
        throw Wrong(what: "a column twice, or without a type")
      }
      column.type = type
      columns.append(column)
    }
  }

  private mutating func readGroup(_ group: DecodedThrift, _ file: [UInt8]) throws {
    let chunks = group[1]?.list ?? []
    guard chunks.count == columns.count, let rows = group[3]?.integer else {
      throw Wrong(what: "chunks of a group")
    }
    self.rows += rows
    for (i, chunk) in chunks.enumerated() {
      guard let metadata = chunk[3], metadata[3]?.list.compactMap(\.binary) == columns[i].path else {
        throw Wrong(what: "a chunk of another column")
      }
      var reader = ChunkReader(column: columns[i], file: file)
      try reader.read(chunk, metadata)
      guard reader.entries.count(where: { $0.repetition == 0 }) == rows else {
        throw Wrong(what: "rows of a column")
      }
      columns[i].entries += reader.entries
    }
  }
}

/// The pages of one column chunk.
private struct ChunkReader {
  typealias Value = DecodedParquet.Value
  typealias Wrong = DecodedParquet.Wrong

  let column: DecodedParquet.Column
  let file: [UInt8]
  var entries: [DecodedParquet.Entry] = []
  private var dictionary: [Value] = []
  private var pageOffsets: [Int] = []

  init(column: DecodedParquet.Column, file: [UInt8]) {
    self.column = column
    self.file = file
  }

  mutating func read(_ chunk: DecodedThrift, _ metadata: DecodedThrift) throws {
    guard metadata[1]?.integer == column.type, metadata[4]?.integer == 0, let count = metadata[5]?.integer,
      let data = metadata[9]?.integer, let bytes = metadata[7]?.integer, metadata[6]?.integer == bytes
    else { throw Wrong(what: "a chunk's metadata") }
    let start = metadata[11]?.integer ?? data
    guard start >= 4, bytes > 0, start + bytes <= file.count else { throw Wrong(what: "where a chunk lies") }
    var cursor = ByteCursor(file[start..<start + bytes])
    while !cursor.isAtEnd { try readPage(&cursor) }
    guard entries.count == count, pageOffsets.first == data else { throw Wrong(what: "values of a chunk") }
    try check(metadata[12], entries)
    try checkIndex(chunk)
  }

  private mutating func readPage(_ cursor: inout ByteCursor) throws {
    let offset = cursor.at
    guard let header = cursor.structure(), let size = header[3]?.integer, header[2]?.integer == size,
      let page = cursor.take(size)
    else { throw Wrong(what: "a page's header") }
    var content = ByteCursor(page)
    if let description = header[7] {
      guard header[1]?.integer == 2, description[2]?.integer == 0, let count = description[1]?.integer,
        dictionary.isEmpty, entries.isEmpty
      else { throw Wrong(what: "a dictionary") }
      dictionary = try plain(count, &content)
    } else {
      guard header[1]?.integer == 0, let description = header[5], let count = description[1]?.integer,
        let encoding = description[2]?.integer
      else { throw Wrong(what: "a data page") }
      pageOffsets.append(offset)
      let repetitions = try levels(count, max: column.maxRepetition, &content)
      let definitions = try levels(count, max: column.maxDefinition, &content)
      var values = try values(definitions.count { $0 == column.maxDefinition }, encoding, &content)[...]
      for (repetition, definition) in zip(repetitions, definitions) {
        let value = definition == column.maxDefinition ? values.removeFirst() : nil
        entries.append(.init(repetition: repetition, definition: definition, value: value))
      }
    }
    guard content.isAtEnd else { throw Wrong(what: "bytes behind the values of a page") }
  }

  private func levels(_ count: Int, max: Int, _ cursor: inout ByteCursor) throws -> [Int] {
    guard max > 0 else { return Array(repeating: 0, count: count) }
    guard let length = cursor.littleEndian(4), let bytes = cursor.take(Int(length)) else {
      throw Wrong(what: "the length of levels")
    }
    var content = ByteCursor(bytes)
    let levels = try hybrid(count, width: Int.bitWidth - max.leadingZeroBitCount, &content)
    guard content.isAtEnd, levels.allSatisfy({ $0 <= max }) else { throw Wrong(what: "levels") }
    return levels
  }

  private func values(_ count: Int, _ encoding: Int, _ cursor: inout ByteCursor) throws -> [Value] {
    switch encoding {
    case 0: return try plain(count, &cursor)
    case 5: return try delta(&cursor, count).map { .int64($0) }
    case 8:
      guard let width = cursor.byte() else { throw Wrong(what: "the width of indices") }
      return try hybrid(count, width: Int(width), &cursor).map {
        guard $0 < dictionary.count else { throw Wrong(what: "an index behind the dictionary") }
        return dictionary[$0]
      }
    default: throw Wrong(what: "encoding \(encoding)")
    }
  }

  private func plain(_ count: Int, _ cursor: inout ByteCursor) throws -> [Value] {
    if column.type == 0 {
      guard let bytes = cursor.take((count + 7) / 8) else { throw Wrong(what: "booleans") }
      return (0..<count).map { .bool(bytes[bytes.startIndex + $0 / 8] >> UInt8($0 % 8) & 1 == 1) }
    }
    return try (0..<count).map { _ in
      let value: Value? =
        switch column.type {
        case 2: cursor.littleEndian(8).map { .int64(Int64(bitPattern: $0)) }
        case 5: cursor.littleEndian(8).map { .double(Double(bitPattern: $0)) }
        case 6: cursor.littleEndian(4).flatMap { cursor.take(Int($0)) }.map { .bytes(Array($0)) }
        default: nil
        }
      guard let value else { throw Wrong(what: "values of type \(column.type)") }
      return value
    }
  }

  /// Runs and packed groups of the RLE encoding.
  private func hybrid(_ count: Int, width: Int, _ cursor: inout ByteCursor) throws -> [Int] {
    var values: [Int] = []
    while values.count < count {
      guard let header = cursor.varint(), header > 1 else { throw Wrong(what: "a run") }
      if header & 1 == 1 {
        values += try packed(Int(header >> 1) * 8, width: width, &cursor).map { Int($0) }
      } else {
        guard let value = cursor.littleEndian((width + 7) / 8), header >> 1 <= count - values.count else {
          throw Wrong(what: "a run's value")
        }
        values += Array(repeating: Int(value), count: Int(header >> 1))
      }
    }
    return Array(values.prefix(count))
  }

  /// Numbers of `width` bits, the lowest bit first.
  private func packed(_ count: Int, width: Int, _ cursor: inout ByteCursor) throws -> [UInt64] {
    guard let bytes = cursor.take((count * width + 7) / 8).map(Array.init) else {
      throw Wrong(what: "packed numbers")
    }
    return (0..<count).map { number in
      (0..<width).reduce(0) { value, bit in
        let position = number * width + bit
        return value | UInt64(bytes[position / 8] >> UInt8(position % 8) & 1) << UInt64(bit)
      }
    }
  }

  /// DELTA_BINARY_PACKED.
  private func delta(_ cursor: inout ByteCursor, _ count: Int) throws -> [Int64] {
    guard let block = cursor.varint(), let miniblocks = cursor.varint(), miniblocks > 0,
      cursor.varint() == UInt64(count), let first = cursor.zigzag()
    else { throw Wrong(what: "the head of differences") }
    var values = [first]
    while values.count < count {
      guard let smallest = cursor.zigzag(), let widths = cursor.take(Int(miniblocks)) else {
        throw Wrong(what: "a block of differences")
      }
      for width in widths where values.count < count {
        for above in try packed(Int(block / miniblocks), width: Int(width), &cursor)
        where values.count < count {
          values.append(values.last! &+ smallest &+ Int64(bitPattern: above))
        }
      }
    }
    return values
  }

  // MARK: Statistics

  private func check(_ statistics: DecodedThrift?, _ entries: [DecodedParquet.Entry]) throws {
    let values = entries.compactMap(\.value)
    guard statistics?[3]?.integer == entries.count - values.count else {
      throw Wrong(what: "how many are null")
    }
    try checkBounds(statistics?[6]?.binary, statistics?[5]?.binary, values)
  }

  private func checkBounds(_ smallest: [UInt8]?, _ largest: [UInt8]?, _ values: [Value]) throws {
    for value in values {
      if let smallest, try precedes(value, bound(smallest)) {
        throw Wrong(what: "a smallest value that is not")
      }
      if let largest, try precedes(bound(largest), value) { throw Wrong(what: "a largest value that is not") }
    }
  }

  private func bound(_ bytes: [UInt8]) throws -> Value {
    guard column.type != 6 else { return .bytes(bytes) }
    var cursor = ByteCursor(bytes[...])
    return try plain(1, &cursor)[0]
  }

  private func precedes(_ a: Value, _ b: Value) -> Bool {
    switch (a, b) {
    case (.bool(let a), .bool(let b)): !a && b
    case (.int64(let a), .int64(let b)): a < b
    case (.double(let a), .double(let b)): a < b
    case (.bytes(let a), .bytes(let b)): a.lexicographicallyPrecedes(b)
    default: true
    }
  }

  /// The indexes of a chunk, whose pages are one after another.
  private func checkIndex(_ chunk: DecodedThrift) throws {
    func read(_ offset: Int, _ length: Int) throws -> DecodedThrift? {
      guard let offset = chunk[offset]?.integer else { return nil }
      guard let length = chunk[length]?.integer, offset > 0, length > 0, offset + length <= file.count else {
        throw Wrong(what: "where an index lies")
      }
      var cursor = ByteCursor(file[offset..<offset + length])
      guard let index = cursor.structure(), cursor.isAtEnd else { throw Wrong(what: "an index") }
      return index
    }
    guard try read(4, 5)?[1]?.list.map({ $0[1]?.integer }) == pageOffsets else {
      throw Wrong(what: "where pages lie")
    }
    // Only chunks of one page: whose values are those of the chunk.
    guard let bounds = try read(6, 7), pageOffsets.count == 1 else { return }
    let values = entries.compactMap(\.value)
    guard bounds[1]?.list.map(\.bool) == [values.isEmpty],
      bounds[5]?.list.map(\.integer) == [entries.count - values.count]
    else { throw Wrong(what: "nulls of a page") }
    if !values.isEmpty {
      try checkBounds(bounds[2]?.list.first?.binary, bounds[3]?.list.first?.binary, values)
    }
  }
}
