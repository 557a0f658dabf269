import Glibc
import Synchronization

/// Which names an object has, and in which order: two objects of one shape have the same, and nothing inside of their values.
package struct ObjectShape: Hashable, Sendable {
  /// Of all ``ExpectedNames`` there are.
  fileprivate var instance: UInt32
  fileprivate var path: UInt32
  fileprivate var members: Int
}

/// The names that members of objects have had, and which of them came behind which. Objects that one program writes have
/// mostly the same names in the same order: then the next name need not be read, only compared with the one that is
/// expected, and that none of them occurs twice is known without a search.
///
/// It takes up a limited number of names, and says so of an object that has others.
package struct ExpectedNames: ~Copyable {
  private struct Name {
    /// Of `"name":` among the bytes of all names, where it begins at a multiple of eight.
    var offset: UInt32
    /// Of `"name":`.
    var count: UInt32
    var hash: UInt32
    /// The number of the name that came behind this one last.
    var next: UInt16
    /// The last object that had it.
    var object: UInt32
  }

  private static let limit = 256
  private static let byteLimit = 16 << 10

  private var names: UnsafeMutablePointer<Name>
  private var capacity = 0
  private var count = 0
  /// Each name as `"name":`, and zeros up to a multiple of eight bytes, at least one.
  private var bytes: UnsafeMutableRawPointer
  private var byteCapacity = 0
  private var byteCount = 0
  /// Numbers of names plus one, by their hashes; 0 is empty. At most half full.
  private var slots: [UInt16] = []
  private var object: UInt32 = 0
  private var first: UInt16 = 0
  private var expected: UInt16 = 0
  private var last: UInt16?
  /// Members of the object at hand so far.
  private var members = 0
  /// Counts the changes of which names come behind which.
  private var path: UInt32 = 0
  private let instance = ExpectedNames.instances.add(1, ordering: .relaxed).newValue
  private static let instances = Atomic<UInt32>(0)
  /// Whether the object at hand may have a name twice: it has one that was not taken up, or one that it had before.
  package private(set) var mayRepeat = false

  package init() {
    names = .allocate(capacity: 0)
    bytes = .allocate(byteCount: 0, alignment: 8)
  }

  deinit {
    names.deallocate()
    bytes.deallocate()
  }

  /// An object begins.
  @inline(__always)
  mutating func begin() {
    if object == .max { forgetObjects() }
    object += 1
    expected = first
    last = nil
    members = 0
    mayRepeat = false
  }

  /// Of the object at hand once it is whole.
  /// - Parameter tokens: how many it has.
  /// - Returns: nil when some values have something inside, or when it may have a name twice.
  @inline(__always)
  package func shape(tokens: Int) -> ObjectShape? {
    guard !mayRepeat, tokens == 1 &+ 2 &* members else { return nil }
    // Without a change each of its names came behind the one before as in the last object.
    return ObjectShape(instance: instance, path: path, members: members)
  }

  @inline(never)
  private mutating func forgetObjects() {
    object = 0
    for i in 0..<count { names[i].object = 0 }
  }

  /// Whether the expected name stands at `position`, with its quotes and a colon right behind it. If so, it is taken up
  /// as one of the object at hand.
  /// - Parameter end: of the text that begins at `text`.
  /// - Returns: how many bytes that takes; 0 if it is another name.
  @inline(__always)
  mutating func follow(_ text: UnsafeRawPointer, at position: Int, end: Int) -> Int {
    guard expected < count else { return 0 }
    let name = names + Int(expected)
    let count = Int(name.pointee.count)
    let known = UnsafeRawPointer(bytes) + Int(name.pointee.offset)
    if position &+ count &+ 8 <= end {
      var i = 0
      while i &+ 8 <= count {
        if EightBytes.load(text, at: position &+ i) != EightBytes.load(known, at: i) { return 0 }
        i &+= 8
      }
      let difference = EightBytes.load(text, at: position &+ i) ^ EightBytes.load(known, at: i)
      let rest = UInt64(truncatingIfNeeded: (count &- i) &* 8)
      guard difference & ((1 &<< rest) &- 1) == 0 else { return 0 }
    } else {
      guard position &+ count <= end, memcmp(text + position, known, count) == 0 else { return 0 }
    }
    if name.pointee.object == object { mayRepeat = true }
    name.pointee.object = object
    last = expected
    expected = name.pointee.next
    members &+= 1
    return count
  }

  /// Takes up a name that was not the expected one.
  /// - Parameter inside: the bytes between its quotes, without any escape.
  @inline(never)
  mutating func add(_ inside: UnsafeRawBufferPointer) {
    guard let number = number(of: inside) else {
      mayRepeat = true
      return
    }
    if names[Int(number)].object == object { mayRepeat = true }
    names[Int(number)].object = object
    members += 1
    if path == .max { mayRepeat = true } else { path += 1 }
    if let last { names[Int(last)].next = number } else { first = number }
    last = number
    expected = names[Int(number)].next
  }

  /// Takes note of a name that may be one of the others, written another way.
  mutating func addUnknown() { mayRepeat = true }

  private mutating func number(of inside: UnsafeRawBufferPointer) -> UInt16? {
    let hash = UInt32(truncatingIfNeeded: ByteHash.of(inside, 0..<inside.count))
    if slots.isEmpty { slots = [UInt16](repeating: 0, count: 2 * ExpectedNames.limit) }
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while slots[slot] != 0 {
      let number = slots[slot] - 1
      if names[Int(number)].hash == hash, isName(Int(number), inside) { return number }
      slot = (slot + 1) & mask
    }
    guard let new = append(inside, hash) else { return nil }
    slots[slot] = new + 1
    return new
  }

  /// Nil when there is no room for it.
  private mutating func append(_ inside: UnsafeRawBufferPointer, _ hash: UInt32) -> UInt16? {
    let length = inside.count + 3
    let room = (length + 8) & ~7
    guard count < ExpectedNames.limit, byteCount + room <= ExpectedNames.byteLimit else { return nil }
    makeRoom(room)
    let name = bytes + byteCount
    memset(name, 0, room)
    name.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
    if let inside = inside.baseAddress { memcpy(name + 1, inside, length - 3) }
    name.storeBytes(of: UInt8(ascii: "\""), toByteOffset: length - 2, as: UInt8.self)
    name.storeBytes(of: UInt8(ascii: ":"), toByteOffset: length - 1, as: UInt8.self)
    (names + count).initialize(
      to: Name(
        offset: UInt32(byteCount), count: UInt32(length), hash: hash, next: UInt16(count + 1), object: 0))
    byteCount += room
    count += 1
    return UInt16(count - 1)
  }

  private mutating func makeRoom(_ room: Int) {
    if count == capacity {
      capacity = max(16, capacity * 2)
      let new = UnsafeMutablePointer<Name>.allocate(capacity: capacity)
      new.moveInitialize(from: names, count: count)
      names.deallocate()
      names = new
    }
    if byteCount + room > byteCapacity {
      byteCapacity = max(512, byteCount + room, byteCapacity * 2)
      let new = UnsafeMutableRawPointer.allocate(byteCount: byteCapacity, alignment: 8)
      new.copyMemory(from: bytes, byteCount: byteCount)
      bytes.deallocate()
      bytes = new
    }
  }

  private func isName(_ number: Int, _ inside: UnsafeRawBufferPointer) -> Bool {
    let name = names[number]
    guard Int(name.count) == inside.count + 3 else { return false }
    return ByteHash.equal(
      UnsafeRawBufferPointer(start: bytes + Int(name.offset) + 1, count: inside.count), inside)
  }
}
