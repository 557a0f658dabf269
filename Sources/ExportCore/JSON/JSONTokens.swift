/// One value or member name of a JSON text, as a range of its bytes.
package struct JSONToken: Sendable {
  package enum Kind: UInt8, Sendable { case object, array, string, number, `true`, `false`, null }
  package var kind: Kind
  /// Strings only: whether a backslash occurs, so that the bytes are not yet the text.
  package var hasEscapes: Bool
  /// The first byte of the value; of a string, the first byte behind its opening quote.
  package var start: UInt32
  /// One past the last byte; of a string, its closing quote.
  package var end: UInt32
  /// Index of the first token behind this value and all that it contains.
  package var next: UInt32
}

/// Why a text is not JSON, and where.
package struct JSONSyntaxError: Error, Hashable, Sendable {
  /// In bytes from the beginning of the text.
  package var offset: Int
  /// What is wrong, a clause: "expected ',' or '}' after a value".
  package var problem: String
}

/// A reader of JSON texts (RFC 8259) that keeps positions and no values: tokens in order of the text, an
/// object's as name, value, name, value. One instance is used over and over, so that its storage is not
/// allocated anew for each row. Both the configuration and the properties of events go through it.
package struct JSONTokens: Sendable {
  /// Of the last text read.
  package private(set) var tokens: [JSONToken] = []
  /// Indices of the objects and arrays that are open.
  private var open: [UInt32] = []

  /// Deeper nesting is refused rather than trusted.
  package static let depthLimit = 512

  package init() {}

  /// Reads one whole text.
  /// - Throws: ``JSONSyntaxError``; ``tokens`` is then of no use.
  package mutating func read(_ text: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
    tokens.removeAll(keepingCapacity: true)
    open.removeAll(keepingCapacity: true)
    guard text.count < Int(UInt32.max) else {
      throw JSONSyntaxError(offset: 0, problem: "a text of 4 GiB or more is not read")
    }
    var scanner = JSONScanner(text: text)
    scanner.skipSpace()
    while true {
      // A value is due here.
      try value(&scanner)
      // Behind a value: close what ends, or go on to the next value.
      var opened = tokens[tokens.count - 1].next == 0
      while true {
        scanner.skipSpace()
        guard let container = open.last else {
          guard scanner.atEnd else { throw scanner.error("expected nothing after the value") }
          return
        }
        let isObject = tokens[Int(container)].kind == .object
        let closing = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        if scanner.take(closing) {
          tokens[Int(container)].end = UInt32(scanner.position)
          tokens[Int(container)].next = UInt32(tokens.count)
          open.removeLast()
          opened = false
          continue
        }
        if !opened, !scanner.take(UInt8(ascii: ",")) {
          throw scanner.error(
            isObject ? "expected ',' or '}' after a value" : "expected ',' or ']' after a value")
        }
        if !opened { scanner.skipSpace() }
        if isObject { try memberName(&scanner, first: opened) }
        break
      }
    }
  }

  private mutating func memberName(_ scanner: inout JSONScanner, first: Bool) throws(JSONSyntaxError) {
    guard scanner.take(UInt8(ascii: "\"")) else {
      throw scanner.error(
        first ? "expected a name in double quotes or '}'" : "expected a name in double quotes after ','")
    }
    try string(&scanner)
    scanner.skipSpace()
    guard scanner.take(UInt8(ascii: ":")) else { throw scanner.error("expected ':' after the name") }
    scanner.skipSpace()
  }

  private mutating func string(_ scanner: inout JSONScanner) throws(JSONSyntaxError) {
    let start = scanner.position
    let hasEscapes = try scanner.finishString()
    append(.string, start, scanner.position - 1, hasEscapes: hasEscapes)
  }

  private mutating func append(_ kind: JSONToken.Kind, _ start: Int, _ end: Int, hasEscapes: Bool = false) {
    tokens.append(
      JSONToken(
        kind: kind, hasEscapes: hasEscapes, start: UInt32(start), end: UInt32(end),
        next: UInt32(tokens.count + 1)))
  }

  private mutating func value(_ scanner: inout JSONScanner) throws(JSONSyntaxError) {
    let start = scanner.position
    guard let first = scanner.peek else { throw scanner.error("the text ends where a value is expected") }
    switch first {
    case UInt8(ascii: "\""):
      scanner.position += 1
      try string(&scanner)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard open.count < Self.depthLimit else {
        throw scanner.error("nested deeper than \(Self.depthLimit) levels")
      }
      let kind: JSONToken.Kind = first == UInt8(ascii: "{") ? .object : .array
      scanner.position += 1
      open.append(UInt32(tokens.count))
      // `next` stays 0 until the container closes.
      tokens.append(
        JSONToken(kind: kind, hasEscapes: false, start: UInt32(start), end: UInt32(start), next: 0))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      try scanner.skipNumber()
      append(.number, start, scanner.position)
    case UInt8(ascii: "t") where scanner.take("true"): append(.true, start, scanner.position)
    case UInt8(ascii: "f") where scanner.take("false"): append(.false, start, scanner.position)
    case UInt8(ascii: "n") where scanner.take("null"): append(.null, start, scanner.position)
    default: throw scanner.error("expected a value")
    }
  }
}
