import ExportCore

/// A JSON value of the row at hand: checked, every name once in its object. Storage is used over and over.
struct JSONField: ~Copyable {
  private var reader = JSONTokens()
  private var source = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The source's text written anew, when names occurred more than once in it.
  private var rewritten = OutputBytes(capacity: 64)
  private var isRewritten = false
  private(set) var isAbsent = true

  /// Nil is no value. A JSON null stands for none, too.
  /// - Throws: what is wrong with the text, a clause.
  mutating func load(
    _ text: UnsafeRawBufferPointer?, kind: JSONToken.Kind, names: inout MemberNames
  ) throws(JSONFieldError) {
    isAbsent = true
    guard let text else { return }
    do throws(JSONSyntaxError) { try reader.read(text) } catch {
      throw JSONFieldError(
        expected: kind, text.isEmpty ? "the text is empty" : "\(error.problem) at byte \(error.offset)")
    }
    let found = reader.tokens[0].kind
    if found == .null { return }
    guard found == kind else { throw JSONFieldError(expected: kind, "it is \(found.inWords)") }
    source = text
    isRewritten = false
    let superseded = reader.tokens.withUnsafeBufferPointer { names.superseded(in: text, $0) }
    if !superseded.isEmpty { rewrite(without: superseded.sorted()) }
    isAbsent = false
  }

  private mutating func rewrite(without superseded: [UInt32]) {
    rewritten.removeAll()
    reader.tokens.withUnsafeBufferPointer {
      rewritten.append(JSONValue(text: source, tokens: $0, isCompact: false), without: superseded)
    }
    // A text that was read can be read again when it has lost whole members.
    do throws(JSONSyntaxError) { try reader.read(rewritten.bytes) } catch {
      preconditionFailure(error.problem)
    }
    isRewritten = true
  }

  /// Calls `body` with the value; only when there is one.
  @inline(__always)
  func withValue(_ body: (JSONValue) -> Void) {
    reader.tokens.withUnsafeBufferPointer {
      body(JSONValue(text: isRewritten ? rewritten.bytes : source, tokens: $0, isCompact: !reader.hasSpace))
    }
  }
}

/// What is wrong with the text of a JSON field, a clause: "is not a JSON object: expected a value at byte 3".
struct JSONFieldError: Error {
  let description: String

  init(expected: JSONToken.Kind, _ problem: String) {
    description = "is not a JSON \(expected == .array ? "array" : "object"): \(problem)"
  }
}

extension JSONToken.Kind {
  fileprivate var inWords: String {
    switch self {
    case .object: "an object"
    case .array: "an array"
    case .string: "a string"
    case .number: "a number"
    case .true: "true"
    case .false: "false"
    case .null: "null"
    }
  }
}
