/// Looking at eight bytes of JSON text at once. A mask has the high bit of a byte set where that byte is
/// sought; above the lowest such byte it may have more set, so only the first is to be trusted.
package enum EightBytes {
  /// `"` and `\`.
  @inlinable @inline(__always)
  package static func quotesAndBackslashes(_ word: UInt64) -> UInt64 {
    zeros(word ^ 0x2222_2222_2222_2222) | zeros(word ^ 0x5C5C_5C5C_5C5C_5C5C)
  }

  /// Whatever cannot stand in a JSON string as it is: `"`, `\`, and control characters below 0x20.
  @inlinable @inline(__always)
  package static func bytesToEscape(_ word: UInt64) -> UInt64 {
    quotesAndBackslashes(word) | (word &- 0x2020_2020_2020_2020) & ~word & 0x8080_8080_8080_8080
  }

  /// What is no decimal digit.
  @inlinable @inline(__always)
  package static func nonDigits(_ word: UInt64) -> UInt64 {
    let digits = word ^ 0x3030_3030_3030_3030
    // Of a digit 0 to 9 is left; every other byte reaches its high bit, or had it.
    return ((digits & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7676_7676_7676_7676 | digits) & 0x8080_8080_8080_8080
  }

  /// The offset of the first byte that a mask has found; 8 when it is empty.
  @inlinable @inline(__always)
  package static func first(_ mask: UInt64) -> Int { mask.trailingZeroBitCount >> 3 }

  /// The eight bytes at `offset`, the first of them lowest.
  @inlinable @inline(__always)
  package static func load(_ text: UnsafeRawPointer, at offset: Int) -> UInt64 {
    UInt64(littleEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inlinable @inline(__always)
  package static func load(_ text: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
    UInt64(littleEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inlinable @inline(__always)
  package static func zeros(_ word: UInt64) -> UInt64 {
    (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
  }
}
