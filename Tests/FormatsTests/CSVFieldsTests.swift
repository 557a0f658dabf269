import ExportCore
import Testing

@testable import Formats

/// What single fields become.
@Suite struct CSVFieldsTests {
  private func field(_ text: String?, guarded: Bool = false) -> String {
    var out = OutputBytes()
    let fields = CSVFields(guardFormulas: guarded)
    if var text {
      text.withUTF8 { fields.append(UnsafeRawBufferPointer($0), to: &out) }
    } else {
      fields.append(nil, to: &out)
    }
    return String(decoding: out.bytes, as: UTF8.self)
  }

  private func value(_ json: String, guarded: Bool = false) throws -> String {
    var out = OutputBytes()
    var field = JSONField()
    var names = MemberNames()
    var json = "[\(json)]"
    try json.withUTF8 {
      try field.load(UnsafeRawBufferPointer($0), kind: .array, names: &names)
      field.withValue { CSVFields(guardFormulas: guarded).append($0, at: 1, to: &out) }
    }
    return String(decoding: out.bytes, as: UTF8.self)
  }

  @Test(arguments: [
    (nil, ","), ("", "\"\","), ("a", "a,"), (" a ", " a ,"), ("a,b", "\"a,b\","), ("\"", "\"\"\"\","),
    ("say \"hi\"", "\"say \"\"hi\"\"\","), ("a\nb", "\"a\nb\","), ("a\rb", "\"a\rb\","),
    ("a long text without any of them; 'quoted'", "a long text without any of them; 'quoted',"),
    ("a long text with one at its very end\"", "\"a long text with one at its very end\"\"\","),
    ("\u{0}\u{1}", "\u{0}\u{1},"), ("Zoë 👍🏽", "Zoë 👍🏽,"),
  ])
  func quotesOnlyWhereTheyMustBe(text: String?, written: String) {
    #expect(field(text) == written)
  }

  @Test(arguments: [
    ("null", ","), ("\"\"", "\"\","), ("true", "true,"), ("-0", "-0,"), ("1E400", "1E400,"),
    ("12345678901234567890", "12345678901234567890,"), (#""\u00e9\n""#, "\"é\n\","),
    (#""\ud83d\ude00\"""#, "\"😀\"\"\","), (#""\ud800x""#, "\u{FFFD}x,"), ("[ 1, {} ]", "\"[1,{}]\","),
    (#"{"a":"b\"c"}"#, #""{""a"":""b\""c""}","#), ("[]", "[],"), ("{}", "{},"), ("[1]", "[1],"),
  ])
  func valuesAreTheirText(json: String, written: String) throws {
    #expect(try value(json) == written)
  }

  @Test(arguments: [
    ("=1+1", "'=1+1,"), ("+49", "'+49,"), ("-1", "'-1,"), ("@x", "'@x,"), ("\tx", "'\tx,"),
    ("\rx", "\"'\rx\","),
    ("a=1", "a=1,"), ("'=", "'=,"), ("", "\"\","), ("=a,\"b\"", "\"'=a,\"\"b\"\"\","),
  ])
  func formulasAreGuarded(text: String, written: String) throws {
    #expect(field(text, guarded: true) == written)
    #expect(
      field(text) == (text.isEmpty ? "\"\"," : written.replacing("'\(text.first!)", with: "\(text.first!)")))
    // As JSON escapes them.
    let escaped = text.unicodeScalars.map {
      "\\u00" + ($0.value < 16 ? "0" : "") + String($0.value, radix: 16)
    }
    #expect(try value("\"\(escaped.joined())\"", guarded: true) == written)
  }

  @Test func numbersAreNoFormulas() throws {
    #expect(try value("-1.5", guarded: true) == "-1.5,")
    #expect(field(nil, guarded: true) == ",")
  }
}
