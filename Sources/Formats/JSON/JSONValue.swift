import ExportCore
import Glibc

/// A checked JSON text and its tokens, for as long as the row at hand lasts. No name occurs twice in one object.
struct JSONValue {
  let text: UnsafeRawBufferPointer
  let tokens: UnsafeBufferPointer<JSONToken>
  /// Whether the text holds no white space outside of its strings.
  let isCompact: Bool

  /// The bytes of the value with this token, a string's quotes included.
  @inline(__always)
  func range(of index: Int) -> Range<Int> {
    let token = tokens[index]
    let quote = token.kind == .string ? 1 : 0
    return Int(token.start) - quote..<Int(token.end) + quote
  }

  @inline(__always)
  func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: text[range]) }

  /// Calls `body` with the index of each name of this value, an object.
  @inline(__always)
  func forEachName(_ body: (Int) -> Void) { forEachName(of: 0, body) }

  /// Calls `body` with the index of each name of an object within this value.
  @inline(__always)
  func forEachName(of object: Int, _ body: (Int) -> Void) {
    let end = Int(tokens[object].next)
    var name = object + 1
    while name < end {
      body(name)
      name = Int(tokens[name + 1].next)
    }
  }

  /// Calls `body` with the index of each element of this value, an array.
  @inline(__always)
  func forEachElement(_ body: (Int) -> Void) {
    var element = 1
    while element < tokens.count {
      body(element)
      element = Int(tokens[element].next)
    }
  }

  /// Whether a name is this one.
  @inline(__always)
  func isName(_ index: Int, _ name: StaticString) -> Bool {
    let token = tokens[index]
    if token.hasEscapes { return isEscapedName(index, name) }
    return Int(token.end) - Int(token.start) == name.utf8CodeUnitCount
      && memcmp(text.baseAddress! + Int(token.start), name.utf8Start, name.utf8CodeUnitCount) == 0
  }

  @inline(never)
  private func isEscapedName(_ index: Int, _ name: StaticString) -> Bool {
    var unescaped: [UInt8] = []
    JSONText.unescape(bytes(Int(tokens[index].start)..<Int(tokens[index].end)), into: &unescaped)
    return name.withUTF8Buffer { unescaped.elementsEqual($0) }
  }

  /// Calls `body` with the pieces of a value's text, which together are the text without white space.
  @inline(__always)
  func forEachPiece(at index: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    let whole = range(of: index)
    guard !isCompact else { return body(bytes(whole)) }
    var done = whole.lowerBound
    for i in index..<Int(tokens[index].next) where !isContainer(i) {
      let range = range(of: i)
      forEachByte(ofStructure: done..<range.lowerBound, body)
      body(bytes(range))
      done = range.upperBound
    }
    forEachByte(ofStructure: done..<whole.upperBound, body)
  }

  /// What stands between two scalars: structure, and white space that is left out.
  @inline(__always)
  private func forEachByte(ofStructure range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) {
    for i in range where text[i] > 0x20 { body(bytes(i..<i + 1)) }
  }

  @inline(__always)
  func isContainer(_ index: Int) -> Bool { tokens[index].kind == .object || tokens[index].kind == .array }
}

extension OutputBytes {
  /// A value without white space, its numbers and strings as the source wrote them.
  /// - Parameter quoted: as the inside of a JSON string.
  @inline(__always)
  mutating func append(_ value: JSONValue, at index: Int = 0, quoted: Bool = false) {
    value.forEachPiece(at: index) { append($0, quoted: quoted) }
  }

  /// A whole value without white space and without the members that have these names.
  /// - Parameter superseded: indices of name tokens, ascending; behind each a member of the same object follows.
  mutating func append(_ value: JSONValue, without superseded: [UInt32]) {
    var superseded = superseded[...]
    var done = value.range(of: 0).lowerBound
    var i = 0
    while i < value.tokens.count {
      while let first = superseded.first, first < i { superseded.removeFirst() }
      if superseded.first == UInt32(i) {
        append(between: value.bytes(done..<value.range(of: i).lowerBound))
        i = Int(value.tokens[i + 1].next)
        done = value.range(of: i).lowerBound
      } else {
        if !value.isContainer(i) {
          let range = value.range(of: i)
          append(between: value.bytes(done..<range.lowerBound))
          append(value.bytes(range))
          done = range.upperBound
        }
        i += 1
      }
    }
    append(between: value.bytes(done..<value.range(of: 0).upperBound))
  }

  /// An object whose values are strings.
  mutating func append(asStrings object: JSONValue) {
    append(UInt8(ascii: "{"))
    object.forEachName { name in
      if name > 1 { append(UInt8(ascii: ",")) }
      append(object.bytes(object.range(of: name)))
      append(UInt8(ascii: ":"))
      append(asString: object, at: name + 1)
    }
    append(UInt8(ascii: "}"))
  }

  /// A value as a string: a number or boolean in quotes, an array or object as its compact JSON text. A null stays
  /// null.
  @inline(__always)
  mutating func append(asString value: JSONValue, at index: Int) {
    switch value.tokens[index].kind {
    case .string, .null: append(value.bytes(value.range(of: index)))
    case .number, .true, .false, .object, .array:
      append(UInt8(ascii: "\""))
      append(value, at: index, quoted: true)
      append(UInt8(ascii: "\""))
    }
  }

  @inline(__always)
  private mutating func append(_ bytes: UnsafeRawBufferPointer, quoted: Bool) {
    if quoted { append(quotingJSON: bytes) } else { append(bytes) }
  }

  /// What stands between two scalars: structure, and white space that is left out.
  @inline(__always)
  private mutating func append(between bytes: UnsafeRawBufferPointer) {
    for byte in bytes where byte > 0x20 { append(byte) }
  }
}
