import ArgumentParser
import Engine
import ExportConfig
import ExportCore
import Foundation
import Ledger
import TimeZones

struct CreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Store a definition and print its request id.",
    discussion: """
      From a file (`--file definition.json`, `-` for standard input), or from flags:
        exportd create orders --source main --destination lake --events Charged "App Launched" --every 6 --format json
        exportd create last-month --source main --destination lake --events all --once previousMonth --format json
      """)

  @OptionGroup var config: ConfigurationOption
  @Argument(help: "The export's name: a-z, 0-9 and -.") var name: String
  @Option(help: "A definition file; - is standard input.") var file: String?
  @OptionGroup var flags: DefinitionFlags
  @Flag(help: "Run it and wait until it has ended.") var wait = false

  func validate() throws {
    if file != nil, flags.isAnyGiven {
      throw ValidationError("--file holds the whole definition; leave the other flags out")
    }
    if file == nil { try flags.requireWhole() }
  }

  func run() async throws {
    try await reporting {
      // Read before the identity of the state directory's owner is taken: the file may be readable by root only.
      let text = try file.map(Self.read) ?? flags.definition()
      let installation = try Installation(config)
      let (definition, diagnostics) = Assembly.reader.definition(
        named: name, text, label: file.map { $0 == "-" ? "standard input" : $0 } ?? "the flags",
        against: installation.configuration)
      let words = { file == nil ? DefinitionFlags.description(of: $0) : $0.description }
      for warning in diagnostics.warnings { printError(words(warning)) }
      guard let definition else {
        throw Failure(.configuration, diagnostics.errors.map(words).joined(separator: "\n"))
      }
      let now = installation.time.now()
      let (id, notes) = try installation.registrar.create(
        WrittenDefinition(definition, file: nil), now: now)
      for note in notes { printError("exportd: \(note)") }
      print(id)
      if installation.daemonPid == nil {
        await Acquaintance(ledger: installation.ledger, parts: installation.parts).make(id)
        if !wait { printError("exportd: the daemon is not running; the export begins when it starts") }
      }
      guard wait, let record = try installation.ledger.export(id) else { return }
      let answer = try await installation.place.run(record, restart: false, rebase: false, wait: true)
      guard answer.succeeded else { throw Failure(answer, to: name) }
      printError("\(name): \(answer.text)")
    }
  }

  /// A definition is small; what is not is a mistake.
  private static let limit = 4 << 20

  private static func read(_ path: String) throws -> [UInt8] {
    let handle = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
    guard let handle, let data = try? handle.read(upToCount: limit + 1) else {
      if path == "-" { return [] }
      throw Failure(.failed, "\(path) cannot be read; check that it is there and that you may read it")
    }
    guard data.count <= limit else { throw Failure(.configuration, "\(path) is larger than any definition") }
    return [UInt8](data)
  }
}

/// A definition in flags: written as the JSON that a file would hold, so that one reader judges both.
struct DefinitionFlags: ParsableArguments {
  @Option(help: "A source of the configuration.") var source: String?
  @Option(help: "A destination of the configuration.") var destination: String?
  @Option(parsing: .upToNextOption, help: "all, or the names of events.") var events: [String] = []
  @Flag(help: "Profiles instead of events.") var profiles = false
  @Option(
    help: ArgumentHelp(
      "Once: today, yesterday, currentWeek, previousWeek, currentMonth, previousMonth, 2026-11-03, 2026-11-01..2026-11-10, lastDays:30, or one as a definition has it; for profiles also now.",
      valueName: "period")) var once: String?
  @Option(help: ArgumentHelp("Every 4 to 24 hours.", valueName: "hours")) var every: Int?
  @Option(help: ArgumentHelp("The first local day.", valueName: "yyyy-MM-dd")) var from: String?
  @Option(help: ArgumentHelp("The local time of the first boundary.", valueName: "HH:mm")) var at: String?
  @Option(help: ArgumentHelp("The last local day.", valueName: "yyyy-MM-dd")) var until: String?
  @Option(help: "json, csv, xml or parquet.") var format: String?
  @Option(help: "none, gzip or zstd.") var compression: String?
  @Option(help: ArgumentHelp("A time zone other than the account's.", valueName: "zone")) var timeZone:
    String?
  @Flag(help: "Every property as a string.") var asString = false
  @Flag(help: "Stop the recurring profile exports of the source first.") var stopRecurring = false
  @Flag(help: "Start those again that this one stopped.") var resumeRecurring = false

  var isAnyGiven: Bool {
    source != nil || destination != nil || !events.isEmpty || profiles || once != nil || every != nil
      || from != nil
      || at != nil || until != nil || format != nil || compression != nil || timeZone != nil || asString
      || stopRecurring || resumeRecurring
  }

  func requireWhole() throws {
    let missing = [
      source == nil ? "--source" : nil, destination == nil ? "--destination" : nil,
      events.isEmpty && !profiles ? "--events or --profiles" : nil,
      once == nil && every == nil ? "--once or --every" : nil, format == nil ? "--format" : nil,
    ].compactMap { $0 }
    guard missing.isEmpty else {
      throw ValidationError(
        "missing \(missing.joined(separator: ", ")); or give the whole definition with --file")
    }
    if !events.isEmpty, profiles { throw ValidationError("--events and --profiles exclude each other") }
    if once != nil, every != nil { throw ValidationError("--once and --every exclude each other") }
  }

  func definition() throws -> [UInt8] {
    var frequency: [String: Any] = [:]
    if let once { frequency["once"] = period(once) }
    if let every { frequency["everyHours"] = every }
    for (key, value) in [("from", from), ("at", at), ("until", until)] where value != nil {
      frequency[key] = value
    }
    var definition: [String: Any] = [
      "source": source!, "destination": destination!, "frequency": frequency, "format": format!,
      "data": profiles
        ? ["profiles": "all"] as [String: Any] : ["events": events == ["all"] ? "all" : events],
    ]
    if let compression { definition["compression"] = compression }
    if let timeZone { definition["timeZone"] = timeZone }
    if asString { definition["asString"] = true }
    if stopRecurring { definition["stopRecurring"] = true }
    if resumeRecurring { definition["resumeRecurring"] = true }
    return [UInt8](
      try JSONSerialization.data(withJSONObject: definition, options: [.sortedKeys, .withoutEscapingSlashes]))
  }

  /// A diagnostic without the place in a text that nobody has written, at the flag that can be mended.
  static func description(of diagnostic: Diagnostic) -> String {
    let names = diagnostic.path.steps.compactMap { if case .name(let name) = $0 { name } else { nil } }
    let flag =
      switch names.first {
      case "data": names.count > 1 ? names[1] : "events"
      case "frequency": names.count > 1 ? names[1] == "everyHours" ? "every" : names[1] : "once"
      case let name: name
      }
    let severity = diagnostic.severity == .warning ? "warning: " : ""
    guard let flag else { return severity + diagnostic.message }
    let kebab = flag.reduce(into: "--") { $0 += $1.isUppercase ? "-\($1.lowercased())" : String($1) }
    return "\(severity)\(kebab): \(diagnostic.message)"
  }

  private func period(_ text: String) -> Any {
    if text.first == "{", let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) {
      return object
    }
    if let range = text.range(of: "..") {
      return ["from": String(text[..<range.lowerBound]), "to": String(text[range.upperBound...])]
    }
    if text.hasPrefix("lastDays:"), let days = Int(text.dropFirst("lastDays:".count)) {
      return ["lastDays": days]
    }
    if text.first?.isNumber == true { return ["day": text] }
    return text
  }
}
