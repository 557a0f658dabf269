/// What the page index of a column chunk says of its data pages (PageIndex.md): where each lies, and what it holds at least
/// and at most. It is filled anew for each chunk.
struct PageIndex: ~Copyable {
  private var locations = Bytes()
  private var allNull = Bytes()
  private var smallest = Boundaries()
  private var largest = Boundaries()
  private var nulls = ThriftWriter()
  private var notNumbers = ThriftWriter()
  private var type = ValueType.boolean
  /// False when a page has no bounds though it has values: then there is no column index.
  private var hasBounds = true

  private(set) var pages = 0

  /// Of one size with what lies between it and the next.
  private struct Location {
    /// From the beginning of the chunk.
    var offset: Int64
    var firstRow: Int64
    var storedBytes: Int64
  }

  init() {}

  mutating func begin(_ type: ValueType) {
    self.type = type
    locations.removeAll()
    allNull.removeAll()
    smallest.removeAll()
    largest.removeAll()
    nulls.output.removeAll()
    notNumbers.output.removeAll()
    hasBounds = true
    pages = 0
  }

  /// - Parameter offset: of the page in the chunk.
  mutating func append(_ page: Page, at offset: Int, storedBytes: Int) {
    locations.append(
      Location(
        offset: Int64(offset), firstRow: Int64(page.firstRow), storedBytes: Int64(storedBytes)))
    pages += 1
  }

  mutating func append(_ found: BoundsFinder.Found, of page: Page, _ finder: BoundsFinder) {
    nulls.element(Int64(page.nulls))
    var numberless = 0
    switch found {
    case .none:
      allNull.append(1 as UInt8)
      smallest.appendNone()
      largest.appendNone()
    case .bounds(let bounds):
      allNull.append(2 as UInt8)
      smallest.append(type) { _ = finder.appendSmallest(bounds, to: &$0) }
      largest.append(type) { if finder.appendLargest(bounds, to: &$0) == nil { hasBounds = false } }
    case .unordered(let count):
      hasBounds = false
      numberless = count
    }
    notNumbers.element(Int64(numberless))
  }

  /// Appends the offset index.
  /// - Parameter begin: where the chunk begins in the file.
  func writeOffsets(from begin: Int64, to out: inout ThriftWriter) {
    out.element {
      $0.list(1, of: .structure, count: pages)
      for location in locations.values(as: Location.self) {
        $0.element {
          $0.i64(1, begin + location.offset)
          $0.i32(2, Int32(location.storedBytes))
          $0.i64(3, location.firstRow)
        }
      }
    }
  }

  /// Appends the column index; false when there is none.
  func writeBounds(to out: inout ThriftWriter) -> Bool {
    guard hasBounds else { return false }
    out.element {
      $0.list(1, of: .bool, count: pages)
      $0.output.append(allNull.bytes)
      $0.list(2, of: .binary, count: pages)
      $0.output.append(smallest.bytes)
      $0.list(3, of: .binary, count: pages)
      $0.output.append(largest.bytes)
      $0.i32(4, order)
      $0.list(5, of: .i64, count: pages)
      $0.output.append(nulls.output.bytes)
      if type == .double {
        $0.list(8, of: .i64, count: pages)
        $0.output.append(notNumbers.output.bytes)
      }
    }
    return true
  }

  /// `BoundaryOrder`: 1 ascending, 2 descending, 0 neither.
  private var order: Int32 {
    if smallest.ascends, largest.ascends { return 1 }
    return smallest.descends && largest.descends ? 2 : 0
  }
}

/// One bound of each page, as elements of a Thrift list, and whether they have an order. It is that of the bounds as
/// they are written: shortened ones may stand differently from the values.
private struct Boundaries: ~Copyable {
  private var elements = ThriftWriter()
  private var current = Bytes()
  private var previous = Bytes()
  private var isFirst = true
  private(set) var ascends = true
  private(set) var descends = true

  init() {}

  var bytes: UnsafeRawBufferPointer { elements.output.bytes }

  mutating func removeAll() {
    elements.output.removeAll()
    (isFirst, ascends, descends) = (true, true, true)
  }

  mutating func appendNone() { elements.element(UnsafeRawBufferPointer(start: nil, count: 0)) }

  mutating func append(_ type: ValueType, _ write: (inout Bytes) -> Void) {
    current.removeAll()
    write(&current)
    elements.element(current.bytes)
    if !isFirst {
      if type.precedes(current.bytes, previous.bytes) { ascends = false }
      if type.precedes(previous.bytes, current.bytes) { descends = false }
    }
    isFirst = false
    swap(&current, &previous)
  }
}

extension ValueType {
  /// The order of values as statistics have them.
  fileprivate func precedes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    switch physical {
    case .boolean, .byteArray: a.precedes(b)
    case .int32: a.loadUnaligned(as: Int32.self) < b.loadUnaligned(as: Int32.self)
    case .int64: a.loadUnaligned(as: Int64.self) < b.loadUnaligned(as: Int64.self)
    case .double: a.loadUnaligned(as: Double.self) < b.loadUnaligned(as: Double.self)
    }
  }
}
