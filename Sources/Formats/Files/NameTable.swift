import ExportCore

/// Byte strings, each once, numbered from 0 in the order of their first appearance. They lie in one arena: very
/// many names cost little more than their bytes.
struct NameTable: ~Copyable {
  private struct Entry {
    var offset: Int
    var count: UInt32
    var hash: UInt32
  }
  private var arena = OutputBytes()
  private var entries: [Entry] = []
  /// Number of the entry plus one; 0 is empty. At most half full.
  private var slots = [UInt32](repeating: 0, count: 256)

  var count: Int { entries.count }

  /// Valid until a name is added.
  subscript(_ number: UInt32) -> UnsafeRawBufferPointer {
    let entry = entries[Int(number)]
    return UnsafeRawBufferPointer(rebasing: arena.bytes[entry.offset..<entry.offset + Int(entry.count)])
  }

  /// The number of a name, which is added when it is new.
  mutating func number(of name: UnsafeRawBufferPointer) -> UInt32 {
    let hash = NameTable.hash(name)
    let slot = slot(of: name, hash)
    return slots[slot] != 0 ? slots[slot] - 1 : add(name, hash, at: slot)
  }

  /// The number of a name; nil when it is new.
  func find(_ name: UnsafeRawBufferPointer) -> UInt32? {
    let slot = slot(of: name, NameTable.hash(name))
    return slots[slot] != 0 ? slots[slot] - 1 : nil
  }

  private static func hash(_ name: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: ByteHash.of(name, 0..<name.count))
  }

  /// Where a name is, or where it would be.
  @inline(__always)
  private func slot(of name: UnsafeRawBufferPointer, _ hash: UInt32) -> Int {
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while slots[slot] != 0 {
      let number = slots[slot] - 1
      if entries[Int(number)].hash == hash, ByteHash.equal(self[number], name) { break }
      slot = (slot + 1) & mask
    }
    return slot
  }

  @inline(never)
  private mutating func add(_ name: UnsafeRawBufferPointer, _ hash: UInt32, at slot: Int) -> UInt32 {
    entries.append(Entry(offset: arena.count, count: UInt32(name.count), hash: hash))
    arena.append(name)
    slots[slot] = UInt32(entries.count)
    if entries.count * 2 > slots.count { grow() }
    return UInt32(entries.count - 1)
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    for (number, entry) in entries.enumerated() {
      var slot = Int(entry.hash) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(number + 1)
    }
  }
}

/// Pairs of a name's number and a day, each once, numbered from 0 in the order of their first appearance.
struct NameDayTable: ~Copyable {
  private struct Pair: Equatable {
    var name: UInt32
    var day: Int32
    var hash: UInt32 {
      UInt32(truncatingIfNeeded: ByteHash.mixed(UInt64(name), UInt64(UInt32(bitPattern: day))))
    }
  }
  private var pairs: [Pair] = []
  /// Number of the pair plus one; 0 is empty. At most half full.
  private var slots = [UInt32](repeating: 0, count: 256)

  var count: Int { pairs.count }

  /// The number of a pair, which is added when it is new.
  @inline(__always)
  mutating func number(of name: UInt32, day: Int) -> UInt32 {
    let pair = Pair(name: name, day: Int32(day))
    let mask = slots.count - 1
    var slot = Int(pair.hash) & mask
    while slots[slot] != 0 {
      let number = slots[slot] - 1
      if pairs[Int(number)] == pair { return number }
      slot = (slot + 1) & mask
    }
    return add(pair, at: slot)
  }

  @inline(never)
  private mutating func add(_ pair: Pair, at slot: Int) -> UInt32 {
    pairs.append(pair)
    slots[slot] = UInt32(pairs.count)
    if pairs.count * 2 > slots.count { grow() }
    return UInt32(pairs.count - 1)
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    for (number, pair) in pairs.enumerated() {
      var slot = Int(pair.hash) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(number + 1)
    }
  }
}
