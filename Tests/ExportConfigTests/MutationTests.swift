import ExportConfig
import Testing

/// Sound texts in which one key is mistyped, has a value of the wrong type, or is left out: exactly that place
/// must be reported, and nothing else.
@Suite struct MutationTests {
  @Test func theTextsAreSound() throws {
    for text in try MutatedText.all() {
      #expect(try text.diagnostics(replacing: 0..<0, with: "") == [])
    }
  }

  @Test func aMistypedKeyIsReportedAtItsPlaceWithTheRightOne() throws {
    for text in try MutatedText.all() {
      for member in text.members where !member.isFreeName {
        let typo = Self.typo(in: member.name)
        let found = try text.diagnostics(replacing: member.nameRange, with: "\"\(typo)\"")
        #expect(found.count == 1, "\(member.path) → \(typo): \(found)")
        let diagnostic = try #require(found.first, "\(member.path)")
        #expect(diagnostic.severity == .error, "\(diagnostic)")
        #expect(diagnostic.position == text.position(member.nameRange.lowerBound), "\(diagnostic)")
        #expect(diagnostic.path.description == member.path.dropLast(member.name.count) + typo)
        let right = "unknown key \"\(typo)\"; did you mean \"\(member.name)\"? allowed here: "
        #expect(diagnostic.message.hasPrefix(right), "\(diagnostic)")
      }
    }
  }

  @Test(arguments: ["null", "[[]]", "-0.5"])
  func aValueOfTheWrongTypeIsReportedAtItsPlace(_ wrong: String) throws {
    for text in try MutatedText.all() {
      for member in text.members {
        let found = try text.diagnostics(replacing: member.valueRange, with: wrong)
        #expect(found.count == 1, "\(member.path) → \(wrong): \(found)")
        let diagnostic = try #require(found.first, "\(member.path)")
        #expect(diagnostic.severity == .error, "\(diagnostic)")
        #expect(diagnostic.message.hasPrefix("must be "), "\(diagnostic)")
        // Where a list may stand, it is its element that is wrong.
        let isElement = diagnostic.path.description.hasSuffix("[0]")
        #expect(!isElement || wrong == "[[]]", "\(diagnostic)")
        let offset = member.valueRange.lowerBound + (isElement ? 1 : 0)
        #expect(diagnostic.position == text.position(offset), "\(diagnostic)")
        let steps = diagnostic.path.steps.dropLast(isElement ? 1 : 0)
        let last = try #require(steps.last)
        #expect(last == .name(member.name), "\(diagnostic)")
      }
    }
  }

  @Test func aMissingKeyIsReportedAtItsObject() throws {
    var checked: Set<String> = []
    for text in try MutatedText.all() {
      for member in text.members where Self.required.contains(where: member.path.hasSuffix) {
        let found = try text.diagnostics(without: member)
        #expect(found.count == 1, "\(member.path): \(found)")
        let diagnostic = try #require(found.first, "\(member.path)")
        #expect(diagnostic.position == text.position(member.objectOffset), "\(diagnostic)")
        #expect(diagnostic.message.hasPrefix("the key "), "\(diagnostic)")
        #expect(diagnostic.message.contains("\"\(member.name)\""), "\(diagnostic)")
        #expect(diagnostic.message.hasSuffix(" is missing"), "\(diagnostic)")
        checked.formUnion(Self.required.filter(member.path.hasSuffix))
      }
    }
    #expect(checked == Set(Self.required))
  }

  @Test func everyOtherKeyMayBeLeftOutAlone() throws {
    // Keys that others in these texts need.
    let needed = [
      "accessKeyId", "secretAccessKey", "roleArn", "sse", "allowHTTP", "clientId", "tenantId", "clientSecret",
      "tsUnit", "updatedAtUnit", "stopRecurring", ".env", ".file", ".credential",
    ]
    for text in try MutatedText.all() {
      for member in text.members
      where !Self.required.contains(where: member.path.hasSuffix)
        && !needed.contains(where: member.path.hasSuffix)
      {
        let found = try text.diagnostics(without: member)
        #expect(found == [], "\(member.path)")
      }
    }
  }

  /// Ends of the paths of keys that must be there.
  private static let required = [
    ".account", "$.sources", "$.destinations", ".type", ".databases", "[0].id", ".path", ".events.from",
    ".profiles.from", ".bucket", ".container", "$.source", "$.destination", "$.data",
    "$.frequency",
    "$.format", "$.data.events", "$.data.profiles", ".codec", ".everyHours", ".once", ".once.day",
    ".once.from",
    ".once.to", ".once.lastDays",
  ]

  /// Two letters exchanged, or one put in between where that would change nothing.
  private static func typo(in name: String) -> String {
    var letters = Array(name)
    let middle = letters.count / 2
    if letters[middle] == letters[middle - 1] {
      letters.insert("x", at: middle)
    } else {
      letters.swapAt(middle, middle - 1)
    }
    return String(letters)
  }
}
