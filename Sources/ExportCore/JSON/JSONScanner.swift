/// The lexical half of reading JSON (RFC 8259 sections 2, 6 and 7): a position that moves over bytes.
struct JSONScanner {
  private let base: UnsafeRawPointer
  private let end: Int
  private(set) var position = 0
  /// Whether any white space was skipped.
  private(set) var hasSpace = false

  /// Nil for an empty text.
  init?(text: UnsafeRawBufferPointer) {
    guard let base = text.baseAddress, !text.isEmpty else { return nil }
    self.base = base
    end = text.count
  }

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
    while next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 {
      hasSpace = true
      position += 1
      next = byte
    }
    return next
  }

  /// Steps over the byte at the position, which is not the end.
  @inline(__always)
  mutating func step() { position += 1 }

  mutating func take(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard end - position >= count else { return false }
    for i in 0..<count where self[position + i] != word.utf8Start[i] { return false }
    position += count
    return true
  }

  /// From behind the opening quote to behind the closing one; tells whether a backslash occurred. UTF-8
  /// is the caller's to have checked.
  @inline(__always)
  mutating func finishString() throws(JSONSyntaxError) -> Bool {
    let start = position
    var hasEscapes = false
    while true {
      skipPlain()
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return hasEscapes
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try skipEscape()
      default:
        if atEnd { throw JSONSyntaxError(offset: start - 1, reason: .endlessString) }
        throw error(.controlCharacter)
      }
    }
  }

  /// Steps to the next quote, backslash or control character, or to the end: eight bytes at a time.
  @inline(__always)
  private mutating func skipPlain() {
    while position &+ 8 <= end {
      let stop = EightBytes.first(EightBytes.bytesToEscape(EightBytes.load(base, at: position)))
      position &+= stop
      if stop < 8 { return }
    }
    while position < end {
      switch self[position] {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0..<0x20: return
      default: position &+= 1
      }
    }
  }

  private mutating func skipEscape() throws(JSONSyntaxError) {
    guard position + 1 < end else { throw error(.endsInsideEscape) }
    switch self[position + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 2
    case UInt8(ascii: "u"):
      for i in 2...5 {
        guard position + i < end else { throw error(.endsInsideEscape) }
        guard JSONText.hexDigit(self[position + i]) != nil else { throw error(.hexDigitsExpected) }
      }
      position += 6
    default: throw error(.unknownEscape)
    }
  }

  @inline(__always)
  mutating func skipNumber() throws(JSONSyntaxError) {
    if byte == UInt8(ascii: "-") { position += 1 }
    if byte == UInt8(ascii: "0") {
      position += 1
      if isDigit(byte) { throw error(.leadingZero) }
    } else {
      try skipDigits(.digitExpected)
    }
    if byte == UInt8(ascii: ".") {
      position += 1
      try skipDigits(.fractionDigitExpected)
    }
    if byte | 0x20 == UInt8(ascii: "e") {
      position += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
      try skipDigits(.exponentDigitExpected)
    }
  }

  @inline(__always)
  private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  /// One digit or more.
  @inline(__always)
  private mutating func skipDigits(_ reason: JSONSyntaxError.Reason) throws(JSONSyntaxError) {
    guard isDigit(byte) else { throw error(reason) }
    repeat { position &+= 1 } while isDigit(byte)
  }
}
