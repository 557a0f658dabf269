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

  /// A token that nothing is inside of yet, at `index` of its text.
  @inline(__always)
  init(_ kind: Kind, _ start: UInt32, _ end: Int, hasEscapes: Bool = false, at index: Int) {
    self.kind = kind
    self.hasEscapes = hasEscapes
    self.start = start
    self.end = UInt32(truncatingIfNeeded: end)
    next = UInt32(truncatingIfNeeded: index + 1)
  }
}

/// A reader of JSON texts (RFC 8259) that keeps positions and no values: tokens in order of the text, an
/// object's as name, value, name, value. One instance is used over and over, so that its storage is not
/// allocated anew for each row. Both the configuration and the properties of events go through it.
package struct JSONTokens: Sendable {
  /// Of the last text read.
  package private(set) var tokens: [JSONToken] = []
  /// Whether the last text read holds white space outside of its strings.
  package private(set) var hasSpace = false
  /// Indices of the objects and arrays that are open.
  private var open: [UInt32] = []

  /// Deeper nesting is refused rather than trusted.
  package static let depthLimit = 512

  package init() {}

  /// Reads one whole text.
  /// - Throws: ``JSONSyntaxError``; ``tokens`` is then of no use.
  package mutating func read(_ text: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
    guard text.count < Int(UInt32.max) else { throw JSONSyntaxError(offset: 0, reason: .tooLong) }
    guard var scanner = JSONScanner(text: text) else {
      throw JSONSyntaxError(offset: 0, reason: .endsBeforeValue)
    }
    // Moved out and back: an append to a local array is much cheaper than one to storage of `self`.
    var tokens = self.tokens
    var open = self.open
    self.tokens = []
    self.open = []
    defer {
      self.tokens = tokens
      self.open = open
    }
    tokens.removeAll(keepingCapacity: true)
    open.removeAll(keepingCapacity: true)

    var inObject = false
    while true {
      // A value is due here.
      let first = scanner.skipSpace()
      let start = UInt32(truncatingIfNeeded: scanner.position)
      var opened = false
      switch first {
      case UInt8(ascii: "\""):
        tokens.append(try JSONTokens.string(&scanner, at: tokens.count))
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard open.count < Self.depthLimit else { throw scanner.error(.tooDeep) }
        scanner.step()
        opened = true
        inObject = first == UInt8(ascii: "{")
        open.append(UInt32(truncatingIfNeeded: tokens.count))
        tokens.append(JSONToken(inObject ? .object : .array, start, scanner.position, at: tokens.count))
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        try scanner.skipNumber()
        tokens.append(JSONToken(.number, start, scanner.position, at: tokens.count))
      default:
        let kind = try JSONTokens.word(&scanner, first)
        tokens.append(JSONToken(kind, start, scanner.position, at: tokens.count))
      }
      // Behind a value, or inside of what has just been opened: close what ends, or go on to the next value.
      while true {
        let next = scanner.skipSpace()
        guard let container = open.last else {
          guard scanner.atEnd else { throw scanner.error(.textAfterValue) }
          hasSpace = scanner.hasSpace
          return
        }
        if next == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
          scanner.step()
          tokens[Int(container)].end = UInt32(truncatingIfNeeded: scanner.position)
          tokens[Int(container)].next = UInt32(truncatingIfNeeded: tokens.count)
          open.removeLast()
          if let outer = open.last { inObject = tokens[Int(outer)].kind == .object }
          opened = false
          continue
        }
        if !opened {
          guard next == UInt8(ascii: ",") else {
            throw scanner.error(inObject ? .memberEndExpected : .elementEndExpected)
          }
          scanner.step()
        }
        if inObject {
          guard scanner.skipSpace() == UInt8(ascii: "\"") else {
            throw scanner.error(opened ? .firstNameExpected : .nameExpected)
          }
          tokens.append(try JSONTokens.string(&scanner, at: tokens.count))
          guard scanner.skipSpace() == UInt8(ascii: ":") else { throw scanner.error(.colonExpected) }
          scanner.step()
        }
        break
      }
    }
  }

  /// From the opening quote on.
  @inline(__always)
  private static func string(_ scanner: inout JSONScanner, at index: Int) throws(JSONSyntaxError) -> JSONToken
  {
    scanner.step()
    let start = UInt32(truncatingIfNeeded: scanner.position)
    let hasEscapes = try scanner.finishString()
    return JSONToken(.string, start, scanner.position - 1, hasEscapes: hasEscapes, at: index)
  }

  private static func word(_ scanner: inout JSONScanner, _ first: UInt8) throws(JSONSyntaxError)
    -> JSONToken.Kind
  {
    switch first {
    case UInt8(ascii: "t") where scanner.take("true"): return .true
    case UInt8(ascii: "f") where scanner.take("false"): return .false
    case UInt8(ascii: "n") where scanner.take("null"): return .null
    default: throw scanner.error(scanner.atEnd ? .endsBeforeValue : .valueExpected)
    }
  }
}
