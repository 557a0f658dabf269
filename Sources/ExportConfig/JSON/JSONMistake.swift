import ExportCore

/// Why a text is not the JSON that its author meant, said so that it can be mended, and where to mend it.
struct JSONMistake: Hashable {
  var offset: Int
  var message: String

  init(_ offset: Int, _ message: String) {
    self.offset = offset
    self.message = message
  }
}

// MARK: - Encoding

extension JSONMistake {
  /// Nil for UTF-8 without a byte order mark (RFC 8259 section 8.1).
  init?(encodingOf bytes: [UInt8]) {
    let asUTF8 = "save it as UTF-8 without a byte order mark"
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      self.init(0, "the text begins with a byte order mark, which JSON does not allow; \(asUTF8)")
      return
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      self.init(0, "the text is UTF-16, but JSON is UTF-8; \(asUTF8)")
      return
    }
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: bytes.span)
      return nil
    } catch {
      let offset = error.byteOffsets.lowerBound
      let byte = String(bytes[offset], radix: 16, uppercase: true)
      self.init(offset, "the byte 0x\(byte) is not UTF-8; save it as UTF-8")
    }
  }
}

// MARK: - Syntax

extension JSONMistake {
  init(_ error: JSONSyntaxError, in lines: TextLines) {
    self = JSONMistakeReader(lines, brokenAt: error.offset).mistake(error.reason)
  }
}

/// Looks around the place where a text stopped being JSON.
private struct JSONMistakeReader {
  let lines: TextLines
  /// Of the first byte that does not belong.
  let offset: Int
  /// The byte there; nil at the end of the text.
  let here: UInt8?
  /// The last byte before it that is not white space, and where; nil where there is none.
  let before: UInt8?
  let beforeOffset: Int
  /// Offset of the innermost bracket that is open there.
  let opener: Int?
  /// Offset of the first bracket whose closing one stands at another depth of indentation than its own line:
  /// most likely what closes it there was meant for another.
  let suspect: Int?
  /// Offset of the opening quote of the string that it lies in.
  let string: Int?

  var bytes: [UInt8] { lines.bytes }

  init(_ lines: TextLines, brokenAt offset: Int) {
    self.lines = lines
    self.offset = offset
    let bytes = lines.bytes
    here = offset < bytes.count ? bytes[offset] : nil
    beforeOffset = bytes[..<offset].lastIndex { !Self.isSpace($0) } ?? -1
    before = beforeOffset < 0 ? nil : bytes[beforeOffset]

    // All before the offset is well formed, so strings and brackets are all there is to see.
    var open: [(offset: Int, indentation: Int)] = []
    var suspect: Int?
    var string: Int?
    var line = 0
    var next = 0
    while next < offset {
      switch bytes[next] {
      case UInt8(ascii: "\\") where string != nil: next += 1
      case UInt8(ascii: "\""): string = string == nil ? next : nil
      case _ where string != nil: break
      case UInt8(ascii: "\n"): line = next + 1
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        open.append((next, bytes[line...].prefix(while: Self.isSpace).count))
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        let opener = open.removeLast()
        let isFirst = bytes[line..<next].allSatisfy(Self.isSpace)
        if suspect == nil, isFirst, next - line != opener.indentation { suspect = opener.offset }
      default: break
      }
      next += 1
    }
    opener = open.last?.offset
    self.suspect = suspect
    self.string = string
  }

