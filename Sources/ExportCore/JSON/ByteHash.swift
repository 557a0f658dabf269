import Glibc

/// A hash of short byte strings for tables in memory, eight bytes at a time. It is never stored.
package enum ByteHash {
  /// The hash of a part of a text.
  /// - Parameter range: of `text`; bytes around it may be looked at, never counted.
  @inline(__always)
  package static func of(_ text: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: range.count) &* 0x9E37_79B9_7F4A_7C15
    var position = range.lowerBound
    while position + 8 <= range.upperBound {
      hash = mixed(hash, EightBytes.load(text, at: position))
      position += 8
    }
    let left = range.upperBound - position
    if left > 0 {
      var word: UInt64 = 0
      if position + 8 <= text.count {
        word = EightBytes.load(text, at: position) & (UInt64.max >> UInt64(64 - left * 8))
      } else {
        for i in 0..<left { word |= UInt64(text[position + i]) << UInt64(i * 8) }
      }
      hash = mixed(hash, word)
    }
    return hash ^ (hash >> 29)
  }

  /// The hash of what `hash` is of and a number behind it.
  @inline(__always)
  package static func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word) &* 0xD6E8_FEB8_6659_FD93
    return product ^ (product >> 32)
  }

  /// Whether two byte strings are the same.
  @inline(__always)
  package static func equal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    let count = a.count
    guard count == b.count else { return false }
    guard let a = a.baseAddress, let b = b.baseAddress else { return true }
    guard count >= 8, count <= 64 else { return memcmp(a, b, count) == 0 }
    var i = 0
    while i &+ 8 <= count {
      if EightBytes.load(a, at: i) != EightBytes.load(b, at: i) { return false }
      i &+= 8
    }
    // The last eight, of which some have been compared.
    return EightBytes.load(a, at: count &- 8) == EightBytes.load(b, at: count &- 8)
  }
}
