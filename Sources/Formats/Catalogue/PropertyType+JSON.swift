import ExportCore
import Glibc

extension PropertyType {
  /// The narrowest type of a value. An array or object is a string, its JSON text.
  @inline(__always)
  init(of value: JSONValue, at index: Int) {
    switch value.tokens[index].kind {
    case .null: self = .unknown
    case .true, .false: self = .boolean
    case .string, .array, .object: self = .string
    case .number: self = PropertyType(number: value.bytes(value.range(of: index)))
    }
  }

  /// The narrowest type of a JSON number. Without a fraction and an exponent it is an integer (`-0` is 0), otherwise a
  /// decimal. One that its type cannot hold is a string: an integer beyond 64 bits, a decimal beyond the largest double
  /// or so small that only 0 would be left of it.
  @inline(__always)
  init(number text: UnsafeRawBufferPointer) {
    let isNegative = text[0] == UInt8(ascii: "-")
    let first = isNegative ? 1 : 0
    var magnitude: UInt64 = 0
    // Nineteen digits fit in 64 bits.
    let end = min(text.count, first + 19)
    var i = first
    while i < end {
      let digit = text[i] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      magnitude = magnitude &* 10 &+ UInt64(digit)
      i += 1
    }
    guard i == text.count else {
      self = PropertyType.beyondDigits(text, from: i)
      return
    }
    if magnitude <= 1 << 53 {
      self = .int53
    } else {
      self = magnitude <= UInt64(Int64.max) + (isNegative ? 1 : 0) ? .int64 : .string
    }
  }

  /// Of a number that is no integer of at most nineteen digits.
  @inline(never)
  private static func beyondDigits(_ text: UnsafeRawBufferPointer, from start: Int) -> PropertyType {
    var i = start
    var isInteger = true
    var hasExponent = false
    while i < text.count, isInteger || !hasExponent {
      switch text[i] {
      case UInt8(ascii: "."): isInteger = false
      case UInt8(ascii: "e"), UInt8(ascii: "E"): (isInteger, hasExponent) = (false, true)
      default: break
      }
      i += 1
    }
    if isInteger { return .string }
    // A double has room for so many digits on either side of the point.
    if !hasExponent, text.count < 300 { return .double }
    var copy = text.map { CChar(bitPattern: $0) }
    copy.append(0)
    let value = strtod(copy, nil)
    guard value.isFinite else { return .string }
    if value != 0 { return .double }
    let isZero = !text.prefix { $0 | 0x20 != UInt8(ascii: "e") }.contains {
      (UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0)
    }
    return isZero ? .double : .string
  }
}
