import ExportCore
import Glibc

/// A checked JSON text without white space outside of its strings and its tokens, for as long as the row at hand lasts. No
/// name occurs twice in one object.
struct JSONValue {
  let text: UnsafeRawBufferPointer
  let tokens: UnsafeBufferPointer<JSONToken>

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
}

extension OutputBytes {
  /// A value, its numbers and strings as the source wrote them.
  @inline(__always)
  mutating func append(_ value: JSONValue, at index: Int = 0) { append(value.bytes(value.range(of: index))) }

  /// A whole value without the members that have these names.
  /// - Parameter superseded: indices of name tokens, ascending; behind each a member of the same object follows.
  mutating func append(_ value: JSONValue, without superseded: [UInt32]) {
    var done = value.range(of: 0).lowerBound
    for name in superseded.map(Int.init) {
      let first = value.range(of: name).lowerBound
      // One within a member that has gone is gone as well.
      guard first >= done else { continue }
      append(value.bytes(done..<first))
      done = value.range(of: Int(value.tokens[name + 1].next)).lowerBound
    }
    append(value.bytes(done..<value.range(of: 0).upperBound))
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
      append(quotingJSON: value.bytes(value.range(of: index)))
      append(UInt8(ascii: "\""))
    }
  }
}
