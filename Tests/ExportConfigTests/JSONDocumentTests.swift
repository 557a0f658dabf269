import ExportConfig
import Foundation
import Testing

@Suite struct JSONDocumentTests {
  private func document(_ text: String) throws -> JSONDocument {
    try JSONDocument(file: "x.json", bytes: Array(text.utf8))
  }

  // MARK: Places

  @Test func columnsCountScalarsAndLinesEndAtLineFeeds() throws {
    let document = try document("{\"é\": \"😀e\u{301}\",\r\n\t\"b\": [1,\n\n  2]}")
    let b = try #require(document.root["b"])
    guard case .array(let elements) = b.value else { throw Unexpected() }
    let first = try #require(document.root["é"])
    #expect(document.position(of: first.offset) == TextPosition(line: 1, column: 7))
    #expect(document.position(of: b.offset) == TextPosition(line: 2, column: 7))
    #expect(document.position(of: elements[0].offset) == TextPosition(line: 2, column: 8))
    #expect(document.position(of: elements[1].offset) == TextPosition(line: 4, column: 3))
    // Behind a letter and its accent as two scalars.
    let comma = "{\"é\": \"😀e\u{301}\"".utf8.count
    #expect(document.position(of: comma) == TextPosition(line: 1, column: 12))
  }

  @Test(arguments: [
    (JSONPath("a", "b"), "1:11", "$.a.b"), (JSONPath("a", "list"), "2:9", "$.a.list"),
    (JSONPath("a", "list").appending(1), "3:2", "$.a.list[1]"), (JSONPath.root, "1:1", "$"),
    // What is not there is shown at the last thing on the way to it.
    (JSONPath("a", "absent", "more"), "1:6", "$.a.absent.more"),
    (JSONPath("a", "list").appending(9), "2:9", "$.a.list[9]"),
    (JSONPath("a b", "1c", "é\n"), "1:1", #"$["a b"]["1c"]["é\n"]"#),
  ])
  func diagnosticsStandAtTheirPath(_ path: JSONPath, _ place: String, _ written: String) throws {
    let document = try document("{\"a\":{\"b\":1,\n \"list\":[10,\n 20]}}")
    let diagnostic = document.diagnostic(at: path, "wrong")
    let position = try #require(diagnostic.position)
    #expect("\(position.line):\(position.column)" == place)
    #expect("\(diagnostic.path)" == written)
  }

  // MARK: Encoding

  @Test(arguments: [
    ([0x7B, 0x22, 0xE9, 0x22, 0x7D], "x.json:1:3: error: the byte 0xE9 is not UTF-8; save it as UTF-8"),
    ([0x0A, 0x22, 0xC3, 0x28, 0x22], "x.json:2:2: error: the byte 0xC3 is not UTF-8; save it as UTF-8"),
    // A surrogate, an overlong slash, a cut character, beyond U+10FFFF.
    ([0x22, 0xED, 0xA0, 0x80, 0x22], "x.json:1:2: error: the byte 0xED is not UTF-8; save it as UTF-8"),
    ([0x22, 0xC0, 0xAF, 0x22], "x.json:1:2: error: the byte 0xC0 is not UTF-8; save it as UTF-8"),
    ([0x22, 0xE2, 0x82], "x.json:1:2: error: the byte 0xE2 is not UTF-8; save it as UTF-8"),
    (
      [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], "x.json:1:2: error: the byte 0xF4 is not UTF-8; save it as UTF-8"
    ),
    (
      [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00],
      "x.json:1:1: error: the text is UTF-16, but JSON is UTF-8; save it as UTF-8 without a byte order mark"
    ),
  ])
  func refusesWhatIsNotUTF8(_ bytes: [UInt8], _ complaint: String) {
    #expect { try JSONDocument(file: "x.json", bytes: bytes) } throws: { "\($0)" == complaint }
  }

  // MARK: Repeated names

  @Test func everyRepeatedNameIsFound() throws {
    let document = try document(
      "{\"a\": {\"b\": 1,\n\"b\": 2, \"\\u0062\": 3},\n\"c\": [{}, {\"d\": 1, \"d\": 1}], \"a\": 5}")
    #expect(
      document.repeatedNames.map(\.description) == [
        #"x.json:2:1: error: $.a.b: key "b" is written a second time; the first is in line 1"#,
        #"x.json:2:9: error: $.a.b: key "b" is written a second time; the first is in line 1"#,
        #"x.json:3:20: error: $.c[1].d: key "d" is written a second time; the first is in line 3"#,
        #"x.json:3:30: error: $.a: key "a" is written a second time; the first is in line 1"#,
      ])
  }

  // MARK: Writing

  @Test(arguments: [
    (#" { "b" : [ 1.50 , -0 , 1E5 ] , "a" : null } "#, #"{"a":null,"b":[1.50,-0,1E5]}"#),
    (#"{"\u0061\u00e9\ud83d\ude00":"\/\n\u0001\""}"#, #"{"aé😀":"/\n\u0001\""}"#),
    ("[true,false,{},[],\"\"]", "[true,false,{},[],\"\"]"),
    (#"{"é":1,"z":2,"Z":3,"":4}"#, #"{"":4,"Z":3,"z":2,"é":1}"#),
  ])
  func canonicalTextLeavesOutWhatMakesNoDifference(_ text: String, _ canonical: String) throws {
    #expect(try document(text).root.canonicalText == canonical)
    #expect(try document(canonical).root.canonicalText == canonical)
  }

  @Test func standsInsideOfOtherJSONWithItsNumbersIntact() throws {
    struct Export: Encodable {
      var name: String
      var definition: JSONNode
    }
    let text =
      #"{"big":9223372036854775807,"list":[0,-1,true,null,"é\n"],"maxFileBytes":100000000,"size":18446744073709551615,"x":0.1}"#
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let encoded = try encoder.encode(Export(name: "n", definition: document(text).root))
    #expect(String(decoding: encoded, as: UTF8.self) == #"{"definition":\#(text),"name":"n"}"#)
  }

  @Test func nothingInAMessageReachesTheTerminalRaw() throws {
    let complaints = try ConfigurationFolder(
      exportd: ConfigurationFolder.sound.replacing(#""acme""#, with: #""a\u001b[31m\n\u202e\"\\""#)
    ).complaints()
    #expect(
      complaints == [
        #"exportd.json:2:14: error: $.account: must be 1 to 32 letters, digits or _; found the string "a\u001b[31m\n\u202e\"\\""#
      ])
  }
}

private struct Unexpected: Error {}
