import Glibc

/// The distinct values of a column chunk in the order of their first appearance, and for each value its number
/// among them (Encodings.md, RLE_DICTIONARY = 8). It is filled anew for each chunk.
struct ValueDictionary: ~Copyable {
  /// The dictionary page: the values as PLAIN has them.
  private(set) var values = Bytes()
  private(set) var count = 0
  private(set) var indices = Bytes()

  /// Where each value begins in `values`.
  private var offsets = Bytes()
  private var hashes = Bytes()
  /// Number of the entry plus one; 0 is empty. At most half full.
  private var slots: UnsafeMutablePointer<UInt32>
  private var slotCount: Int

  private static let smallest = 64

  init() {
    slotCount = ValueDictionary.smallest
    slots = .allocate(capacity: slotCount)
  }

  deinit { slots.deallocate() }

  private mutating func begin() {
    values.removeAll()
    offsets.removeAll()
    hashes.removeAll()
    indices.removeAll()
    count = 0
    resize(to: ValueDictionary.smallest)
  }

  private mutating func resize(to slotCount: Int) {
    if slotCount != self.slotCount {
      slots.deallocate()
      slots = .allocate(capacity: slotCount)
      self.slotCount = slotCount
    }
    slots.update(repeating: 0, count: slotCount)
  }

  /// Numbers fixed-width values.
  /// - Parameter limit: bytes that the dictionary page may take.
  /// - Returns: false when it takes more.
  mutating func number<Value: BitwiseCopyable & FixedWidthInteger & UnsignedInteger>(
    _ chunk: UnsafeBufferPointer<Value>, limit: Int
  ) -> Bool {
    begin()
    indices.reserve(chunk.count * 4)
    for value in chunk {
      let hash = ValueDictionary.mixed(UInt64(value))
      var slot = Int(truncatingIfNeeded: hash) & (slotCount - 1)
      while true {
        let entry = slots[slot]
        if entry == 0 {
          guard values.count + MemoryLayout<Value>.size <= limit else { return false }
          values.append(value)
          indices.append(UInt32(count))
          add(hash, at: slot)
          break
        }
        if values.values(as: Value.self)[Int(entry - 1)] == value {
          indices.append(entry - 1)
          break
        }
        slot = (slot + 1) & (slotCount - 1)
      }
    }
    return true
  }

  /// Numbers byte arrays.
  mutating func number(_ chunk: ByteArrays, limit: Int) -> Bool {
    begin()
    for value in chunk {
      let hash = ValueDictionary.hash(value)
      var slot = Int(truncatingIfNeeded: hash) & (slotCount - 1)
      while true {
        let entry = slots[slot]
        if entry == 0 {
          guard values.count + 4 + value.count <= limit else { return false }
          offsets.append(UInt32(values.count))
          values.append(UInt32(value.count))
          values.append(value)
          indices.append(UInt32(count))
          add(hash, at: slot)
          break
        }
        if hashes.values(as: UInt32.self)[Int(entry - 1)] == UInt32(truncatingIfNeeded: hash),
          equal(Int(entry - 1), value)
        {
          indices.append(entry - 1)
          break
        }
        slot = (slot + 1) & (slotCount - 1)
      }
    }
    return true
  }

  private func equal(_ entry: Int, _ value: UnsafeRawBufferPointer) -> Bool {
    let start = values.bytes.baseAddress.unsafelyUnwrapped + Int(offsets.values(as: UInt32.self)[entry])
    guard Int(start.loadUnaligned(as: UInt32.self)) == value.count else { return false }
    return value.isEmpty || memcmp(start + 4, value.baseAddress.unsafelyUnwrapped, value.count) == 0
  }

  private mutating func add(_ hash: UInt64, at slot: Int) {
    hashes.append(UInt32(truncatingIfNeeded: hash))
    count += 1
    slots[slot] = UInt32(count)
    if count * 2 > slotCount { grow() }
  }

  @inline(never)
  private mutating func grow() {
    resize(to: slotCount * 4)
    let mask = slotCount - 1
    let hashes = hashes.values(as: UInt32.self)
    for i in hashes.indices {
      var slot = Int(hashes[i]) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(i + 1)
    }
  }

  @inline(__always)
  private static func mixed(_ word: UInt64) -> UInt64 {
    let product = word &* 0x9E37_79B9_7F4A_7C15
    return ((product ^ (product >> 32)) &* 0xD6E8_FEB8_6659_FD93) >> 24
  }

  @inline(__always)
  private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash = UInt64(bytes.count) &* 0xD6E8_FEB8_6659_FD93
    guard let start = bytes.baseAddress else { return mixed(hash) }
    var position = 0
    while position + 8 <= bytes.count {
      hash = mixed(hash ^ start.loadUnaligned(fromByteOffset: position, as: UInt64.self)) &+ (hash << 24)
      position += 8
    }
    var word: UInt64 = 0
    while position < bytes.count {
      word = word << 8 | UInt64(start.load(fromByteOffset: position, as: UInt8.self))
      position += 1
    }
    return mixed(hash ^ word)
  }
}
