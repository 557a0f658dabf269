/// One value of a file on its way to become a value of the program. Every reading method gives nil after it
/// has reported what is wrong, so that the caller goes on with the next field.
struct Field {
  let node: JSONNode
  let path: JSONPath
  let report: Report
  /// Whether what is found here may be a secret and must not be repeated in a message.
  var isSecret = false

  func fail(_ message: String) { report.add(at: node.offset, path, message) }

  func warn(_ message: String) { report.add(.warning, at: node.offset, path, message) }

  /// Reports that something else was found than the one thing that is allowed.
  /// - Parameter allowed: as in "must be …".
  func refuse(mustBe allowed: String) { fail("must be \(allowed); found \(found)") }

  /// What stands here, in words.
  var found: String {
    switch node.value {
    case .object: "an object"
    case .array(let elements): elements.isEmpty ? "an empty list" : "a list"
    case .string where isSecret: "a string"
    case .number where isSecret: "a number"
    case .string(let text): text.isEmpty ? "an empty string" : "the string \(text.quotedBriefly)"
    case .number(let written): "the number \(written.prefix(40))"
    case .bool(let bool): "\(bool)"
    case .null: "null"
    }
  }
}

/// `unknown KIND "word"; did you mean "nearest"? allowed here: …`
func unknown(_ kind: String, _ word: String, nearest: String?, allowed: [String]) -> String {
  "unknown \(kind) \(word.quotedBriefly);"
    + (nearest.map { " did you mean \($0.quoted)?" } ?? "")
    + " allowed here: \(allowed.isEmpty ? "nothing" : allowed.joined(separator: ", "))"
}

// MARK: - Plain values

extension Field {
  /// A string with something in it. U+0000 is refused: it would end the text early wherever C reads it.
  /// - Parameter what: as in "must be …".
  func text(_ what: String = "a string that is not empty") -> String? {
    guard case .string(let text) = node.value, !text.isEmpty else {
      refuse(mustBe: what)
      return nil
    }
    guard !text.utf8.contains(0) else {
      fail("must not contain the character U+0000")
      return nil
    }
    return text
  }

  /// A string that a rule makes something of, which is nil where the rule refuses it.
  func text<Value>(_ what: String, _ rule: (String) -> Value?) -> Value? {
    guard let text = text(what) else { return nil }
    guard let value = rule(text) else {
      refuse(mustBe: what)
      return nil
    }
    return value
  }

  func bool() -> Bool? {
    guard case .bool(let bool) = node.value else {
      refuse(mustBe: "true or false")
      return nil
    }
    return bool
  }

  /// A number without a fraction, however it is written: `100000000` or `1e8`.
  func whole(_ range: ClosedRange<Int>) -> Int? {
    guard case .number(let written) = node.value, let whole = Self.whole(written), range.contains(whole)
    else {
      let upper = range.upperBound == .max ? "upwards" : "to \(range.upperBound)"
      refuse(mustBe: "a whole number from \(range.lowerBound) \(upper)")
      return nil
    }
    return whole
  }

  private static func whole(_ written: String) -> Int? {
    if let whole = Int(written) { return whole }
    // A Double holds every whole number up to 2^53.
    guard let number = Double(written), abs(number) <= 0x1p53 else { return nil }
    return Int(exactly: number)
  }

  /// One of the names of an enumeration.
  /// - Parameter kind: what the enumeration is, as in "unknown …".
  func oneOf<Choice>(_ kind: String, _ allowed: [Choice]) -> Choice?
  where Choice: RawRepresentable<String> & Equatable {
    oneOf(kind, allowed, of: allowed) { _ in "" }
  }

  /// One of the names of an enumeration of which not all may stand here. A known one that may not is reported
  /// and given all the same, so that what depends on it is read as it was meant.
  /// - Parameters:
  ///   - kind: what the enumeration is, as in "unknown …".
  ///   - all: the values that are known.
  ///   - further: forms that are allowed besides, as they are written.
  ///   - objection: why a known one may not stand here, said of it.
  func oneOf<Choice>(
    _ kind: String, _ allowed: [Choice], of all: [Choice], further: [String] = [],
    otherwise objection: (Choice) -> String
  ) -> Choice? where Choice: RawRepresentable<String> & Equatable {
    let names = allowed.map(\.rawValue)
    let forms = names.map(\.quoted) + further
    guard case .string(let name) = node.value else {
      refuse(mustBe: forms.count == 1 ? forms[0] : "one of \(forms.joined(separator: ", "))")
      return nil
    }
    guard let choice = all.first(where: { $0.rawValue == name }) else {
      fail(unknown(kind, name, nearest: Nearest.to(name, in: names), allowed: forms))
      return nil
    }
    if !allowed.contains(choice) {
      fail("\(name.quoted) \(objection(choice)); allowed here: \(forms.joined(separator: ", "))")
    }
    return choice
  }
}

// MARK: - Lists and objects

extension Field {
  /// A list that is not empty; nil when any element is wrong.
  /// - Parameter what: as in "must be …".
  func list<Element>(_ what: String, _ read: (Field) -> Element?) -> [Element]? {
    guard case .array(let elements) = node.value, !elements.isEmpty else {
      refuse(mustBe: what)
      return nil
    }
    let values = elements.enumerated().map { index, element in
      read(Field(node: element, path: path.appending(index), report: report, isSecret: isSecret))
    }
    let whole = values.compactMap(\.self)
    return whole.count == values.count ? whole : nil
  }

  /// As ``list(_:_:)``, and an error at every element that has been there before.
  func distinctList<Element: Hashable>(_ what: String, _ read: (Field) -> Element?) -> [Element]? {
    var seen: Set<Element> = []
    return list(what) { field in
      guard let element = read(field) else { return nil }
      guard seen.insert(element).inserted else {
        field.fail("must be in the list only once; found \(field.found) again")
        return nil
      }
      return element
    }
  }

  /// An object of known keys: those that `read` asks for. Every other key is reported.
  /// - Parameter what: as in "must be …".
  func object<Value>(_ what: String = "an object", _ read: (Fields) -> Value?) -> Value? {
    guard case .object(let members) = node.value else {
      refuse(mustBe: what)
      return nil
    }
    let fields = Fields(of: self, members)
    let value = read(fields)
    fields.reportKeys()
    return value
  }

  /// An object whose keys are names that its author chose, in the order written; of a name that is written
  /// twice, the first. Entries that are wrong stay in it as nil, so that nothing that refers to them is called
  /// unknown.
  func entries<Value>(_ what: String, _ read: (_ name: String, Field) -> Value?) -> [(
    name: String, value: Value?
  )]? {
    guard case .object(let members) = node.value else {
      refuse(mustBe: what)
      return nil
    }
    var seen: Set<String> = []
    return members.compactMap { member in
      guard seen.insert(member.name).inserted else { return nil }
      let path = path.appending(member.name)
      guard !member.name.isEmpty, !member.name.utf8.contains(0) else {
        report.add(at: member.nameOffset, path, "a name must not be empty or contain the character U+0000")
        return nil
      }
      return (
        member.name,
        read(member.name, Field(node: member.node, path: path, report: report, isSecret: isSecret))
      )
    }
  }
}
