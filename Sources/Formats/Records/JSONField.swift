import ExportCore

/// A JSON value of the row at hand: checked, without white space outside of its strings, every name once in its object.
/// Storage is used over and over.
struct JSONField: ~Copyable {
  private var reader = JSONTokens()
  private let names: UnsafeMutablePointer<ExpectedNames>
  private let kinds: Int
  private var text = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The text written anew, when names occurred more than once in it.
  private var rewritten = OutputBytes(capacity: 64)
  private(set) var isAbsent = true
  /// Of an object whose values have nothing inside; nil when that is not known.
  private(set) var shape: ObjectShape?

  /// - Parameter kinds: how many kinds of rows are told apart, whose names are remembered by themselves; a power of two.
  init(kinds: Int = 1) {
    self.kinds = kinds
    names = .allocate(capacity: kinds)
    for kind in 0..<kinds { (names + kind).initialize(to: ExpectedNames()) }
  }

  deinit {
    names.deinitialize(count: kinds)
    names.deallocate()
  }

  /// Nil is no value. A JSON null stands for none, too.
  /// - Parameter row: of which kind the row is; rows of one kind tend to have the same names in the same order.
  /// - Throws: what is wrong with the text, a clause.
  mutating func load(
    _ source: UnsafeRawBufferPointer?, kind: JSONToken.Kind, row: Int = 0, names: inout MemberNames
  ) throws(JSONFieldError) {
    isAbsent = true
    shape = nil
    guard let source else { return }
    do throws(JSONSyntaxError) {
      text = try reader.readCompacting(source, expecting: self.names + (row & (kinds - 1)))
    } catch {
      throw JSONFieldError(
        expected: kind, source.isEmpty ? "the text is empty" : "\(error.problem) at byte \(error.offset)")
    }
    let found = reader.tokens[0].kind
    if found == .null { return }
    guard found == kind else { throw JSONFieldError(expected: kind, "it is \(found.inWords)") }
    if reader.mayRepeatNames {
      let superseded = names.superseded(in: text, reader.tokens)
      if !superseded.isEmpty { rewrite(without: superseded.sorted()) }
    } else if kind == .object {
      shape = (self.names + (row & (kinds - 1))).pointee.shape(tokens: reader.tokens.count)
    }
    isAbsent = false
  }

  private mutating func rewrite(without superseded: [UInt32]) {
    rewritten.removeAll()
    rewritten.append(JSONValue(text: text, tokens: reader.tokens), without: superseded)
    text = rewritten.bytes
    // A text that was read can be read again when it has lost whole members.
    do throws(JSONSyntaxError) { try reader.read(text) } catch { preconditionFailure(error.problem) }
  }

  /// Calls `body` with the value; only when there is one.
  @inline(__always)
  func withValue(_ body: (JSONValue) -> Void) {
    body(JSONValue(text: text, tokens: reader.tokens))
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
