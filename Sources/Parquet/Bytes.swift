import Glibc

/// Bytes under construction: storage that grows, is emptied and used again, and is never copied. Numbers are
/// little-endian, as everywhere in a Parquet file.
struct Bytes: ~Copyable {
  private var base: UnsafeMutableRawPointer?
  private var capacity = 0
  private(set) var count = 0

  /// Takes no memory until something is appended.
  init() {}

  deinit { free(base) }

  /// Valid until the next change.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// A part of the bytes; valid until the next change.
  func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  /// The bytes as numbers; valid until the next change.
  func values<Value: BitwiseCopyable>(as type: Value.Type) -> UnsafeBufferPointer<Value> {
    UnsafeBufferPointer(
      start: UnsafePointer(base?.assumingMemoryBound(to: Value.self)), count: count / MemoryLayout<Value>.size
    )
  }

  /// Empties it, and gives storage back beyond `limit` bytes.
  mutating func removeAll(keepingCapacityUpTo limit: Int = .max) {
    count = 0
    guard capacity > limit else { return }
    free(base)
    base = nil
    capacity = 0
  }

  @inline(__always)
  mutating func reserve(_ additional: Int) {
    if count + additional > capacity { grow(additional) }
  }

  @inline(never)
  private mutating func grow(_ additional: Int) {
    let larger = max(count + additional, capacity * 2, 64)
    guard let moved = realloc(base, larger) else { fatalError("out of memory: \(larger) bytes") }
    base = moved
    capacity = larger
  }

  /// Appends a number's bytes.
  @inline(__always)
  mutating func append<Value: BitwiseCopyable>(_ value: Value) {
    reserve(MemoryLayout<Value>.size)
    base.unsafelyUnwrapped.storeBytes(of: value, toByteOffset: count, as: Value.self)
    count += MemoryLayout<Value>.size
  }

  @inline(__always)
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    memcpy(base.unsafelyUnwrapped + count, source, bytes.count)
    count += bytes.count
  }

  mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

  /// As ULEB128: seven bits a byte, the lowest first.
  @inline(__always)
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Signed, so that small numbers of both signs are short.
  @inline(__always)
  mutating func append(zigzag value: Int64) {
    append(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// Overwrites what is there.
  @inline(__always)
  mutating func replace<Value: BitwiseCopyable>(at offset: Int, with value: Value) {
    assert(offset + MemoryLayout<Value>.size <= count)
    base.unsafelyUnwrapped.storeBytes(of: value, toByteOffset: offset, as: Value.self)
  }

  mutating func removeLast(_ bytes: Int) { count -= bytes }

  /// Lets `write` fill up to `limit` more bytes and tell how many it filled.
  mutating func append<Failure: Error>(
    upTo limit: Int, _ write: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    reserve(limit)
    count += try write(UnsafeMutableRawBufferPointer(start: base.map { $0 + count }, count: limit))
  }
}
