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
    // Most text is ASCII from end to end: of that, 64 bytes at a time, put together before they are looked at.
    while i &+ 64 <= count {
      let pairs = base + i
      let words =
        pairs.loadUnaligned(as: SIMD2<UInt64>.self)
        | pairs.loadUnaligned(fromByteOffset: 16, as: SIMD2<UInt64>.self)
        | pairs.loadUnaligned(fromByteOffset: 32, as: SIMD2<UInt64>.self)
        | pairs.loadUnaligned(fromByteOffset: 48, as: SIMD2<UInt64>.self)
      guard (words.x | words.y) & 0x8080_8080_8080_8080 == 0 else { break }
      i &+= 64
    }
    if count >= 8, count - i <= 64, isASCII(base, from: i, count) { return true }
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

  /// Whether the bytes from `start` on are ASCII, of at least eight: the last eight are looked at at once, some of them twice.
  @inline(__always)
  private static func isASCII(_ base: UnsafeRawPointer, from start: Int, _ count: Int) -> Bool {
    var bits = base.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    var i = start
    while i &+ 8 < count {
      bits |= base.loadUnaligned(fromByteOffset: i, as: UInt64.self)
      i &+= 8
    }
    return bits & 0x8080_8080_8080_8080 == 0
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
