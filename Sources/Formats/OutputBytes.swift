import ExportCore
import Glibc

/// Bytes under construction: storage that grows, is emptied and used again, and is never copied. It does
/// without the checks that an array pays for with every byte.
struct OutputBytes: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 4096) {
    self.capacity = capacity
    base = .allocate(capacity: capacity)
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
    let larger = max(count + additional, capacity * 2, 32)
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

  @inline(__always)
  mutating func append(_ byte: UInt8, times: Int) {
    reserve(times)
    memset(base + count, Int32(byte), times)
    count += times
  }

  /// ASCII text known at compile time.
  @inline(__always)
  mutating func append(literal text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func removeLast(_ bytes: Int) { count -= bytes }

  mutating func replaceLast(with byte: UInt8) { base[count - 1] = byte }

  /// Puts a byte before what has been appended behind `start`.
  mutating func insert(_ byte: UInt8, at start: Int) {
    reserve(1)
    memmove(base + start + 1, base + start, count - start)
    base[start] = byte
    count += 1
  }

  /// Puts what has been appended behind `start` in quotes, and doubles each quote in it.
  mutating func quote(from start: Int) {
    let quote = UInt8(ascii: "\"")
    var inside = 0
    for i in start..<count where base[i] == quote { inside += 1 }
    reserve(inside + 2)
    var from = count
    count += inside + 2
    var to = count - 1
    base[to] = quote
    while inside > 0 {
      from -= 1
      to -= 1
      base[to] = base[from]
      if base[from] == quote {
        to -= 1
        base[to] = quote
        inside -= 1
      }
    }
    memmove(base + start + 1, base + start, from - start)
    base[start] = quote
  }

  /// The text that the inside of a JSON string stands for; a lone surrogate becomes U+FFFD.
  /// - Parameter inside: the bytes between the quotes, as ``JSONTokens`` accepted them.
  mutating func append(unescaping inside: UnsafeRawBufferPointer) {
    var i = 0
    while i < inside.count {
      let rest = UnsafeRawBufferPointer(rebasing: inside[i...])
      guard let escape = memchr(rest.baseAddress!, Int32(UInt8(ascii: "\\")), rest.count) else {
        return append(rest)
      }
      let plain = UnsafeRawPointer(escape) - rest.baseAddress!
      append(UnsafeRawBufferPointer(rebasing: rest[..<plain]))
      i += plain
      for byte in Unicode.UTF8.encode(JSONText.scalar(ofEscapeIn: inside, at: &i))! { append(byte) }
    }
  }

  /// In decimal digits.
  mutating func append(decimal number: Int) {
    guard number >= 0 else {
      append(UInt8(ascii: "-"))
      return append(digits: number.magnitude)
    }
    append(digits: number.magnitude)
  }

  private mutating func append(digits number: UInt) {
    // As many as the largest number has; written from the last one on.
    let room = 20
    reserve(room)
    var first = count + room
    var rest = number
    while rest >= 100 {
      first -= 2
      let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
      base[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: pair / 10)
      base[first + 1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: pair % 10)
      rest = quotient
    }
    repeat {
      first -= 1
      base[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    let length = count + room - first
    memmove(base + count, base + first, length)
    count += length
  }

  /// Appends a number's bytes, as they lie in memory.
  @inline(__always)
  mutating func append<Number: BitwiseCopyable>(number: Number) {
    reserve(MemoryLayout<Number>.size)
    UnsafeMutableRawPointer(base + count).storeBytes(of: number, as: Number.self)
    count += MemoryLayout<Number>.size
  }

  /// Overwrites what is there.
  @inline(__always)
  mutating func replace<Number: BitwiseCopyable>(at offset: Int, with number: Number) {
    UnsafeMutableRawPointer(base + offset).storeBytes(of: number, as: Number.self)
  }

  /// Lets `write` fill up to `limit` more bytes and tell how many it filled.
  mutating func append(upTo limit: Int, _ write: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows {
    reserve(limit)
    count += try write(UnsafeMutableRawBufferPointer(start: base + count, count: limit))
  }
}
