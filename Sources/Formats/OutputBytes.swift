import Glibc

/// Bytes under construction: storage that grows, is emptied and used again, and is never copied. It does
/// without the checks that an array pays for with every byte.
struct OutputBytes: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 4096) {
    self.capacity = max(capacity, 64)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  /// Valid until the next change.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Empties it, and gives storage back that grew beyond `limit` for a single large value.
  mutating func removeAll(keepingCapacityUpTo limit: Int = 1 << 20) {
    count = 0
    guard capacity > limit else { return }
    base.deallocate()
    capacity = max(limit, 64)
    base = .allocate(capacity: capacity)
  }

  @inline(__always)
  mutating func reserve(_ additional: Int) {
    if count + additional > capacity { grow(additional) }
  }

  @inline(never)
  private mutating func grow(_ additional: Int) {
    let larger = max(count + additional, capacity * 2)
    let new = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    new.update(from: base, count: count)
    base.deallocate()
    base = new
    capacity = larger
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    reserve(1)
    base[count] = byte
    count += 1
  }

  @inline(__always)
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    memcpy(base + count, source, bytes.count)
    count += bytes.count
  }

  /// ASCII text known at compile time.
  @inline(__always)
  mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  mutating func removeLast(_ bytes: Int) { count -= bytes }

  mutating func replaceLast(with byte: UInt8) { base[count - 1] = byte }

  /// In decimal digits.
  mutating func append(decimal number: Int) {
    guard number >= 0 else {
      append(UInt8(ascii: "-"))
      return append(digits: number.magnitude)
    }
    append(digits: number.magnitude)
  }

  private mutating func append(digits number: UInt) {
    reserve(20)
    var rest = number
    var length = 1
    while rest >= 10 {
      rest /= 10
      length += 1
    }
    rest = number
    for place in stride(from: count + length - 1, through: count, by: -1) {
      base[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    count += length
  }

  /// Lets `write` fill up to `limit` more bytes and tell how many it filled.
  mutating func append(upTo limit: Int, _ write: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows {
    reserve(limit)
    count += try write(UnsafeMutableRawBufferPointer(start: base + count, count: limit))
  }
}
