import Glibc

/// The smallest and the largest of some values of a chunk, in the order of their type.
struct Bounds {
  /// A number that stands for a value: itself, a double's bits, or where a byte array begins in the chunk.
  private(set) var smallest: UInt64
  private(set) var largest: UInt64
}

/// Looks for the bounds of values, and writes them as statistics have them (parquet.thrift, `Statistics` and `ColumnOrder`).
struct BoundsFinder {
  let type: ValueType
  /// The chunk's values as ``ColumnBuffer`` has them.
  let values: UnsafeRawBufferPointer

  /// Of byte arrays, no more than this is written; longer ones get a shorter bound below or above them.
  static let longest = 64

  /// What there is of some values.
  enum Found {
    case none
    case bounds(Bounds)
    /// Doubles that are not numbers are among them. Readers do not agree where those stand, so that no bounds would be
    /// safe.
    case unordered(notNumbers: Int)
  }

  /// - Parameter range: of bytes, whole values.
  func find(_ range: Range<Int>) -> Found {
    guard !range.isEmpty else { return .none }
    let part = UnsafeRawBufferPointer(rebasing: values[range])
    switch type.physical {
    case .boolean: return .bounds(integers(part.assumingMemoryBound(to: UInt8.self)))
    case .int32: return .bounds(integers(part.assumingMemoryBound(to: Int32.self)))
    case .int64: return .bounds(integers(part.assumingMemoryBound(to: Int64.self)))
    case .double: return doubles(part.assumingMemoryBound(to: Double.self))
    case .byteArray: return .bounds(byteArrays(part, at: range.lowerBound))
    }
  }

  private func integers<Value: FixedWidthInteger>(_ values: UnsafeBufferPointer<Value>) -> Bounds {
    var smallest = values[0]
    var largest = values[0]
    for i in values.indices {
      smallest = min(smallest, values[i])
      largest = max(largest, values[i])
    }
    return Bounds(
      smallest: UInt64(bitPattern: Int64(smallest)), largest: UInt64(bitPattern: Int64(largest)))
  }

  private func doubles(_ values: UnsafeBufferPointer<Double>) -> Found {
    var smallest = Double.infinity
    var largest = -Double.infinity
    var notNumbers = 0
    for i in values.indices {
      let value = values[i]
      notNumbers += value == value ? 0 : 1
      smallest = value < smallest ? value : smallest
      largest = value > largest ? value : largest
    }
    guard notNumbers == 0 else { return .unordered(notNumbers: notNumbers) }
    // A zero may be either: the bounds hold both.
    if smallest == 0 { smallest = -0.0 }
    if largest == 0 { largest = 0.0 }
    return .bounds(Bounds(smallest: smallest.bitPattern, largest: largest.bitPattern))
  }

  private func byteArrays(_ part: UnsafeRawBufferPointer, at offset: Int) -> Bounds {
    let start = part.baseAddress.unsafelyUnwrapped
    var (smallest, largest) = (0, 0)
    var (smallestKey, largestKey) = (UInt64.max, UInt64.min)
    var position = 0
    while position < part.count {
      let value = BoundsFinder.byteArray(start + position)
      let key = BoundsFinder.key(value)
      if key <= smallestKey, key < smallestKey || value.precedes(BoundsFinder.byteArray(start + smallest)) {
        smallest = position
        smallestKey = key
      }
      if key >= largestKey, key > largestKey || BoundsFinder.byteArray(start + largest).precedes(value) {
        largest = position
        largestKey = key
      }
      position += 4 + value.count
    }
    return Bounds(smallest: UInt64(offset + smallest), largest: UInt64(offset + largest))
  }

