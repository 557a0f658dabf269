/// The lexical half of reading JSON (RFC 8259 sections 2, 6 and 7): a position that moves over bytes.
struct JSONScanner {
  let text: UnsafeRawBufferPointer
  var position = 0

  init(text: UnsafeRawBufferPointer) { self.text = text }

  var atEnd: Bool { position == text.count }
  var peek: UInt8? { position < text.count ? text[position] : nil }

  func error(_ problem: String) -> JSONSyntaxError { JSONSyntaxError(offset: position, problem: problem) }

  mutating func skipSpace() {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard position < text.count, text[position] == byte else { return false }
    position += 1
    return true
  }

  mutating func take(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard text.count - position >= count else { return false }
    for i in 0..<count where text[position + i] != word.utf8Start[i] { return false }
    position += count
    return true
  }

  /// From behind the opening quote to behind the closing one; tells whether a backslash occurred. UTF-8
  /// is the caller's to have checked.
  mutating func finishString() throws(JSONSyntaxError) -> Bool {
    let start = position
    var hasEscapes = false
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "\"") {
        position += 1
        return hasEscapes
      }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        try skipEscape()
      } else if byte < 0x20 {
        throw error("a control character in a string must be written as an escape")
      } else {
        position += 1
      }
    }
    throw JSONSyntaxError(offset: max(start - 1, 0), problem: "the string that begins here does not end")
  }

  private mutating func skipEscape() throws(JSONSyntaxError) {
    guard position + 1 < text.count else { throw error("the text ends inside an escape") }
    switch text[position + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 2
    case UInt8(ascii: "u"):
      guard position + 5 < text.count else { throw error("the text ends inside an escape") }
      for i in 2...5 where JSONText.hexDigit(text[position + i]) == nil {
        throw error("an escape with u needs four hexadecimal digits")
      }
      position += 6
    default: throw error("a backslash before a character that needs none")
    }
  }

  mutating func skipNumber() throws(JSONSyntaxError) {
    _ = take(UInt8(ascii: "-"))
    guard let first = peek, isDigit(first) else { throw error("expected a digit") }
    position += 1
    if first == UInt8(ascii: "0") {
      if let next = peek, isDigit(next) { throw error("a number must not begin with 0") }
    } else {
      skipDigits()
    }
    if take(UInt8(ascii: ".")) { try requireDigits("expected a digit after the decimal point") }
    if let byte = peek, byte | 0x20 == UInt8(ascii: "e") {
      position += 1
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try requireDigits("expected a digit in the exponent")
    }
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  private mutating func skipDigits() {
    while position < text.count, isDigit(text[position]) { position += 1 }
  }

  private mutating func requireDigits(_ problem: String) throws(JSONSyntaxError) {
    guard let byte = peek, isDigit(byte) else { throw error(problem) }
    skipDigits()
  }
}
