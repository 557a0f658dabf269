/// Identities of profiles by objectId, in a fixed amount of memory however many profiles there are: entries
/// follow one another in a ring of bytes, the oldest are overwritten.
struct ProfileCache: ~Copyable {
  /// How an entry begins: the hash, the length of the key, and the lengths of the fields.
  private static let headerBytes = 8 + 4 + 4 * 4
  private static let absent = UInt32.max

  private let ring: UnsafeMutableRawPointer
  private let capacity: Int
  /// Positions of entries, counted from the first byte ever written; 0 where free.
  private let slots: UnsafeMutablePointer<Int>
  private let slotCount: Int
  /// One past the newest entry. A position more than `capacity` behind it has been overwritten.
  private var head = 16

  /// - Parameter capacity: in bytes; memory is taken as it fills.
  init(capacity: Int) {
    self.capacity = max(capacity, 4096) & ~15
    var slotCount = 64
    while slotCount * 128 < self.capacity { slotCount *= 2 }
    self.slotCount = slotCount
    ring = .allocate(byteCount: self.capacity, alignment: 16)
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: 0, count: slotCount)
  }

  deinit {
    ring.deallocate()
    slots.deallocate()
  }

  /// What is known of a profile: up to four texts that follow one another.
  struct Identities {
    /// In the order identity, email, phone, allIdentities; nil for what it lacks.
    var counts: (Int?, Int?, Int?, Int?)
    var texts: UnsafeRawPointer
  }

  /// Valid until the next insertion.
  func find(_ key: UnsafeRawBufferPointer, hash: UInt64) -> Identities? {
    let first = Int(truncatingIfNeeded: hash) & (slotCount - 1)
    return identities(at: slots[first], key, hash) ?? identities(at: slots[first ^ 1], key, hash)
  }

  private func identities(at position: Int, _ key: UnsafeRawBufferPointer, _ hash: UInt64) -> Identities? {
    guard position > 0, head - position <= capacity else { return nil }
    let entry = UnsafeRawPointer(ring + position % capacity)
    guard entry.load(as: UInt64.self) == hash else { return nil }
    let keyCount = Int(entry.load(fromByteOffset: 8, as: UInt32.self))
    let stored = UnsafeRawBufferPointer(start: entry + ProfileCache.headerBytes, count: keyCount)
    guard keyCount == key.count, stored.elementsEqual(key) else { return nil }
    func count(_ field: Int) -> Int? {
      let count = entry.load(fromByteOffset: 12 + 4 * field, as: UInt32.self)
      return count == ProfileCache.absent ? nil : Int(count)
    }
    return Identities(
      counts: (count(0), count(1), count(2), count(3)), texts: entry + ProfileCache.headerBytes + keyCount)
  }

  /// Keeps what was found under `key`; entries that would fill a great part of the ring are not kept.
  mutating func insert(_ key: UnsafeRawBufferPointer, hash: UInt64, _ identities: Identities) {
    let counts = [identities.counts.0, identities.counts.1, identities.counts.2, identities.counts.3]
    let textBytes = counts.reduce(0) { $0 + ($1 ?? 0) }
    // Rounded up, so that entries begin where a hash may be loaded from.
    let size = (ProfileCache.headerBytes + key.count + textBytes + 15) & ~15
    guard size <= capacity / 8 else { return }
    if head % capacity + size > capacity { head += capacity - head % capacity }
    let entry = ring + head % capacity
    entry.storeBytes(of: hash, as: UInt64.self)
    entry.storeBytes(of: UInt32(key.count), toByteOffset: 8, as: UInt32.self)
    for (field, count) in counts.enumerated() {
      entry.storeBytes(
        of: count.map(UInt32.init) ?? ProfileCache.absent, toByteOffset: 12 + 4 * field, as: UInt32.self)
    }
    if let start = key.baseAddress {
      (entry + ProfileCache.headerBytes).copyMemory(from: start, byteCount: key.count)
    }
    (entry + ProfileCache.headerBytes + key.count).copyMemory(from: identities.texts, byteCount: textBytes)
    let first = Int(truncatingIfNeeded: hash) & (slotCount - 1)
    slots[slots[first] <= slots[first ^ 1] ? first : first ^ 1] = head
    head += size
  }
}
