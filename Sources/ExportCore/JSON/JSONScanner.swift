import Glibc

/// The lexical half of reading JSON (RFC 8259 sections 2, 6 and 7): a position that moves over bytes. On its way it may
/// copy the text without the white space outside of its strings.
struct JSONScanner {
  private let base: UnsafeRawPointer
  private let end: Int
  private(set) var position = 0
  private let copy: UnsafeMutableRawPointer?
  /// How much of the text has been copied, or left out.
  private var copied = 0
  private var leftOut = 0

  /// Nil for an empty text.
  /// - Parameter copy: room for as many bytes as the text has, and ``copySlack`` more; nil where nothing is left out.
  init?(text: UnsafeRawBufferPointer, copy: UnsafeMutableRawPointer? = nil) {
    guard let base = text.baseAddress, !text.isEmpty else { return nil }
    self.base = base
    end = text.count
    self.copy = copy
  }

  /// How many bytes behind a copy may be written to.
  static let copySlack = 16

  /// The position in what is left of the text.
  @inline(__always)
  var offset: Int { position &- leftOut }

  var atEnd: Bool { position == end }

  /// The byte at the position; 0, which JSON allows nowhere, at the end.
  @inline(__always)
  var byte: UInt8 { position < end ? self[position] : 0 }

  @inline(__always)
  private subscript(_ at: Int) -> UInt8 { base.load(fromByteOffset: at, as: UInt8.self) }

  func error(_ reason: JSONSyntaxError.Reason) -> JSONSyntaxError {
    JSONSyntaxError(offset: position, reason: reason)
  }

  /// Steps over white space; gives the byte behind it as ``byte`` does.
  @inline(__always)
  mutating func skipSpace() -> UInt8 {
    var next = byte
    guard next <= 0x20, JSONScanner.isSpace(next) else { return next }
    let first = position
    repeat {
      position &+= 1
      next = byte
    } while JSONScanner.isSpace(next)
    if let copy {
      copyText(upTo: first, to: copy)
      copied = position
      leftOut &+= position &- first
    }
    return next
  }

