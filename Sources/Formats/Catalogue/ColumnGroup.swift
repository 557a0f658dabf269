import ExportCore

/// The columns of one group of properties: their names in order, their types, and which value of the row at hand
/// belongs in each.
///
/// Rows of one event tend to have their properties in one order. So each column remembers which one followed it last,
/// and most names are found by one comparison.
struct ColumnGroup: ~Copyable {
  private struct Column {
    /// Of the name, among all names.
    var offset: UInt32
    var count: UInt32
    var hash: UInt32
    /// The column that came behind this one when it last had a value.
    var next: UInt32
    var type: PropertyType
    /// Whether the ledger does not know it, or not this type of it.
    var isFresh: Bool
  }

  private var names = OutputBytes(capacity: 0)
  private var columns: UnsafeMutablePointer<Column>
  /// For each column the index of its value's token; 0, which is no value's, where the row has none.
  private var cells: UnsafeMutablePointer<UInt32>
  private var capacity = 0
  private(set) var count = 0
  /// Columns that have a value in the row at hand.
  private var placed: [UInt32] = []
  /// Of the object placed last, if all of its names had columns: another one of that shape lies in the same cells.
  private var shape: ObjectShape?
  /// The column that came first last.
  private var first: UInt32 = 0
  /// Number of the column plus one; 0 is empty. At most half full. None as long as there are so few columns that a look at each
  /// takes no longer: very many events have no more.
  private var slots: [UInt32] = []
  private static let fewColumns = 8
  private var unescaped: [UInt8] = []

  init() {
    columns = .allocate(capacity: 0)
    cells = .allocate(capacity: 0)
  }

  deinit {
    columns.deallocate()
    cells.deallocate()
  }

  /// How much memory it takes, about, in bytes.
  var bytes: Int {
    names.count + capacity * (MemoryLayout<Column>.stride + 4) + slots.count * 4 + placed.capacity * 4
  }

  /// Valid until a column is added.
  @inline(__always)
  func name(of column: Int) -> UnsafeRawBufferPointer {
    let entry = columns[column]
    return UnsafeRawBufferPointer(
      rebasing: names.bytes[Int(entry.offset)..<Int(entry.offset) + Int(entry.count)])
  }

  @inline(__always)
  func type(of column: Int) -> PropertyType { columns[column].type }

  /// Index of the token of the value that the object placed last has for a column; 0 where it has none.
  @inline(__always)
  func cell(_ column: Int) -> Int { Int(cells[column]) }

  // MARK: One row

  /// Finds the column of each member of an object. What has none gets one, and a value that its column cannot hold
  /// widens it.
  /// - Returns: whether all of them had one before, that holds the value if types are asked for.
  @inline(__always)
  mutating func place(_ field: borrowing JSONField, typed: Bool) -> Bool {
    var fits = true
    if let shape = field.shape, shape == self.shape {
      if typed { field.withValue { fits = widen(by: $0) } }
      return fits
    }
    for column in placed { cells[Int(column)] = 0 }
    placed.removeAll(keepingCapacity: true)
    shape = field.shape
    guard !field.isAbsent else { return true }
    field.withValue { fits = place($0, typed: typed) }
    return fits
  }

  /// Looks at the types of an object whose values lie in the cells of the one before.
  private mutating func widen(by object: JSONValue) -> Bool {
    var fits = true
    for column in placed {
      let type = PropertyType(of: object, at: Int(cells[Int(column)]))
      if type != columns[Int(column)].type, widen(column, by: type) { fits = false }
    }
    return fits
  }

  private mutating func place(_ object: JSONValue, typed: Bool) -> Bool {
    var fits = true
    var guess = first
    var last: UInt32?
    object.forEachName { name in
      let token = object.tokens[name]
      let text = UnsafeRawBufferPointer(rebasing: object.text[Int(token.start)..<Int(token.end)])
      let column: UInt32
      if guess < count, !token.hasEscapes, ByteHash.equal(self.name(of: Int(guess)), text) {
        column = guess
      } else {
        let known = count
        column =
          token.hasEscapes ? number(ofEscaped: text) : number(of: text, in: object.text, Int(token.start))
        if count > known { fits = false }
        if let last { columns[Int(last)].next = column } else { first = column }
      }
      // Names that differ in what has no UTF-8 share a column; the last one counts.
      if cells[Int(column)] == 0 { placed.append(column) }
      cells[Int(column)] = UInt32(truncatingIfNeeded: name + 1)
      if typed {
        let type = PropertyType(of: object, at: name + 1)
        if type != columns[Int(column)].type, widen(column, by: type) { fits = false }
      }
      guess = columns[Int(column)].next
      last = column
    }
    return fits
  }

