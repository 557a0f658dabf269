/// One value or member name of a JSON text, as a range of its bytes.
package struct JSONToken: Sendable {
  package enum Kind: UInt8, Sendable { case object, array, string, number, `true`, `false`, null }
  package var kind: Kind
  /// Strings only: whether a backslash occurs, so that the bytes are not yet the text.
  package var hasEscapes: Bool
  /// The first byte of the value; of a string, the first byte behind its opening quote.
  package var start: UInt32
  /// One past the last byte; of a string, its closing quote.
  package var end: UInt32
  /// Index of the first token behind this value and all that it contains.
  package var next: UInt32

  /// A token that nothing is inside of yet, at `index` of its text.
  @inline(__always)
  init(_ kind: Kind, _ start: UInt32, _ end: Int, hasEscapes: Bool = false, at index: Int) {
    self.kind = kind
    self.hasEscapes = hasEscapes
    self.start = start
    self.end = UInt32(truncatingIfNeeded: end)
    next = UInt32(truncatingIfNeeded: index + 1)
  }
}

/// A reader of JSON texts (RFC 8259) that keeps positions and no values: tokens in order of the text, an
/// object's as name, value, name, value. One instance is used over and over, so that its storage is not
/// allocated anew for each row. Both the configuration and the properties of events go through it.
package struct JSONTokens: ~Copyable {
  private var storage: UnsafeMutablePointer<JSONToken>
  private var capacity = 16
  private var count = 0
  /// Indices of the objects and arrays that are open.
  private let open: UnsafeMutablePointer<UInt32>
  /// The last text without its white space, where it had any.
  private var compact: UnsafeMutableRawPointer
  private var compactCapacity = 0
  /// Whether an object of the last text may have a name twice, as far as ``readCompacting(_:expecting:)`` has seen; false
  /// means that none has.
  package private(set) var mayRepeatNames = true

  /// Deeper nesting is refused rather than trusted.
  package static let depthLimit = 512

  package init() {
    storage = .allocate(capacity: capacity)
    open = .allocate(capacity: JSONTokens.depthLimit)
    compact = .allocate(byteCount: 0, alignment: 1)
  }

  deinit {
    storage.deallocate()
    open.deallocate()
    compact.deallocate()
  }

  /// Of the last text read; valid until the next one is.
  package var tokens: UnsafeBufferPointer<JSONToken> {
    @inline(__always) get { UnsafeBufferPointer(start: storage, count: count) }
  }

  /// Reads one whole text.
  /// - Throws: ``JSONSyntaxError``; ``tokens`` is then of no use.
  package mutating func read(_ text: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
    mayRepeatNames = true
    guard text.count < Int(UInt32.max) else { throw JSONSyntaxError(offset: 0, reason: .tooLong) }
    guard var scanner = JSONScanner(text: text) else {
      throw JSONSyntaxError(offset: 0, reason: .endsBeforeValue)
    }
    try read(&scanner, nil)
  }

  /// Reads one whole text and leaves out the white space outside of its strings.
  /// - Parameter names: of objects like this one.
  /// - Returns: what the tokens are positions in: the text, or a copy that is valid until the next one is read.
  /// - Throws: ``JSONSyntaxError``, its offset one in `text`; ``tokens`` is then of no use.
  @inline(__always)
  package mutating func readCompacting(
    _ text: UnsafeRawBufferPointer, expecting names: UnsafeMutablePointer<ExpectedNames>
  ) throws(JSONSyntaxError) -> UnsafeRawBufferPointer {
    guard text.count < Int(UInt32.max) else { throw JSONSyntaxError(offset: 0, reason: .tooLong) }
    fitCompact(text.count)
    guard var scanner = JSONScanner(text: text, copy: compact) else {
      throw JSONSyntaxError(offset: 0, reason: .endsBeforeValue)
    }
    mayRepeatNames = false
    names.pointee.begin()
    try read(&scanner, names)
    if names.pointee.mayRepeat { mayRepeatNames = true }
    return scanner.compactText()
  }

  /// Makes room for a text, and gives back what a single large one took.
  @inline(__always)
  private mutating func fitCompact(_ count: Int) {
    let needed = count + JSONScanner.copySlack
    if needed > compactCapacity || compactCapacity > 1 << 20 { renewCompact(needed) }
  }

  @inline(never)
  private mutating func renewCompact(_ needed: Int) {
    guard needed > compactCapacity || needed <= compactCapacity / 2 else { return }
    compactCapacity = needed > 1 << 20 ? needed : max(4096, needed + needed / 2)
    compact.deallocate()
    compact = .allocate(byteCount: compactCapacity, alignment: 16)
  }

  private mutating func read(
    _ reading: inout JSONScanner, _ names: UnsafeMutablePointer<ExpectedNames>?
  ) throws(JSONSyntaxError) {
    // In variables of its own: what is reached through a parameter or `self` is loaded and stored at every step.
    var scanner = reading
    var storage = self.storage
    var capacity = self.capacity
    let open = self.open
    var count = 0
    var depth = 0
    var inObject = false
    while true {
      // A value and a name may come.
      if count &+ 2 > capacity {
        grow(count)
        (storage, capacity) = (self.storage, self.capacity)
      }
      // A value is due here.
      let first = scanner.skipSpace()
      let start = UInt32(truncatingIfNeeded: scanner.offset)
      var opened = false
      switch first {
      case UInt8(ascii: "\""):
        scanner.step()
        let hasEscapes = try scanner.skipString()
        storage[count] = JSONToken(.string, start &+ 1, scanner.offset, hasEscapes: hasEscapes, at: count)
        scanner.step()
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard depth < Self.depthLimit else { throw scanner.error(.tooDeep) }
        scanner.step()
        opened = true
        inObject = first == UInt8(ascii: "{")
        open[depth] = UInt32(truncatingIfNeeded: count)
        depth &+= 1
        storage[count] = JSONToken(inObject ? .object : .array, start, scanner.offset, at: count)
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        try scanner.skipNumber()
        storage[count] = JSONToken(.number, start, scanner.offset, at: count)
      case UInt8(ascii: "t") where scanner.take(JSONTokens.letters("true")):
        storage[count] = JSONToken(.true, start, scanner.offset, at: count)
      case UInt8(ascii: "f") where scanner.take(JSONTokens.letters("alse"), skipping: 1):
        storage[count] = JSONToken(.false, start, scanner.offset, at: count)
      case UInt8(ascii: "n") where scanner.take(JSONTokens.letters("null")):
        storage[count] = JSONToken(.null, start, scanner.offset, at: count)
      default: throw scanner.error(scanner.atEnd ? .endsBeforeValue : .valueExpected)
      }
      count &+= 1
      // Behind a value, or inside of what has just been opened: close what ends, or go on to the next value.
      while true {
        let next = scanner.skipSpace()
        guard depth > 0 else {
          guard scanner.atEnd else { throw scanner.error(.textAfterValue) }
          self.count = count
          reading = scanner
          return
        }
        if next == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
          scanner.step()
          depth &-= 1
          let container = Int(open[depth])
          storage[container].end = UInt32(truncatingIfNeeded: scanner.offset)
          storage[container].next = UInt32(truncatingIfNeeded: count)
          if depth > 0 { inObject = storage[Int(open[depth &- 1])].kind == .object }
          opened = false
          continue
        }
        if !opened {
          guard next == UInt8(ascii: ",") else {
            throw scanner.error(inObject ? .memberEndExpected : .elementEndExpected)
          }
          scanner.step()
        }
        guard inObject else { break }
        guard scanner.skipSpace() == UInt8(ascii: "\"") else {
          throw scanner.error(opened ? .firstNameExpected : .nameExpected)
        }
        let start = UInt32(truncatingIfNeeded: scanner.offset &+ 1)
        if depth == 1, let names, scanner.follow(names) > 0 {
          storage[count] = JSONToken(.string, start, scanner.offset &- 2, at: count)
        } else {
          scanner.step()
          let first = scanner.position
          let hasEscapes = try scanner.skipString()
          storage[count] = JSONToken(.string, start, scanner.offset, hasEscapes: hasEscapes, at: count)
          if depth > 1 {
            mayRepeatNames = true
          } else if let names {
            if hasEscapes {
              names.pointee.addUnknown()
            } else {
              names.pointee.add(scanner.bytes(from: first))
            }
          }
          scanner.step()
          guard scanner.skipSpace() == UInt8(ascii: ":") else { throw scanner.error(.colonExpected) }
          scanner.step()
        }
        count &+= 1
        break
      }
    }
  }

  @inline(never)
  private mutating func grow(_ count: Int) {
    capacity *= 2
    let new = UnsafeMutablePointer<JSONToken>.allocate(capacity: capacity)
    new.moveInitialize(from: storage, count: count)
    storage.deallocate()
    storage = new
  }

  /// Four letters as they lie in memory.
  @inline(__always)
  private static func letters(_ text: StaticString) -> UInt32 {
    UnsafeRawPointer(text.utf8Start).loadUnaligned(as: UInt32.self)
  }
}