  @inline(__always)
  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }

  /// What has been read without the white space outside of its strings: the text itself, if it has none.
  func compactText() -> UnsafeRawBufferPointer {
    guard let copy, leftOut > 0 else { return UnsafeRawBufferPointer(start: base, count: end) }
    copyText(upTo: end, to: copy)
    return UnsafeRawBufferPointer(start: copy, count: end - leftOut)
  }

  @inline(__always)
  private func copyText(upTo position: Int, to copy: UnsafeMutableRawPointer) {
    let source = base + copied
    let target = copy + (copied &- leftOut)
    let count = position &- copied
    // Pieces are short: sixteen bytes at once, the last of which may be too many.
    guard count <= 64, position &+ JSONScanner.copySlack <= end else {
      memcpy(target, source, count)
      return
    }
    var i = 0
    while i < count {
      target.storeBytes(
        of: source.loadUnaligned(fromByteOffset: i, as: SIMD2<UInt64>.self), toByteOffset: i,
        as: SIMD2<UInt64>.self)
      i &+= 16
    }
  }

  /// Steps over a name and its colon, when they are the expected ones.
  /// - Returns: how many bytes that were; 0 if it is another name.
  @inline(__always)
  mutating func follow(_ names: UnsafeMutablePointer<ExpectedNames>) -> Int {
    let count = names.pointee.follow(base, at: position, end: end)
    position &+= count
    return count
  }

  /// The text from `start` up to the position.
  @inline(__always)
  func bytes(from start: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base + start, count: position &- start)
  }

  /// Steps over the byte at the position, which is not the end.
  @inline(__always)
  mutating func step() { position += 1 }

  /// Steps over a word of four letters, if it is there.
  /// - Parameter letters: as they lie in memory.
  @inline(__always)
  mutating func take(_ letters: UInt32, skipping before: Int = 0) -> Bool {
    guard position &+ before &+ 4 <= end,
      base.loadUnaligned(fromByteOffset: position &+ before, as: UInt32.self) == letters
    else { return false }
    position &+= before &+ 4
    return true
  }

  // What is called here is given the position and gives it back: a scanner whose address is taken is loaded and stored
  // at every step.

  /// From behind the opening quote to the closing one; tells whether a backslash occurred. UTF-8 is the caller's to have
  /// checked.
  @inline(__always)
  mutating func skipString() throws(JSONSyntaxError) -> Bool {
    let plain = JSONScanner.plain(base, position, end)
    if plain < end, self[plain] == UInt8(ascii: "\"") {
      position = plain
      return false
    }
    position = try endOfString(position, plain)
    return true
  }

  /// Where the closing quote is of a string with an escape.
  /// - Parameter plain: how far it has none.
  @inline(never)
  private func endOfString(_ start: Int, _ plain: Int) throws(JSONSyntaxError) -> Int {
    var position = plain
    while position < end {
      switch self[position] {
      case UInt8(ascii: "\""): return position
      case UInt8(ascii: "\\"): position = try endOfEscape(position)
      default: throw JSONSyntaxError(offset: position, reason: .controlCharacter)
      }
      position = JSONScanner.plain(base, position, end)
    }
    throw JSONSyntaxError(offset: start - 1, reason: .endlessString)
  }

  /// The next quote, backslash or control character, or the end: eight bytes at a time.
  @inline(__always)
  private static func plain(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
    var position = start
    while position &+ 8 <= end {
      let stop = EightBytes.first(EightBytes.bytesToEscape(EightBytes.load(base, at: position)))
      position &+= stop
      if stop < 8 { return position }
    }
    while position < end {
      switch base.load(fromByteOffset: position, as: UInt8.self) {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0..<0x20: return position
      default: position &+= 1
      }
    }
    return position
  }

  private func endOfEscape(_ start: Int) throws(JSONSyntaxError) -> Int {
    func error(_ reason: JSONSyntaxError.Reason) -> JSONSyntaxError {
      JSONSyntaxError(offset: start, reason: reason)
    }
    guard start + 1 < end else { throw error(.endsInsideEscape) }
    switch self[start + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return start + 2
    case UInt8(ascii: "u"):
      for i in 2...5 {
        guard start + i < end else { throw error(.endsInsideEscape) }
        guard JSONText.hexDigit(self[start + i]) != nil else { throw error(.hexDigitsExpected) }
      }
      return start + 6
    default: throw error(.unknownEscape)
    }
  }

  @inline(__always)
  mutating func skipNumber() throws(JSONSyntaxError) { position = try endOfNumber(position) }

  @inline(never)
  private func endOfNumber(_ start: Int) throws(JSONSyntaxError) -> Int {
    var position = start
    if byte(position) == UInt8(ascii: "-") { position &+= 1 }
    if byte(position) == UInt8(ascii: "0") {
      position &+= 1
      if isDigit(position) { throw JSONSyntaxError(offset: position, reason: .leadingZero) }
    } else {
      position = try endOfDigits(position, .digitExpected)
    }
    if byte(position) == UInt8(ascii: ".") {
      position = try endOfDigits(position &+ 1, .fractionDigitExpected)
    }
    if byte(position) | 0x20 == UInt8(ascii: "e") {
      position &+= 1
      if byte(position) == UInt8(ascii: "+") || byte(position) == UInt8(ascii: "-") { position &+= 1 }
      position = try endOfDigits(position, .exponentDigitExpected)
    }
    return position
  }

  /// The byte there; 0 at the end.
  @inline(__always)
  private func byte(_ position: Int) -> UInt8 { position < end ? self[position] : 0 }

  @inline(__always)
  private func isDigit(_ position: Int) -> Bool { byte(position) &- UInt8(ascii: "0") < 10 }

  /// One digit or more.
  @inline(__always)
  private func endOfDigits(_ start: Int, _ reason: JSONSyntaxError.Reason) throws(JSONSyntaxError) -> Int {
    guard isDigit(start) else { throw JSONSyntaxError(offset: start, reason: reason) }
    var position = start &+ 1
    while position &+ 8 <= end {
      let stop = EightBytes.first(EightBytes.nonDigits(EightBytes.load(base, at: position)))
      position &+= stop
      if stop < 8 { return position }
    }
    while isDigit(position) { position &+= 1 }
    return position
  }
}