  /// - Returns: whether the type has changed.
  private mutating func widen(_ column: UInt32, by type: PropertyType) -> Bool {
    let wider = columns[Int(column)].type.widened(by: type)
    guard wider != columns[Int(column)].type else { return false }
    columns[Int(column)].type = wider
    columns[Int(column)].isFresh = true
    return true
  }

  // MARK: Names

  /// Adds a column behind the others, or widens the one of that name.
  /// - Parameter isFresh: whether the ledger does not know of it.
  mutating func add(_ name: UnsafeRawBufferPointer, _ type: PropertyType, isFresh: Bool) {
    let column = Int(number(of: name, in: name, 0))
    columns[column].type = columns[column].type.widened(by: type)
    columns[column].isFresh = isFresh
  }

  /// Calls `body` with the number of each column that the ledger does not know as it is.
  func forEachFresh(_ body: (Int) throws -> Void) rethrows {
    for column in 0..<count where columns[column].isFresh { try body(column) }
  }

  var hasFresh: Bool { (0..<count).contains { columns[$0].isFresh } }

  /// The ledger knows all of them now.
  mutating func setRecorded() {
    for column in 0..<count { columns[column].isFresh = false }
  }

  @inline(never)
  private mutating func number(ofEscaped text: UnsafeRawBufferPointer) -> UInt32 {
    var scratch = unescaped
    unescaped = []
    scratch.removeAll(keepingCapacity: true)
    JSONText.unescape(text, into: &scratch)
    let number = scratch.withUnsafeBytes { self.number(of: $0, in: $0, 0) }
    unescaped = scratch
    return number
  }

  /// The column of a name, which is added when it is new.
  /// - Parameters:
  ///   - whole: what the name is a part of; bytes around it may be looked at.
  ///   - start: of the name in it.
  private mutating func number(
    of name: UnsafeRawBufferPointer, in whole: UnsafeRawBufferPointer, _ start: Int
  ) -> UInt32 {
    let hash = UInt32(truncatingIfNeeded: ByteHash.of(whole, start..<start + name.count))
    guard !slots.isEmpty else {
      for number in 0..<count
      where columns[number].hash == hash && ByteHash.equal(self.name(of: number), name) {
        return UInt32(number)
      }
      return append(name, hash)
    }
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while slots[slot] != 0 {
      let number = slots[slot] - 1
      if columns[Int(number)].hash == hash, ByteHash.equal(self.name(of: Int(number)), name) { return number }
      slot = (slot + 1) & mask
    }
    return append(name, hash)
  }

  private mutating func append(_ name: UnsafeRawBufferPointer, _ hash: UInt32) -> UInt32 {
    if count == capacity { grow() }
    let number = UInt32(count)
    (columns + count).initialize(
      to: Column(
        offset: UInt32(names.count), count: UInt32(name.count), hash: hash, next: number + 1, type: .unknown,
        isFresh: true))
    cells[count] = 0
    names.append(name)
    count += 1
    if count > ColumnGroup.fewColumns { if count * 2 > slots.count { rehash() } else { enter(number) } }
    return number
  }

  private mutating func grow() {
    let larger = max(2, capacity * 2)
    let (newColumns, newCells) = (
      UnsafeMutablePointer<Column>.allocate(capacity: larger),
      UnsafeMutablePointer<UInt32>.allocate(capacity: larger)
    )
    newColumns.moveInitialize(from: columns, count: count)
    newCells.moveInitialize(from: cells, count: count)
    columns.deallocate()
    cells.deallocate()
    (columns, cells, capacity) = (newColumns, newCells, larger)
  }

  private mutating func rehash() {
    slots = [UInt32](repeating: 0, count: max(32, slots.count * 2))
    for number in 0..<count { enter(UInt32(number)) }
  }

  private mutating func enter(_ number: UInt32) {
    let mask = slots.count - 1
    var slot = Int(columns[Int(number)].hash) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = number + 1
  }
}
