import ExportCore
import Glibc

/// A hash of short byte strings for tables of this room, eight bytes at a time. It is never stored.
enum ByteHash {
  /// - Parameter range: of `text`; bytes around it may be looked at, never counted.
  @inline(__always)
  static func of(_ text: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt64 {
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

  @inline(__always)
  static func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word) &* 0xD6E8_FEB8_6659_FD93
    return product ^ (product >> 32)
  }

  @inline(__always)
  static func equal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    let count = a.count
    guard count == b.count else { return false }
    guard let a = a.baseAddress, let b = b.baseAddress else { return true }
    return memcmp(a, b, count) == 0
  }
}
