import ExportCore
import Foundation
import Testing
import ZoneTesting

/// Random texts, whole and damaged, read by us and by Python's json: both must accept the same ones and
/// find the same values in them.
@Suite struct JSONTokensAgainstPythonTests {
  @Test func agreesWithPythonOnTenThousandTexts() throws {
    var random = SeededRandom(seed: 0x5EED_0001)
    let texts = (0..<10_000).map { index in
      var text = RandomJSON.text(using: &random)
      if index % 2 == 1 { RandomJSON.damage(&text, using: &random) }
      return text
    }
    var tokens = JSONTokens()
    let ours = texts.map { outline(of: $0, using: &tokens) }
    let theirs = try pythonOutlines(of: texts)
    #expect(theirs.count == texts.count)
    for (text, (our, their)) in zip(texts, zip(ours, theirs)) where our != their {
      Issue.record("\(String(reflecting: text)): we say \(our), Python says \(their)")
    }
    // A test in which one side is always the same could not fail.
    let refused = ours.count { $0 == "refused" }
    #expect((1_000...6_000).contains(refused), "\(refused) of 10000 refused")
  }

  /// The values of a text, strings in hexadecimal UTF-8, numbers as written; `refused` when it is not JSON.
  private func outline(of text: String, using tokens: inout JSONTokens) -> String {
    do { try tokens.read(text) } catch { return "refused" }
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBytes { outline(tokens.tokens, 0, $0) }
  }

  private func outline(_ tokens: [JSONToken], _ index: Int, _ bytes: UnsafeRawBufferPointer) -> String {
    let token = tokens[index]
    let inside = UnsafeRawBufferPointer(rebasing: bytes[Int(token.start)..<Int(token.end)])
    func children() -> [String] {
      var found: [String] = []
      var child = index + 1
      while child < Int(token.next) {
        found.append(outline(tokens, child, bytes))
        child = Int(tokens[child].next)
      }
      return found
    }
    switch token.kind {
    case .object: return "{\(children().joined(separator: " "))}"
    case .array: return "[\(children().joined(separator: " "))]"
    case .number: return String(decoding: inside, as: UTF8.self)
    case .true, .false, .null: return "\(token.kind)"
    case .string:
      var text: [UInt8] = []
      if token.hasEscapes { JSONText.unescape(inside, into: &text) } else { text = Array(inside) }
      return "'" + hexadecimal(text)
    }
  }

  private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { String(Int($0) + 0x100, radix: 16).dropFirst() }.joined()
  }

  private func pythonOutlines(of texts: [String]) throws -> [String] {
    let input = FileManager.default.temporaryDirectory.appendingPathComponent("json-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: input) }
    let lines = texts.map { hexadecimal($0.utf8) }
    try Data(lines.joined(separator: "\n").utf8).write(to: input)

    let python = Process()
    python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    python.arguments = ["python3", "-c", Self.reader, input.path]
    let output = Pipe()
    python.standardOutput = output
    try python.run()
    let answer = output.fileHandleForReading.readDataToEndOfFile()
    python.waitUntilExit()
    try #require(python.terminationStatus == 0, "python3 is needed for this test: apt-get install python3")
    return String(decoding: answer, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private static let reader = #"""
    import json, re, sys

    def refuse(constant):
      raise ValueError(constant)

    class Number(str):
      pass

    def outline(value):
      if isinstance(value, Number):
        return str(value)
      if isinstance(value, str):
        return "'" + re.sub("[\ud800-\udfff]", "\ufffd", value).encode().hex()
      if isinstance(value, tuple):
        return "{" + " ".join(outline(part) for member in value for part in member) + "}"
      if isinstance(value, list):
        return "[" + " ".join(map(outline, value)) + "]"
      return {True: "true", False: "false", None: "null"}[value]

    for line in open(sys.argv[1]).read().split("\n"):
      try:
        value = json.loads(
          bytes.fromhex(line).decode(), parse_constant=refuse, parse_int=Number, parse_float=Number,
          object_pairs_hook=tuple)
        print(outline(value))
      except ValueError:
        print("refused")
    """#
}

private enum RandomJSON {
  static func text(using random: inout SeededRandom) -> String {
    space(&random) + value(depth: 0, &random) + space(&random)
  }

  /// Removes, doubles, replaces or inserts a few characters, or cuts the text off.
  static func damage(_ text: inout String, using random: inout SeededRandom) {
    var scalars = Array(text.unicodeScalars)
    for _ in 0...Int.random(in: 0...1, using: &random) where !scalars.isEmpty {
      let at = scalars.indices.randomElement(using: &random)!
      switch Int.random(in: 0..<5, using: &random) {
      case 0: scalars.remove(at: at)
      case 1: scalars.insert(scalars[at], at: at)
      case 2: scalars[at] = strange.randomElement(using: &random)!
      case 3: scalars.insert(strange.randomElement(using: &random)!, at: at)
      default: scalars.removeSubrange(at...)
      }
    }
    text = String(String.UnicodeScalarView(scalars))
  }

  private static let strange = Array("{}[]\",:\\/'#+-.0eEuntf \n\t\u{0}\u{1F}\u{A0}é😀".unicodeScalars)

  private static func space(_ random: inout SeededRandom) -> String {
    ["", "", "", " ", "\n", "\t \r\n"].randomElement(using: &random)!
  }

  private static func value(depth: Int, _ random: inout SeededRandom) -> String {
    switch Int.random(in: depth < 5 ? 0..<9 : 2..<9, using: &random) {
    case 0:
      list("{", "}", &random) { random in
        string(&random) + space(&random) + ":" + space(&random) + value(depth: depth + 1, &random)
      }
    case 1: list("[", "]", &random) { random in value(depth: depth + 1, &random) }
    case 2, 3, 4: string(&random)
    case 5, 6: number(&random)
    case 7: ["true", "false"].randomElement(using: &random)!
    default: "null"
    }
  }

  private static func list(
    _ open: String, _ close: String, _ random: inout SeededRandom, _ element: (inout SeededRandom) -> String
  ) -> String {
    let elements = (0..<Int.random(in: 0...4, using: &random)).map { _ in
      space(&random) + element(&random) + space(&random)
    }
    return open + (elements.isEmpty ? space(&random) : elements.joined(separator: ",")) + close
  }

  private static func string(_ random: inout SeededRandom) -> String {
    let pieces = [
      "a", "Z", "0", " ", "é", "\u{7F}", "\u{2028}", "😀", "/", "plain text", "0123456789abcdef", #"\""#,
      #"\\"#,
      #"\/"#, #"\b"#, #"\f"#, #"\n"#, #"\r"#, #"\t"#, #"\u0041"#, #"\u0000"#, #"\u00e9"#, #"\uFFFF"#,
      #"\ud83d\ude00"#, #"\uD83D"#, #"\udE00"#,
    ]
    return "\""
      + (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random)! }
      .joined()
      + "\""
  }

  private static func number(_ random: inout SeededRandom) -> String {
    let whole = ["0", "7", "10", "18446744073709551616", "\(UInt32.random(in: 1 ... .max, using: &random))"]
    return ["", "", "-"].randomElement(using: &random)! + whole.randomElement(using: &random)!
      + ["", "", ".0", ".125", ".10"].randomElement(using: &random)!
      + ["", "", "", "e5", "E-07", "e+400"].randomElement(using: &random)!
  }
}
