/// Text as it lies in databases: mostly ASCII, mostly valid, never to be trusted.
enum UTF8Text {
  /// Appends `text`, each sequence that is not UTF-8 replaced by U+FFFD.
  static func append(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
    if isValid(text) {
      bytes.append(contentsOf: text)
    } else {
      bytes.append(contentsOf: String(decoding: text, as: UTF8.self).utf8)
    }
  }

  /// Well-formed UTF-8 (Unicode 16.0, table 3-7).
  static func isValid(_ text: UnsafeRawBufferPointer) -> Bool {
    let count = text.count
    guard let base = text.baseAddress else { return true }
    var i = 0
    // Most text is ASCII from end to end: of that, 32 bytes at a time.
    while i &+ 32 <= count {
      let words = base.loadUnaligned(fromByteOffset: i, as: SIMD4<UInt64>.self)
      guard (words.x | words.y | words.z | words.w) & 0x8080_8080_8080_8080 == 0 else { break }
      i &+= 32
    }
    while i < count {
      // Eight ASCII bytes at a time.
      while i + 8 <= count,
        base.loadUnaligned(fromByteOffset: i, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        i += 8
      }
      guard i < count else { return true }
      let lead = text[i]
      if lead < 0x80 {
        i += 1
        continue
      }
      let length: Int
      var second: ClosedRange<UInt8> = 0x80...0xBF
      switch lead {
      case 0xC2...0xDF: length = 2
      case 0xE0: (length, second) = (3, 0xA0...0xBF)
      case 0xED: (length, second) = (3, 0x80...0x9F)
      case 0xE1...0xEF: length = 3
      case 0xF0: (length, second) = (4, 0x90...0xBF)
      case 0xF4: (length, second) = (4, 0x80...0x8F)
      case 0xF1...0xF3: length = 4
      default: return false
      }
      guard i + length <= count, second.contains(text[i + 1]) else { return false }
      for next in 2..<max(length, 2) where text[i + next] & 0xC0 != 0x80 { return false }
      i += length
    }
    return true
  }

  /// At most `limit` bytes of `text`, cut before a character and mended.
  static func prefix(_ text: UnsafeRawBufferPointer, limit: Int) -> String {
    var end = min(text.count, limit)
    if end < text.count {
      // A character has at most three bytes behind its first.
      var back = 0
      while back < 3, end > 0, text[end] & 0xC0 == 0x80 {
        end -= 1
        back += 1
      }
    }
    var cut = String(decoding: UnsafeRawBufferPointer(rebasing: text[..<end]), as: UTF8.self)
    // Mending may have made it longer.
    while cut.utf8.count > limit { cut.removeLast() }
    return cut
  }
}
