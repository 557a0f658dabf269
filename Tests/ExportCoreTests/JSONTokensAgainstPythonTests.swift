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
    return bytes.withUnsafeBytes { outline(Array(tokens.tokens), 0, $0) }
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

    let (status, answer) = try ChildProgram.run(["python3", "-c", Self.reader, input.path])
    try #require(status == 0, "python3 is needed for this test: apt-get install python3")
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