  func mistake(_ reason: JSONSyntaxError.Reason) -> JSONMistake {
    switch reason {
    case .valueExpected, .endsBeforeValue: valueExpected
    case .firstNameExpected, .nameExpected: nameExpected
    case .memberEndExpected, .elementEndExpected: endExpected
    case .colonExpected: colonExpected
    case .textAfterValue: textAfterValue
    case .controlCharacter: controlCharacter
    case .endlessString, .endsInsideEscape: endlessString
    case .unknownEscape:
      JSONMistake(
        offset, #"a backslash in a string is written \\, unless it begins an escape such as \n or \""#)
    case .hexDigitsExpected, .digitExpected, .leadingZero, .fractionDigitExpected, .exponentDigitExpected,
      .tooDeep, .tooLong:
      JSONMistake(offset, reason.rawValue)
    }
  }

  // MARK: One question each

  private var valueExpected: JSONMistake {
    if let mistake = endOfText ?? foreign { return mistake }
    switch here {
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      if before == UInt8(ascii: ",") { return trailingComma }
      if before == UInt8(ascii: ":") { return JSONMistake(offset, "a value is missing after ':'") }
      return wrongBracket ?? unexpected("expected a value")
    case UInt8(ascii: ","):
      if before == UInt8(ascii: ":") { return JSONMistake(offset, "a value is missing after ':'") }
      return strayComma
    case UInt8(ascii: "+"), UInt8(ascii: "."):
      return JSONMistake(offset, "a number begins with a digit or '-'; found \(found)")
    default: break
    }
    guard let word else { return unexpected("expected a value") }
    switch word.lowercased() {
    case "true", "false": return JSONMistake(offset, "write \(word.lowercased()) in lower case")
    case "null", "none", "nil", "undefined": return JSONMistake(offset, "JSON knows only null for that")
    case "nan", "infinity", "inf": return JSONMistake(offset, "JSON has no such number")
    // The word itself may be a secret.
    default: return JSONMistake(offset, "a text value is written in double quotes")
    }
  }

  private var nameExpected: JSONMistake {
    if let mistake = endOfText ?? foreign { return mistake }
    switch here {
    case UInt8(ascii: "}") where before == UInt8(ascii: ","): return trailingComma
    case UInt8(ascii: ","): return strayComma
    case UInt8(ascii: "]"): return wrongBracket ?? unexpected("expected a name in double quotes")
    default: break
    }
    if let word {
      // Without a colon behind it, it may be a piece of a secret.
      let rest = bytes[(offset + word.utf8.count)...].drop(while: Self.isSpace)
      let name = rest.first == UInt8(ascii: ":") ? ": \(word.quoted)" : ""
      return JSONMistake(offset, "names are written in double quotes\(name)")
    }
    return unexpected("expected a name in double quotes")
  }

  private var endExpected: JSONMistake {
    if let mistake = endOfText ?? foreign ?? wrongBracket { return mistake }
    let closing = opener.map { closer(of: $0) } ?? "}"
    let adjoins = beforeOffset + 1 == offset
    switch here {
    case UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "["):
      return JSONMistake(beforeOffset + 1, "a comma is missing here, between two values")
    case .some where !adjoins && (word != nil || isDigit || here == UInt8(ascii: "-")):
      return JSONMistake(beforeOffset + 1, "a comma is missing here, between two values")
    case .some where before == UInt8(ascii: "\""):
      return unexpected(
        #"expected ',' or '\#(closing)' after the value (a quote inside a string is written \")"#)
    default: return unexpected("expected ',' or '\(closing)' after the value")
    }
  }

  private var colonExpected: JSONMistake { endOfText ?? foreign ?? unexpected("expected ':' after the name") }

  private var textAfterValue: JSONMistake {
    if let foreign { return foreign }
    switch here {
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      return JSONMistake(offset, "a '\(found(offset))' too many: everything is closed already")
    default: return unexpected("expected nothing more after the one value")
    }
  }

  private var controlCharacter: JSONMistake {
    switch here {
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"): endlessString
    case UInt8(ascii: "\t"): JSONMistake(offset, #"a tab inside a string is written \t"#)
    default:
      JSONMistake(offset, "a control character inside a string is written as an escape such as \\u0000")
    }
  }

  private var endlessString: JSONMistake {
    JSONMistake(string ?? offset, "the string that begins here has no closing quote in its line")
  }

  // MARK: What several of them may find

  private var endOfText: JSONMistake? {
    guard here == nil else { return nil }
    guard let opener else {
      return JSONMistake(
        offset, before == nil ? "the text is empty; it must hold a JSON object" : "a value is missing")
    }
    let likely =
      suspect.map { "; by the indentation, it is rather the \(place($0)) that is not closed" } ?? ""
    return JSONMistake(
      offset, "the text ends, but the \(place(opener)) is not closed with '\(closer(of: opener))'\(likely)")
  }

  /// What is no JSON anywhere.
  private var foreign: JSONMistake? {
    let rest = bytes[offset...].prefix(3)
    switch here {
    case UInt8(ascii: "#"): return JSONMistake(offset, "JSON has no comments; remove it")
    case UInt8(ascii: "/")
    where rest.dropFirst().first.map { [UInt8(ascii: "/"), UInt8(ascii: "*")].contains($0) } == true:
      return JSONMistake(offset, "JSON has no comments; remove it")
    case UInt8(ascii: "'"):
      return JSONMistake(offset, "strings are written in double quotes, not in single ones")
    case 0xE2 where rest.starts(with: [0xE2, 0x80]) && (0x98...0x9F).contains(rest.last!):
      return JSONMistake(offset, "strings are written in plain double quotes, not in typographic ones")
    case 0xC2 where rest.starts(with: [0xC2, 0xA0]):
      return JSONMistake(offset, "this is a no-break space (U+00A0); write a plain space")
    default: return nil
    }
  }

  private var trailingComma: JSONMistake {
    JSONMistake(beforeOffset, "a comma before '\(found(offset))' with nothing between them; remove the comma")
  }

  private var strayComma: JSONMistake { JSONMistake(offset, "a comma with nothing before it; remove it") }

  /// A closing bracket of the other kind.
  private var wrongBracket: JSONMistake? {
    guard let opener, here == UInt8(ascii: "}") || here == UInt8(ascii: "]") else { return nil }
    let needed = closer(of: opener)
    guard found(offset) != needed else { return nil }
    return JSONMistake(
      offset, "found '\(found(offset))', but the \(place(opener)) is closed with '\(needed)'")
  }

  private func unexpected(_ expectation: String) -> JSONMistake {
    JSONMistake(offset, "\(expectation); found \(found)")
  }

  // MARK: Words

  private var found: String { here == nil ? "the end of the text" : "'\(found(offset))'" }

  private func found(_ offset: Int) -> String {
    let text = String(decoding: bytes[offset...].prefix(4), as: UTF8.self)
    return text.unicodeScalars.first.map { String($0).printable } ?? ""
  }

  /// `'{' opened at line 3, column 15`.
  private func place(_ opener: Int) -> String {
    let position = lines.position(of: opener)
    return "'\(found(opener))' opened at line \(position.line), column \(position.column)"
  }

  private func closer(of opener: Int) -> String { bytes[opener] == UInt8(ascii: "{") ? "}" : "]" }

  /// The word of letters, digits and `_` that begins here with a letter.
  private var word: String? {
    guard let here, Self.isLetter(here) else { return nil }
    let word = bytes[offset...].prefix { Self.isLetter($0) || ($0 &- UInt8(ascii: "0")) < 10 }
    return String(decoding: word, as: UTF8.self)
  }

  private var isDigit: Bool { here.map { $0 &- UInt8(ascii: "0") < 10 } ?? false }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
  }

  private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x0A, 0x0D, 0x09].contains(byte) }
}