  @inline(__always)
  private static func byteArray(_ start: UnsafeRawPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start + 4, count: Int(start.loadUnaligned(as: UInt32.self)))
  }

  /// The first eight bytes as a number that has their order, filled up with zeros.
  @inline(__always)
  private static func key(_ value: UnsafeRawBufferPointer) -> UInt64 {
    if value.count >= 8 {
      return UInt64(bigEndian: value.loadUnaligned(as: UInt64.self))
    }
    var key: UInt64 = 0
    for i in 0..<value.count { key |= UInt64(value[i]) << UInt64(56 - 8 * i) }
    return key
  }

  /// What holds for both.
  func union(_ a: Bounds, _ b: Bounds) -> Bounds {
    Bounds(
      smallest: precedes(b.smallest, a.smallest) ? b.smallest : a.smallest,
      largest: precedes(a.largest, b.largest) ? b.largest : a.largest)
  }

  private func precedes(_ a: UInt64, _ b: UInt64) -> Bool {
    switch type.physical {
    case .boolean, .int32, .int64: Int64(bitPattern: a) < Int64(bitPattern: b)
    case .double: Double(bitPattern: a) < Double(bitPattern: b)
    case .byteArray: byteArray(a).precedes(byteArray(b))
    }
  }

  private func byteArray(_ offset: UInt64) -> UnsafeRawBufferPointer {
    BoundsFinder.byteArray(values.baseAddress.unsafelyUnwrapped + Int(offset))
  }

  /// Appends the lower bound; whether it is the value itself.
  func appendSmallest(_ bounds: Bounds, to out: inout Bytes) -> Bool {
    append(bounds.smallest, to: &out) { value, out in
      out.append(UnsafeRawBufferPointer(rebasing: value[..<cut(value)]))
      return true
    } != .shortened
  }

  /// Appends the upper bound; whether it is the value itself, or nil when there is none that is short enough.
  func appendLargest(_ bounds: Bounds, to out: inout Bytes) -> Bool? {
    switch append(
      bounds.largest, to: &out,
      shortening: { value, out in
        type == .string ? appendNextText(value, to: &out) : appendNextBytes(value, to: &out)
      })
    {
    case .exact: true
    case .shortened: false
    case .impossible: nil
    }
  }

  private enum Outcome { case exact, shortened, impossible }

  private func append(
    _ value: UInt64, to out: inout Bytes,
    shortening: (UnsafeRawBufferPointer, inout Bytes) -> Bool
  ) -> Outcome {
    switch type.physical {
    case .boolean: out.append(UInt8(truncatingIfNeeded: value))
    case .int32: out.append(UInt32(truncatingIfNeeded: value))
    case .int64, .double: out.append(value)
    case .byteArray:
      let value = byteArray(value)
      guard value.count <= BoundsFinder.longest else {
        return shortening(value, &out) ? .shortened : .impossible
      }
      out.append(value)
    }
    return .exact
  }

  /// How many bytes of a longer value may stand for it: text ends with a whole character.
  private func cut(_ value: UnsafeRawBufferPointer) -> Int {
    guard type == .string else { return BoundsFinder.longest }
    var end = BoundsFinder.longest
    while end > BoundsFinder.longest - 4, value[end] & 0xC0 == 0x80 { end -= 1 }
    return value[end] & 0xC0 == 0x80 ? BoundsFinder.longest : end
  }

  /// The beginning of a value with its last byte that can grow counted up: above all that begin as the value does.
  private func appendNextBytes(_ value: UnsafeRawBufferPointer, to out: inout Bytes) -> Bool {
    guard let last = value[..<BoundsFinder.longest].lastIndex(where: { $0 < 0xFF }) else { return false }
    out.append(UnsafeRawBufferPointer(rebasing: value[..<last]))
    out.append(value[last] + 1)
    return true
  }

  /// The same by characters, so that the bound is text as well.
  private func appendNextText(_ value: UnsafeRawBufferPointer, to out: inout Bytes) -> Bool {
    guard let text = String(validating: value[..<cut(value)], as: UTF8.self) else { return false }
    var scalars = text.unicodeScalars
    while let last = scalars.popLast() {
      // Behind the last one before the surrogates comes the first one behind them.
      let next = last.value == 0xD7FF ? 0xE000 : last.value + 1
      guard let next = Unicode.Scalar(next) else { continue }
      scalars.append(next)
      var bound = String(scalars)
      bound.withUTF8 { out.append(UnsafeRawBufferPointer($0)) }
      return true
    }
    return false
  }
}

extension UnsafeRawBufferPointer {
  /// By unsigned bytes.
  @inline(__always)
  func precedes(_ other: UnsafeRawBufferPointer) -> Bool {
    let shared = Swift.min(count, other.count)
    let order =
      shared == 0 ? 0 : memcmp(baseAddress.unsafelyUnwrapped, other.baseAddress.unsafelyUnwrapped, shared)
    return order == 0 ? count < other.count : order < 0
  }
}
