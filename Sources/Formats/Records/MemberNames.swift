import ExportCore

/// Finds members of JSON objects whose names occur again, in the same object or in another one. Of equal names in
/// one object RFC 8259 (section 4) leaves the meaning open and readers differ; here the last one wins, for every format.
struct MemberNames: ~Copyable {
  /// An open-addressing table over the members of one object. A slot of an older object counts as empty, so
  /// nothing is cleared between objects.
  private struct Slot {
    var object: UInt32
    /// Index of the name's token.
    var name: UInt32
  }
  private var slots: UnsafeMutablePointer<Slot>
  private var mask: Int
  private var object: UInt32 = 0
  private var unescaped: (a: [UInt8], b: [UInt8]) = ([], [])
  /// How many members another one of the same object has replaced so far.
  private(set) var replaced = 0

  init() {
    mask = 255
    slots = .allocate(capacity: 256)
    slots.initialize(repeating: Slot(object: 0, name: 0), count: 256)
  }

  deinit { slots.deallocate() }

  /// Indices of the names whose members another one of the same object replaces, in no particular order.
  mutating func superseded(in text: UnsafeRawBufferPointer, _ tokens: UnsafeBufferPointer<JSONToken>)
    -> [UInt32]
  {
    var superseded: [UInt32] = []
    for index in tokens.indices where tokens[index].kind == .object {
      let next = Int(tokens[index].next)
      begin(atMost: (next - index) / 2)
      var name = index + 1
      while name < next {
        if let earlier = insert(name, text, tokens) { superseded.append(earlier) }
        name = Int(tokens[name + 1].next)
      }
    }
    replaced += superseded.count
    return superseded
  }

  /// Takes up the names of an object, each of which it has once, in the place of any taken up before.
  mutating func takeUp(_ object: JSONValue) {
    begin(atMost: object.tokens.count / 2)
    object.forEachName { _ = insert($0, object.text, object.tokens) }
  }

  /// Whether `other`, which has been taken up, has a name of `object`, too.
  mutating func hasTakenUp(_ name: Int, of object: JSONValue, in other: JSONValue) -> Bool {
    let token = object.tokens[name]
    var slot = Int(truncatingIfNeeded: hash(token, object.text)) & mask
    while slots[slot].object == self.object {
      if equal(other.tokens[Int(slots[slot].name)], other.text, token, object.text) { return true }
      slot = (slot + 1) & mask
    }
    return false
  }

  /// Calls `body` with a name as it is meant, without escapes.
  @inline(__always)
  mutating func withText<Result>(
    of name: Int, in object: JSONValue, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    let token = object.tokens[name]
    guard token.hasEscapes else { return body(inside(token, object.text)) }
    MemberNames.unescape(token, object.text, into: &unescaped.a)
    return unescaped.a.withUnsafeBytes(body)
  }

  /// Room for an object of that many members, at most half full.
  @inline(__always)
  private mutating func begin(atMost members: Int) {
    if object == .max || members * 2 > mask { renew(members) }
    object += 1
  }

  @inline(never)
  private mutating func renew(_ members: Int) {
    slots.deallocate()
    while members * 2 > mask { mask = mask * 2 + 1 }
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: Slot(object: 0, name: 0), count: mask + 1)
    object = 0
  }

  /// Puts a name in the place of an equal one before it, which it gives back.
  @inline(__always)
  private mutating func insert(
    _ name: Int, _ text: UnsafeRawBufferPointer, _ tokens: UnsafeBufferPointer<JSONToken>
  ) -> UInt32? {
    var slot = Int(truncatingIfNeeded: hash(tokens[name], text)) & mask
    while slots[slot].object == object {
      let earlier = slots[slot].name
      if equal(tokens[Int(earlier)], text, tokens[name], text) {
        slots[slot].name = UInt32(name)
        return earlier
      }
      slot = (slot + 1) & mask
    }
    slots[slot] = Slot(object: object, name: UInt32(name))
    return nil
  }

  @inline(__always)
  private mutating func hash(_ name: JSONToken, _ text: UnsafeRawBufferPointer) -> UInt64 {
    guard name.hasEscapes else { return ByteHash.of(text, Int(name.start)..<Int(name.end)) }
    MemberNames.unescape(name, text, into: &unescaped.a)
    return unescaped.a.withUnsafeBytes { ByteHash.of($0, 0..<$0.count) }
  }

  @inline(__always)
  private mutating func equal(
    _ a: JSONToken, _ textA: UnsafeRawBufferPointer, _ b: JSONToken, _ textB: UnsafeRawBufferPointer
  ) -> Bool {
    let (rawA, rawB) = (inside(a, textA), inside(b, textB))
    if ByteHash.equal(rawA, rawB) { return true }
    guard a.hasEscapes || b.hasEscapes else { return false }
    MemberNames.unescape(a, textA, into: &unescaped.a)
    MemberNames.unescape(b, textB, into: &unescaped.b)
    return unescaped.a == unescaped.b
  }

  private static func unescape(_ name: JSONToken, _ text: UnsafeRawBufferPointer, into out: inout [UInt8]) {
    out.removeAll(keepingCapacity: true)
    JSONText.unescape(
      UnsafeRawBufferPointer(rebasing: text[Int(name.start)..<Int(name.end)]), into: &out, .kept)
  }

  @inline(__always)
  private func inside(_ name: JSONToken, _ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: text[Int(name.start)..<Int(name.end)])
  }
}
