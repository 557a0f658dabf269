import ExportConfig
import Testing

@Suite struct SyntaxErrorTests {
  /// Broken JSON → what is said about it: one sentence that lets a person mend it, at the place to mend.
  @Test(arguments: [
    ("", "1:1: error: the text is empty; it must hold a JSON object"),
    (" \n", "2:1: error: the text is empty; it must hold a JSON object"),
    (
      "{\n  \"account\": \"a\",\n}",
      "2:17: error: a comma before '}' with nothing between them; remove the comma"
    ),
    ("{\"a\": [1, 2,\n ]}", "1:12: error: a comma before ']' with nothing between them; remove the comma"),
    ("{\n  // note\n  \"a\": 1}", "2:3: error: JSON has no comments; remove it"),
    (#"{"a": 1, /* x */ "b": 2}"#, "1:10: error: JSON has no comments; remove it"),
    ("{\"a\": 1 # x\n}", "1:9: error: JSON has no comments; remove it"),
    ("{'a': 1}", "1:2: error: strings are written in double quotes, not in single ones"),
    (#"{"a": 'x'}"#, "1:7: error: strings are written in double quotes, not in single ones"),
    ("{“a”: 1}", "1:2: error: strings are written in plain double quotes, not in typographic ones"),
    ("{\u{A0}\"a\": 1}", "1:2: error: this is a no-break space (U+00A0); write a plain space"),
    ("{\n  \"a\": 1\n  \"b\": 2\n}", "2:9: error: a comma is missing here, between two values"),
    (#"{"a": [1 2]}"#, "1:9: error: a comma is missing here, between two values"),
    ("{\"a\": {}\n\n\"b\": 2}", "1:9: error: a comma is missing here, between two values"),
    (
      "{\n  \"é\": {\n    \"b\": 1\n  \n",
      "5:1: error: the text ends, but the '{' opened at line 2, column 8 is not closed with '}'"
    ),
    (
      #"{"a": [1, 2"#,
      "1:12: error: the text ends, but the '[' opened at line 1, column 7 is not closed with ']'"
    ),
    (
      "{\n  \"a\": {\n    \"b\": [1, 2],\n    \"c\": {\n      \"d\": 1\n  },\n  \"e\": 2\n}",
      "8:2: error: the text ends, but the '{' opened at line 1, column 1 is not closed with '}'; by the indentation, it is rather the '{' opened at line 4, column 10 that is not closed"
    ),
    (
      "{\n \"a\": [1, 2}\n}",
      "2:12: error: found '}', but the '[' opened at line 2, column 7 is closed with ']'"
    ),
    (
      #"{"a": {"b": 1]}"#, "1:14: error: found ']', but the '{' opened at line 1, column 7 is closed with '}'"
    ),
    (#"{account: "x"}"#, #"1:2: error: names are written in double quotes: "account""#),
    (#"{"a": 1, secret"#, "1:10: error: names are written in double quotes"),
    (#"{"a": secret}"#, "1:7: error: a text value is written in double quotes"),
    (#"{"a": True}"#, "1:7: error: write true in lower case"),
    (#"{"a": None}"#, "1:7: error: JSON knows only null for that"),
    (#"{"a": NaN}"#, "1:7: error: JSON has no such number"),
    (#"{"a" 1}"#, "1:6: error: expected ':' after the name; found '1'"),
    (#"{"a" = 1}"#, "1:6: error: expected ':' after the name; found '='"),
    (#"{"a": }"#, "1:7: error: a value is missing after ':'"),
    (#"{"a":, "b": 1}"#, "1:6: error: a value is missing after ':'"),
    (#"{, "a": 1}"#, "1:2: error: a comma with nothing before it; remove it"),
    (#"{"a": 1,, "b": 2}"#, "1:9: error: a comma with nothing before it; remove it"),
    ("[1, , 2]", "1:5: error: a comma with nothing before it; remove it"),
    (#"{"a": 1}}"#, "1:9: error: a '}' too many: everything is closed already"),
    ("{} {}", "1:4: error: expected nothing more after the one value; found '{'"),
    (
      "{\n  \"a\": \"x,\n  \"b\": 1\n}",
      "2:8: error: the string that begins here has no closing quote in its line"
    ),
    (
      #"{"a": "say "hi" now"}"#,
      #"1:13: error: expected ',' or '}' after the value (a quote inside a string is written \"); found 'h'"#
    ),
    ("{\"a\": \"x\ty\"}", #"1:9: error: a tab inside a string is written \t"#),
    (
      "{\"a\": \"x\u{1}y\"}",
      #"1:9: error: a control character inside a string is written as an escape such as \u0000"#
    ),
    (
      #"{"a": "C:\Users"}"#,
      #"1:10: error: a backslash in a string is written \\, unless it begins an escape such as \n or \""#
    ),
    (#"{"a": "\u12"}"#, "1:8: error: an escape with u needs four hexadecimal digits"),
    (#"{"a": 010}"#, "1:8: error: a number must not begin with 0"),
    (#"{"a": +1}"#, "1:7: error: a number begins with a digit or '-'; found '+'"),
    (#"{"a": .5}"#, "1:7: error: a number begins with a digit or '-'; found '.'"),
    (#"{"a": 1.}"#, "1:9: error: expected a digit after the decimal point"),
    (#"{"a": 12px}"#, "1:9: error: expected ',' or '}' after the value; found 'p'"),
    (#"{"a": 1; "b": 2}"#, "1:8: error: expected ',' or '}' after the value; found ';'"),
    (#"{"é😀": "é", x}"#, "1:13: error: names are written in double quotes"),
    (
      "\u{FEFF}{}",
      "1:1: error: the text begins with a byte order mark, which JSON does not allow; save it as UTF-8 without a byte order mark"
    ),
    (
      #"{"a": 1,"#, "1:9: error: the text ends, but the '{' opened at line 1, column 1 is not closed with '}'"
    ),
    (#"{"a": "abc"#, "1:7: error: the string that begins here has no closing quote in its line"),
    (#"{"a""#, "1:5: error: the text ends, but the '{' opened at line 1, column 1 is not closed with '}'"),
    ("[1]", "1:1: error: must be an object; found a list"),
    (#""text""#, #"1:1: error: must be an object; found the string "text""#),
  ])
  func says(_ text: String, _ complaint: String) throws {
    #expect(try ConfigurationFolder(exportd: text).complaints() == ["exportd.json:\(complaint)"])
  }
}
