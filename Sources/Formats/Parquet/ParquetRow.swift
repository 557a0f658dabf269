import ExportCore
import Glibc

/// A record on its way to the columns of a Parquet file: the values that it has, each behind its column's number, and a
/// zero behind the last one. Records wait in this form until there are enough for a row group. What a value takes is
/// known to both ends by its column; it never leaves this program.
extension OutputBytes {
  /// The number of a column, seven bits a byte; a value follows.
  @inline(__always)
  mutating func append(column: Int) {
    var rest = UInt(column) + 1
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  mutating func appendRowEnd() { append(0 as UInt8) }

  /// A text that may be missing.
  @inline(__always)
  mutating func append(_ text: UnsafeRawBufferPointer?, column: Int) {
    guard let text else { return }
    append(column: column)
    append(number: UInt32(text.count))
    append(text)
  }

  /// The levels of a value or null in a column that may have several.
  @inline(__always)
  mutating func append(repetition: Int, definition: Int) {
    append(UInt8(truncatingIfNeeded: repetition << 4 | definition))
  }

  /// A value's text behind its length: a string's own, of anything else its compact JSON.
  @inline(__always)
  mutating func append(textOf value: JSONValue, at index: Int) {
    let length = count
    append(number: 0 as UInt32)
    let token = value.tokens[index]
    if token.kind == .string {
      let inside = value.bytes(Int(token.start)..<Int(token.end))
      if token.hasEscapes { append(unescaping: inside) } else { append(inside) }
    } else {
      append(value, at: index)
    }
    replace(at: length, with: UInt32(count - length - 4))
  }

  /// A value of a column of properties, unless it is null.
  @inline(__always)
  mutating func append(_ value: JSONValue, at index: Int, _ type: PropertyType, column: Int) {
    let token = value.tokens[index]
    guard token.kind != .null else { return }
    append(column: column)
    switch type {
    case .boolean: append(token.kind == .true ? 1 as UInt8 : 0)
    case .int53, .int64: append(number: JSONNumber.integer(value.bytes(value.range(of: index))))
    case .double: append(number: JSONNumber.double(value.bytes(value.range(of: index))))
    case .string, .unknown: append(textOf: value, at: index)
    }
  }

  /// The members of an object that has been placed in its columns.
  /// - Parameter first: the number of the first column.
  @inline(__always)
  mutating func append(_ field: borrowing JSONField, in columns: borrowing ColumnGroup, first: Int) {
    guard !field.isAbsent else { return }
    field.withValue { object in
      for column in 0..<columns.count {
        let cell = columns.cell(column)
        if cell != 0 { append(object, at: cell, columns.type(of: column), column: first + column) }
      }
    }
  }

  /// The members of an object as the entries of a map; nulls stay.
  /// - Parameter key: the number of the keys' column, that of the values comes behind it.
  mutating func append(entriesOf field: borrowing JSONField, key: Int) {
    guard !field.isAbsent else { return }
    field.withValue { object in
      object.forEachName { name in
        let repetition = name > 1 ? 1 : 0
        append(column: key)
        append(repetition: repetition, definition: 1)
        append(textOf: object, at: name)
        append(column: key + 1)
        if object.tokens[name + 1].kind == .null {
          append(repetition: repetition, definition: 1)
        } else {
          append(repetition: repetition, definition: 2)
          append(textOf: object, at: name + 1)
        }
      }
    }
  }

  /// The elements of an array as those of a list that may be missing; nulls stay.
  mutating func append(elementsOf field: borrowing JSONField, column: Int) {
    guard !field.isAbsent else { return }
    field.withValue { array in
      guard array.tokens.count > 1 else {
        append(column: column)
        return append(repetition: 0, definition: 1)
      }
      array.forEachElement { element in
        append(column: column)
        if array.tokens[element].kind == .null {
          append(repetition: element > 1 ? 1 : 0, definition: 2)
        } else {
          append(repetition: element > 1 ? 1 : 0, definition: 3)
          append(textOf: array, at: element)
        }
      }
    }
  }
}

/// What a JSON number stands for, of which ``PropertyType`` says that its type can hold it.
enum JSONNumber {
  @inline(__always)
  static func integer(_ text: UnsafeRawBufferPointer) -> Int64 {
    let isNegative = text[0] == UInt8(ascii: "-")
    var magnitude: UInt64 = 0
    for i in (isNegative ? 1 : 0)..<text.count {
      magnitude = magnitude &* 10 &+ UInt64(text[i] &- UInt8(ascii: "0"))
    }
    return Int64(bitPattern: isNegative ? 0 &- magnitude : magnitude)
  }

  /// The powers of ten that a double holds exactly.
  private static let powers: [Double] = (0...22).map { exponent in
    (0..<exponent).reduce(1.0) { power, _ in power * 10 }
  }

  /// The nearest double.
  @inline(__always)
  static func double(_ text: UnsafeRawBufferPointer) -> Double {
    // Digits within 2^53 divided by a power of ten that is exact are rounded once, and so rightly.
    let isNegative = text[0] == UInt8(ascii: "-")
    var digits: UInt64 = 0
    var point: Int?
    var i = isNegative ? 1 : 0
    guard text.count <= 17 else { return slow(text) }
    while i < text.count {
      let digit = text[i] &- UInt8(ascii: "0")
      if digit < 10 {
        digits = digits &* 10 &+ UInt64(digit)
      } else if text[i] == UInt8(ascii: ".") {
        point = i
      } else {
        return slow(text)
      }
      i += 1
    }
    guard digits <= 1 << 53 else { return slow(text) }
    let value = Double(digits) / powers[point.map { text.count - 1 - $0 } ?? 0]
    return isNegative ? -value : value
  }

  @inline(never)
  private static func slow(_ text: UnsafeRawBufferPointer) -> Double {
    withUnsafeTemporaryAllocation(byteCount: text.count + 1, alignment: 1) { copy in
      copy.copyMemory(from: text)
      copy[text.count] = 0
      return strtod(copy.assumingMemoryBound(to: CChar.self).baseAddress!, nil)
    }
  }
}
