/// JSON objects that formats fail on.
enum HardObjects {
  struct Named {
    let title: String
    let json: String
    /// Too large to be written with every variation.
    var isLarge = false
  }

  static let all = [
    numbers, empty, nested, names, duplicates, spaced, escapes, manyProperties, everyScalar, everyEscape,
    large,
  ]

  /// Of any length, each to be kept to its last digit.
  private static let numbers = Named(
    title: "numbers",
    json: object([
      "12345678901234567890", "1e400", "-0", "0.1", "-0.0", "1E+2", "-1e-400", "1.0", "100",
      "0.1000000000000000055511151231257827", "9007199254740993", "9223372036854775807",
      "9223372036854775808",
      "-9223372036854775809", "100000000000000000000000000.000000000000001",
      String(repeating: "9", count: 400),
      "0." + String(repeating: "0", count: 400) + "1", "true", "false",
    ]))

  /// An empty text is not a null, and neither is nothing.
  private static let empty = Named(
    title: "empty texts and nulls",
    json:
      #"{"text":"","null":null,"":"","white":" ","word":"null","object":{},"array":[],"in":[null,"",{"":null}]}"#
  )

  private static let nested = Named(
    title: "nested",
    json: object([
      #"[1,[2,[3,{"a":[{"b":null}]}]],"x\"y\\z"]"#, #"{"a":{"a":{"a":"a"}}}"#,
      String(repeating: #"{"a":["#, count: 100) + String(repeating: "]}", count: 100),
    ]))

  private static let names = Named(
    title: "names",
    json: object(
      [
        "a.b", "a..b", ".", "a,b", "a;b", "a\\nb", "a\\r\\nb", "a\\rb", "a\\tb", "a\\\"b", "\\\"", "a\\\\b",
        "=1+1", "@a", "-a",
        "+a", " a", "a ", " ", "", "<a>", "a&b", "a'b", "]]>", "<!--", "key", "value", "entry", "null",
        "eventProps.a",
        "profileProps.a", "\u{E9}", "e\u{301}", "E", "e", "\u{FEFF}", "\u{FEFF}a", "\\u0000", "\\u001f",
        "\u{7F}", "\u{85}",
        "\u{2028}", "👩‍👩‍👧", "\\ud83d\\ude00", "名前", "__proto__", "0", "-1", "\\ud800",
        String(repeating: "n", count: 3000),
      ].map { (name: $0, value: "\"v\"") }))

  /// The last one counts, in its own place.
  private static let duplicates = Named(
    title: "duplicates",
    json:
      #"{"a":1,"b":{"x":1,"x":[{"y":1,"y":2,"z":3}]},"a":2,"c":0,"\u0061":3,"c":{"c":1,"c":1,"c":"last"},"a":null}"#
  )

  private static let spaced = Named(
    title: "white space", json: " {\n\t\"a\" :\r[ 1 , { \"b\" : \" c \" } ] , \"d\"\n:\t\"\\n \" } \n")

  private static let escapes = Named(
    title: "escapes",
    json: object([
      #""\"\\\/\b\f\n\r\t""#, #""\ud83d\ude00""#, #""\uD83D\uDE00""#, #""\ud800""#, #""\udc00\ud800""#,
      #""\ud800x\udc00""#,
      #""\ud800\ud83d\ude00""#, #""\ufeff""#, #""\ufffe\uffff""#, #""\u0000""#, #""\u000d\u000a""#,
      #"["\ud800",{"\udfff":"\u0001"}]"#, "\"\u{FEFF}\"", "\"]]>&lt;\"", "\"<![CDATA[x]]>\"",
      "\"a\r\nb\"".escaped,
    ]))

  private static let manyProperties = Named(
    title: "10,000 properties",
    json: object((0..<10_000).map { (name: "property \($0)", value: $0 % 3 == 0 ? "null" : "\($0)") }),
    isLarge: true)

  /// As itself, in texts of some thousands; what JSON must escape is escaped.
  private static let everyScalar: Named = {
    var members: [(name: String, value: String)] = []
    for first in stride(from: UInt32(0), to: 0x11_0000, by: 0x4000) {
      var text = "\""
      for value in first..<first + 0x4000 {
        guard let scalar = Unicode.Scalar(value) else { continue }
        text.unicodeScalars.append(scalar)
      }
      members.append((name: "from \(first)", value: (text + "\"").escaped))
    }
    return Named(title: "every scalar", json: object(members), isLarge: true)
  }()

  /// Of the first plane, lone surrogates among them.
  private static let everyEscape = Named(
    title: "every escape",
    json: object(
      stride(from: 0, to: 0x1_0000, by: 0x1000).map { first in
        let text = (first..<first + 0x1000).map { value in
          let digits = String(value, radix: 16)
          return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits + "."
        }
        return (name: "from \(first)", value: "\"" + text.joined() + "\"")
      }), isLarge: true)

  /// One value of 20 MB.
  private static let large = Named(
    title: "20 MB",
    json: object([
      (name: "before", value: "1"),
      (
        name: "large",
        value: "\"" + String(repeating: "Zoë \\\"<&>\\n,\\ud83d\\ude00 0123456789 ", count: 500_000) + "\""
      ),
      (name: "after", value: "null"),
    ]), isLarge: true)

  private static func object(_ values: [String]) -> String {
    object(values.enumerated().map { (name: "v\($0.offset)", value: $0.element) })
  }

  private static func object(_ members: [(name: String, value: String)]) -> String {
    "{" + members.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}"
  }
}

extension String {
  /// The text of a JSON string in quotes, with its inside escaped where it must be.
  fileprivate var escaped: String {
    var json = "\""
    for scalar in unicodeScalars.dropFirst().dropLast() {
      switch scalar {
      case "\"", "\\": json += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        json += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: json.unicodeScalars.append(scalar)
      }
    }
    return json + "\""
  }
}
