import ExportCore
import Testing

@Suite struct JSONTokensTests {
  /// The texts that RFC 8259 allows, one of each production.
  @Test(arguments: [
    "{}", "[]", "\"\"", "0", "-0", "true", "false", "null", " \t\r\n1 \t\r\n",
    "12", "-12.5", "0.0", "1e5", "1E+05", "1e-0", "-0e0", "123456789012345678901234567890.123e+400",
    "\"a\"", "\"\u{7F}\"", "\"é\u{2028}😀\"", #""\"\\\/\b\f\n\r\t""#, #""\u0000\uD83D\uDE00\ud800""#,
    "[1,2 , 3]", "[[],[[]],{}]", #"{"a":1}"#, #"{ "a" : [ { "b" : null } ] , "c":"" }"#, #"{"":""}"#,
    #"{"a":1,"a":2}"#, "\"1234567\"", "\"12345678\"", "\"123456789 123456789\"", "[true,false,null]",
  ])
  func accepts(_ text: String) throws {
    var tokens = JSONTokens()
    try tokens.read(text)
    let first = try #require(tokens.tokens.first)
    #expect(Int(first.next) == tokens.tokens.count)
  }

  @Test(arguments: [
    ("", 0, JSONSyntaxError.Reason.endsBeforeValue), (" \n ", 3, .endsBeforeValue),
    ("[", 1, .endsBeforeValue),
    ("[1,", 3, .endsBeforeValue), (#"{"a":"#, 5, .endsBeforeValue),
    ("]", 0, .valueExpected), ("[,1]", 1, .valueExpected), ("[1,,2]", 3, .valueExpected),
    ("[1,]", 3, .valueExpected),
    (#"{"a":}"#, 5, .valueExpected), ("tru", 0, .valueExpected), ("True", 0, .valueExpected),
    ("nul", 0, .valueExpected), ("nan", 0, .valueExpected), ("NaN", 0, .valueExpected),
    ("Infinity", 0, .valueExpected), ("'a'", 0, .valueExpected), ("+1", 0, .valueExpected),
    (".5", 0, .valueExpected), ("// a\n1", 0, .valueExpected), ("\u{FEFF}1", 0, .valueExpected),
    ("\u{A0}1", 0, .valueExpected), ("\u{0B}1", 0, .valueExpected), ("\u{0}", 0, .valueExpected),
    ("{", 1, .firstNameExpected), ("{1:2}", 1, .firstNameExpected), ("{a:1}", 1, .firstNameExpected),
    ("{,}", 1, .firstNameExpected), ("{'a':1}", 1, .firstNameExpected),
    (#"{"a":1,}"#, 7, .nameExpected), (#"{"a":1,"#, 7, .nameExpected), (#"{"a":1,2}"#, 7, .nameExpected),
    (#"{"a"}"#, 4, .colonExpected), (#"{"a" 1}"#, 5, .colonExpected), (#"{"a","b"}"#, 4, .colonExpected),
    (#"{"a""#, 4, .colonExpected),
    (#"{"a":1"#, 6, .memberEndExpected), (#"{"a":1]"#, 6, .memberEndExpected),
    (#"{"a":1 "b":2}"#, 7, .memberEndExpected), (#"{"a":1:2}"#, 6, .memberEndExpected),
    ("[1", 2, .elementEndExpected), ("[1}", 2, .elementEndExpected), ("[1 2]", 3, .elementEndExpected),
    ("[1truex]", 2, .elementEndExpected), ("[truefalse]", 5, .elementEndExpected),
    ("[1\u{0}]", 2, .elementEndExpected),
    ("1 2", 2, .textAfterValue), ("{}}", 2, .textAfterValue), ("truex", 4, .textAfterValue),
    ("1\u{0}", 1, .textAfterValue), ("nullnull", 4, .textAfterValue), ("[],", 2, .textAfterValue),
    ("0x1F", 1, .textAfterValue), ("1_000", 1, .textAfterValue),
    ("\"", 0, .endlessString), ("[\"abc", 1, .endlessString), ("\"123456789", 0, .endlessString),
    (#""\""#, 0, .endlessString), (#"{"a":"\\"#, 5, .endlessString),
    ("\"a\nb\"", 2, .controlCharacter), ("\"\t\"", 1, .controlCharacter), ("\"\u{0}\"", 1, .controlCharacter),
    ("\"12345678\u{1F}\"", 9, .controlCharacter), ("\"1234\u{1}\"", 5, .controlCharacter),
    (#""\a""#, 1, .unknownEscape), (#""\x41""#, 1, .unknownEscape), (#""\'""#, 1, .unknownEscape),
    (#""C:\Users""#, 3, .unknownEscape), (#""\U0041""#, 1, .unknownEscape),
    (#""\u12""#, 1, .hexDigitsExpected), (#""\u00g0""#, 1, .hexDigitsExpected),
    (#""\u 041""#, 1, .hexDigitsExpected),
    (#""\"#, 1, .endsInsideEscape), (#""\u"#, 1, .endsInsideEscape), (#""ab\u004"#, 3, .endsInsideEscape),
    ("-", 1, .digitExpected), ("-a", 1, .digitExpected), ("--1", 1, .digitExpected),
    ("[-]", 2, .digitExpected),
    ("01", 1, .leadingZero), ("-00", 2, .leadingZero), ("[00]", 2, .leadingZero),
    ("1.", 2, .fractionDigitExpected), ("1.e5", 2, .fractionDigitExpected),
    ("0.-1", 2, .fractionDigitExpected),
    ("1e", 2, .exponentDigitExpected), ("1e+", 3, .exponentDigitExpected), ("1Ea", 2, .exponentDigitExpected),
  ])
  func refuses(_ text: String, offset: Int, reason: JSONSyntaxError.Reason) {
    var tokens = JSONTokens()
    #expect(throws: JSONSyntaxError(offset: offset, reason: reason)) { try tokens.read(text) }
  }

  @Test func everyPrefixOfAnObjectIsRefused() {
    let text = #"{"a":[1.5e2,"x\u0041y",true,null],"b":{"c":-0}}"#
    var tokens = JSONTokens()
    for count in 0..<text.utf8.count {
      #expect(throws: JSONSyntaxError.self, "\(count)") { try tokens.read(String(text.prefix(count))) }
    }
    #expect(throws: Never.self) { try tokens.read(text) }
  }

  /// A text must be read up to its own end, not up to that of the memory it lies in.
  @Test func readsNothingBehindTheText() throws {
    let bytes = Array("[\"12345678\"]9\"".utf8)
    var tokens = JSONTokens()
    try bytes.withUnsafeBytes { try tokens.read(UnsafeRawBufferPointer(rebasing: $0[0..<12])) }
    #expect(tokens.tokens.count == 2)
    #expect(throws: JSONSyntaxError(offset: 1, reason: .endlessString)) {
      try bytes.withUnsafeBytes { try tokens.read(UnsafeRawBufferPointer(rebasing: $0[0..<10])) }
    }
  }

  @Test func refusesAnEmptyBufferWithoutMemory() {
    var tokens = JSONTokens()
    #expect(throws: JSONSyntaxError(offset: 0, reason: .endsBeforeValue)) {
      try tokens.read(UnsafeRawBufferPointer(start: nil, count: 0))
    }
  }

  @Test(arguments: [("[", "]"), (#"{"a":"#, "}")])
  func readsDownToTheDepthLimitAndNoFurther(_ open: String, _ close: String) throws {
    let limit = JSONTokens.depthLimit
    var tokens = JSONTokens()
    let deepest = "[" + String(repeating: open, count: limit - 1)
    try tokens.read("\(deepest)1\(String(repeating: close, count: limit - 1))]")
    #expect(throws: JSONSyntaxError(offset: deepest.utf8.count, reason: .tooDeep)) {
      try tokens.read("\(deepest)[1]\(String(repeating: close, count: limit - 1))]")
    }
    // The limit is on depth, not on the number of lists.
    try tokens.read("[" + String(repeating: "[],", count: 2000) + "[]]")
  }

  @Test func tokensSayWhereEachValueLiesAndWhatFollowsIt() throws {
    let text = #" {"k\n" : [ -1.5e3 , "é\"" , {} ] , "t":true}"#
    var tokens = JSONTokens()
    try tokens.read(text)
    let bytes = Array(text.utf8)
    let seen = tokens.tokens.map { token in
      "\(token.kind)\(token.hasEscapes ? "!" : "") "
        + String(decoding: bytes[Int(token.start)..<Int(token.end)], as: UTF8.self) + " →\(token.next)"
    }
    #expect(
      seen == [
        #"object {"k\n" : [ -1.5e3 , "é\"" , {} ] , "t":true} →8"#, #"string! k\n →2"#,
        #"array [ -1.5e3 , "é\"" , {} ] →6"#, "number -1.5e3 →4", #"string! é\" →5"#, "object {} →6",
        "string t →7", "true true →8",
      ])
  }

  /// One reader serves all rows: what an earlier text left behind, whole or broken, must not show.
  @Test func isUsedAgain() throws {
    var tokens = JSONTokens()
    try tokens.read("[1,[2,3]]")
    #expect(throws: JSONSyntaxError.self) { try tokens.read("[[[") }
    try tokens.read("{}")
    #expect(tokens.tokens.map(\.kind) == [.object])
    try tokens.read("7")
    #expect(tokens.tokens.map(\.kind) == [.number])
  }
}

extension JSONTokens {
  mutating func read(_ text: String) throws {
    try Array(text.utf8).withUnsafeBytes { try read($0) }
  }
}
