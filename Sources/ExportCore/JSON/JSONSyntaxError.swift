/// Why a text is not JSON (RFC 8259), and where.
package struct JSONSyntaxError: Error, Hashable, Sendable {
  /// The raw value says it in a clause.
  package enum Reason: String, Hashable, Sendable {
    case valueExpected = "expected a value"
    case endsBeforeValue = "the text ends where a value is expected"
    case firstNameExpected = "expected a name in double quotes or '}'"
    case nameExpected = "expected a name in double quotes after ','"
    case colonExpected = "expected ':' after the name"
    case memberEndExpected = "expected ',' or '}' after a value"
    case elementEndExpected = "expected ',' or ']' after a value"
    case textAfterValue = "expected nothing after the value"
    case endlessString = "the string that begins here does not end"
    case controlCharacter = "a control character in a string must be written as an escape"
    case unknownEscape = "a backslash before a character that needs none"
    case hexDigitsExpected = "an escape with u needs four hexadecimal digits"
    case endsInsideEscape = "the text ends inside an escape"
    case digitExpected = "expected a digit"
    case leadingZero = "a number must not begin with 0"
    case fractionDigitExpected = "expected a digit after the decimal point"
    case exponentDigitExpected = "expected a digit in the exponent"
    case tooDeep = "nested deeper than 512 levels"
    case tooLong = "a text of 4 GiB or more is not read"
  }

  /// In bytes from the beginning of the text: the first byte that does not belong there; for a string or an
  /// escape that does not end, where it begins.
  package var offset: Int
  package var reason: Reason

  package init(offset: Int, reason: Reason) {
    self.offset = offset
    self.reason = reason
  }

  /// What is wrong, a clause.
  package var problem: String { reason.rawValue }
}
