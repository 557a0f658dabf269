import ExportCore
import TimeZones

/// Makes a ``Configuration`` out of the JSON of `exportd.json`.
struct ConfigurationDecoder {
  let zones: ZoneDatabase
  /// The absolute path of the directory that relative paths are relative to.
  let folder: String

  /// What was made of the file, and what definitions can be checked against even where it is broken.
  struct Outcome {
    /// Nil when a required part is missing. Of no use when the report has errors.
    var configuration: Configuration?
    var outline: ConfigurationOutline
  }

  func configuration(_ root: Field) -> Outcome {
    var outline = ConfigurationOutline()
    let configuration: Configuration? = root.object { fields in
      let account = fields.required("account") { $0.text("1 to 32 letters, digits or _", Self.shortName) }
      let timeZone = fields.optional("timeZone", default: "UTC") { $0.zoneName(in: zones) }
      let written = fields.optional("identifiers") {
        $0.distinctList("a list of identifiers") { $0.oneOf("identifier", Identifier.allCases) }
      }
      let identifiers = fields.has("identifiers") ? written : [.identity]
      let statedDirectory = fields.optional("stateDirectory") { $0.path(in: folder) }
      let stateDirectory = statedDirectory ?? Configuration.usualStateDirectory
      let maxConcurrentRuns = fields.optional("maxConcurrentRuns", default: 2) { $0.whole(1...1000) }
      let stallTimeout = fields.optional("stallTimeout", default: 600) { $0.whole(1...86400) }
      let keepHistoryDays = fields.optional("history", default: 400) {
        $0.object { $0.optional("keepDays", default: 400) { $0.whole(1...36500) } }
      }
      let onFailure = fields.optional("onFailure", failureNotice)
      let sources = fields.required("sources") { $0.entries("an object of sources by name") { source($1) } }
      let destinations = fields.required("destinations") {
        $0.entries("an object of destinations by name") { destination($1) }
      }

      outline = ConfigurationOutline(
        identifiers: identifiers,
        sources: root.node["sources"].flatMap(ConfigurationOutline.sources),
        destinations: destinations.map { Dictionary(uniqueKeysWithValues: $0) },
        stateDirectory: fields.has("stateDirectory") ? statedDirectory : stateDirectory)

      guard let account, let identifiers, let sources, let destinations else { return nil }
      return Configuration(
        account: account, timeZone: timeZone, identifiers: identifiers, stateDirectory: stateDirectory,
        maxConcurrentRuns: maxConcurrentRuns, stallTimeout: stallTimeout, keepHistoryDays: keepHistoryDays,
        onFailure: onFailure, sources: Self.whole(sources), destinations: Self.whole(destinations))
    }
    return Outcome(configuration: configuration, outline: outline)
  }

  /// Account and database ids.
  static func shortName(_ text: String) -> String? {
    guard (1...32).contains(text.utf8.count) else { return nil }
    let isName = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    return isName ? text : nil
  }

  private static func whole<Value>(_ entries: [(name: String, value: Value?)]) -> [String: Value] {
    Dictionary(uniqueKeysWithValues: entries.compactMap { entry in entry.value.map { (entry.name, $0) } })
  }

  private func failureNotice(_ field: Field) -> FailureNotice? {
    field.object { fields in
      let webhook = fields.optional("webhook") { $0.secretWebAddress(in: folder) }
      let command = fields.optional("command", command)
      if !fields.has("webhook"), !fields.has("command") {
        field.fail("must have \"webhook\", \"command\" or both")
      }
      return FailureNotice(webhook: webhook, command: command)
    }
  }

  private func command(_ field: Field) -> [String]? {
    var field = field
    // An argument may be a token.
    field.isSecret = true
    return field.list("a list of strings: a program and its arguments") { word -> String? in
      // Arguments may be empty, the program may not.
      if case .string("") = word.node.value, word.path.steps.last != .index(0) { return "" }
      return word.text()
    }
  }
}
