import ExportCore
import Testing
import ZoneTesting

/// Reading without white space, with names expected from the objects before: the same must come of it as of plain reading.
@Suite struct CompactJSONTests {
  @Test func findsWhatPlainReadingFinds() throws {
    var random = SeededRandom(seed: 0x5EED_0002)
    let reader = CompactReader()
    var (read, refused) = (0, 0)
    for index in 0..<20_000 {
      var text = RandomJSON.text(using: &random)
      // Objects with names that come again and again, now and then one of them twice.
      if index % 3 == 0 { text = CompactJSONTests.object(using: &random) }
      if index % 4 == 1 { RandomJSON.damage(&text, using: &random) }
      let plain = Result { try CompactReader.plain(text) }
      let compact = Result { try reader.read(text) }
      switch (plain, compact) {
      case (.success(let plain), .success(let compact)):
        read += 1
        #expect(compact.values == plain.values, "\(text)")
        #expect(compact.text == plain.compacted, "\(text)")
        #expect(compact.mayRepeatNames || !plain.repeatsNames, "\(text)")
      case (.failure(let plain as JSONSyntaxError), .failure(let compact as JSONSyntaxError)):
        refused += 1
        #expect(plain == compact, "\(text)")
      default: Issue.record("only one way of reading takes \(text)")
      }
    }
    #expect(read > 10_000 && refused > 1000)
  }

