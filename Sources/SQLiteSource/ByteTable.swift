/// Distinct byte strings, numbered in the order of their first appearance: a look-up needs no `String`.
struct ByteTable {
  private(set) var count = 0
  private var bytes: [UInt8] = []
  /// Where each string ends in `bytes`.
  private var ends: [Int] = []
  private var hashes: [UInt64] = []
  /// Numbers of strings, -1 where free; a power of two, at most half full.
  private var slots = [Int32](repeating: -1, count: 16)

  func index(of text: UnsafeRawBufferPointer) -> Int? {
    let found = slots[slot(of: text, ByteTable.hash(text))]
    return found < 0 ? nil : Int(found)
  }

  /// The number of `text`, a new one if it is new.
  mutating func insert(_ text: UnsafeRawBufferPointer) -> Int {
    let hash = ByteTable.hash(text)
    let slot = slot(of: text, hash)
    if slots[slot] >= 0 { return Int(slots[slot]) }
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
    hashes.append(hash)
    slots[slot] = Int32(count)
    count += 1
    if count * 2 > slots.count { grow() }
    return count - 1
  }

  subscript(index: Int) -> String { String(decoding: bytes[range(index)], as: UTF8.self) }

  private func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  /// Where `text` lies, or the free slot that it would take.
  private func slot(of text: UnsafeRawBufferPointer, _ hash: UInt64) -> Int {
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] >= 0 {
      let index = Int(slots[slot])
      if hashes[index] == hash, holds(text, at: range(index)) { break }
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private func holds(_ text: UnsafeRawBufferPointer, at range: Range<Int>) -> Bool {
    guard text.count == range.count else { return false }
    return bytes.withUnsafeBytes { stored in
      UnsafeRawBufferPointer(rebasing: stored[range]).elementsEqual(text)
    }
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 2)
    for index in 0..<count {
      var slot = Int(truncatingIfNeeded: hashes[index]) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(index)
    }
  }

  /// FNV-1a, folded once more so that the low bits depend on all.
  static func hash(_ text: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash ^ hash >> 32
  }
}