  @Test(arguments: [
    (#"{"a": 1, "b": 2}"#, false), (#"{"b": 1, "a": 2}"#, false), (#"{"a": 1, "a": 2}"#, true),
    (#"{"a": 1, "b": 2, "a": 3}"#, true), (#"{"a" : 1}"#, false), (#"{"\u0061": 1, "a": 2}"#, true),
    (#"{"": 1, "": 2}"#, true), (#"{"": 1}"#, false), (#"{"a": {"c": 1}}"#, true), (#"["a", "a"]"#, false),
    ("{}", false),
  ])
  func saysWhetherNamesMayRepeat(_ text: String, _ expected: Bool) throws {
    let reader = CompactReader()
    // The second time, the names are the expected ones.
    for _ in 0..<2 { #expect(try reader.read(text).mayRepeatNames == expected) }
  }

  /// More names than are taken up are not followed, and never missed.
  @Test func saysSoOfMoreNamesThanItTakesUp() throws {
    let reader = CompactReader()
    let many = (0..<1000).map { #""n\#($0)":\#($0)"# }
    #expect(try reader.read("{\(many.joined(separator: ","))}").mayRepeatNames)
    #expect(try !reader.read("{\(many[..<200].joined(separator: ","))}").mayRepeatNames)
    #expect(try reader.read("{\(many[900]),\(many[900])}").mayRepeatNames)
    #expect(try reader.read(#"{"\#(String(repeating: "x", count: 20_000))":1}"#).mayRepeatNames)
  }

  /// A name at the very end of the memory that the text lies in.
  @Test func comparesNothingBehindTheText() throws {
    let reader = CompactReader()
    _ = try reader.read(#"{"a":1,"long name":2}"#)
    let bytes = Array(#"{"a":1,"long name":2}"#.utf8)
    for count in 0..<bytes.count {
      let part = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
      defer { part.deallocate() }
      part.copyBytes(from: bytes[..<count])
      #expect(throws: JSONSyntaxError.self) { try reader.read(UnsafeRawBufferPointer(part)) }
    }
  }

  @Test func takesLargeTextsAndGivesTheirMemoryBack() throws {
    let reader = CompactReader()
    let large = "[ \"\(String(repeating: "x", count: 5 << 20))\" , 1 ]"
    #expect(try reader.read(large).text.utf8.count == (5 << 20) + 6)
    for _ in 0..<3 { #expect(try reader.read("[ 1 , 2 ]").text == "[1,2]") }
  }

  private static func object(using random: inout SeededRandom) -> String {
    let names = [
      "Amount", "Currency", "Product name", "a", "ct_sdk_version", "ünïcode", "", #"esc\u0061ped"#,
    ]
    let separators = random.next() % 2 == 0 ? (": ", ", ") : (":", ",")
    var members: [String] = []
    for name in names where random.next() % 8 != 0 {
      members.append("\"\(name)\"\(separators.0)\(random.next() % 100_000)")
    }
    if random.next() % 8 == 0, let again = members.randomElement(using: &random) { members.append(again) }
    if random.next() % 8 == 0 { members.shuffle(using: &random) }
    return "{\(members.joined(separator: separators.1))}"
  }
}

/// What tests look at of a text that was read.
private struct ReadText: Equatable {
  /// Of all tokens, in order: their kinds and texts, containers by their sizes.
  var values: [String]
  /// As the reader gives it.
  var text: String
  /// The text without white space, put together from the tokens' positions.
  var compacted: String
  var repeatsNames: Bool
  var mayRepeatNames: Bool

  init(_ text: UnsafeRawBufferPointer, _ tokens: UnsafeBufferPointer<JSONToken>, mayRepeatNames: Bool) {
    func inside(_ token: JSONToken) -> String {
      String(decoding: text[Int(token.start)..<Int(token.end)], as: UTF8.self)
    }
    self.text = String(decoding: text, as: UTF8.self)
    self.mayRepeatNames = mayRepeatNames
    values = tokens.map { token in
      switch token.kind {
      case .object, .array: "\(token.kind) →\(token.next)"
      default: "\(token.kind)\(token.hasEscapes ? "!" : "") \(inside(token)) →\(token.next)"
      }
    }
    compacted = ReadText.written(tokens, 0, inside)
    repeatsNames = tokens.indices.contains { index in
      guard tokens[index].kind == .object else { return false }
      var names: [[UInt8]] = []
      var name = index + 1
      while name < Int(tokens[index].next) {
        var unescaped: [UInt8] = []
        JSONText.unescape(
          UnsafeRawBufferPointer(rebasing: text[Int(tokens[name].start)..<Int(tokens[name].end)]),
          into: &unescaped)
        names.append(unescaped)
        name = Int(tokens[name + 1].next)
      }
      return Set(names).count < names.count
    }
  }

  private static func written(
    _ tokens: UnsafeBufferPointer<JSONToken>, _ index: Int, _ inside: (JSONToken) -> String
  ) -> String {
    let token = tokens[index]
    guard token.kind == .object || token.kind == .array else {
      return token.kind == .string ? "\"\(inside(token))\"" : inside(token)
    }
    var parts: [String] = []
    var next = index + 1
    while next < Int(token.next) {
      if token.kind == .object {
        parts.append("\"\(inside(tokens[next]))\":\(written(tokens, next + 1, inside))")
        next = Int(tokens[next + 1].next)
      } else {
        parts.append(written(tokens, next, inside))
        next = Int(tokens[next].next)
      }
    }
    let all = parts.joined(separator: ",")
    return token.kind == .object ? "{\(all)}" : "[\(all)]"
  }
}

private final class CompactReader {
  private var tokens = JSONTokens()
  private let names = UnsafeMutablePointer<ExpectedNames>.allocate(capacity: 1)

  init() { names.initialize(to: ExpectedNames()) }

  deinit {
    names.deinitialize(count: 1)
    names.deallocate()
  }

  func read(_ text: UnsafeRawBufferPointer) throws -> ReadText {
    let compact = try tokens.readCompacting(text, expecting: names)
    return ReadText(compact, tokens.tokens, mayRepeatNames: tokens.mayRepeatNames)
  }

  func read(_ text: String) throws -> ReadText { try Array(text.utf8).withUnsafeBytes { try read($0) } }

  static func plain(_ text: String) throws -> ReadText {
    var tokens = JSONTokens()
    return try Array(text.utf8).withUnsafeBytes {
      try tokens.read($0)
      return ReadText($0, tokens.tokens, mayRepeatNames: true)
    }
  }
}
