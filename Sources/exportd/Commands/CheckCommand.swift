import ArgumentParser
import Engine
import ExportConfig
import ExportCore
import Foundation

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Validate the configuration and all definitions, and look at the sources they use.")

  @OptionGroup var config: ConfigurationOption
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await reporting {
      let loaded = Assembly.reader.load(config.path)
      let outcome = await CheckOutcome(loaded)
      if json {
        print(try outcome.json())
      } else {
        outcome.print()
      }
      if !outcome.isSound { throw Failure(.configuration, "") }
    }
  }
}

/// Everything `check` has to say.
struct CheckOutcome {
  private var errors: [Diagnostic]
  private var warnings: [Diagnostic]
  private var notes: [String] = []
  private let exports: Int

  init(_ loaded: LoadedConfiguration) async {
    errors = loaded.diagnostics.errors
    warnings = loaded.diagnostics.warnings
    exports = loaded.definitions.count
    guard let configuration = loaded.configuration else { return }
    let used = Set(loaded.definitions.map(\.definition.source))
    let parts = Assembly.parts(configuration)
    for name in used.sorted() {
      guard let source = configuration.sources[name] else { continue }
      do {
        for finding in try await parts.source(source).check() {
          let message = "source \(name): \(finding.message)"
          switch finding.severity {
          case .note: notes.append(message)
          case .warning: warnings.append(Diagnostic(.warning, file: loaded.file, message: message))
          case .error: errors.append(Diagnostic(file: loaded.file, message: message))
          }
        }
      } catch {
        errors.append(Diagnostic(file: loaded.file, message: "source \(name): \(error)"))
      }
    }
  }

  var isSound: Bool { errors.isEmpty }

  func print() {
    for diagnostic in errors + warnings { printError(diagnostic.description) }
    for note in notes { Swift.print(note) }
    Swift.print(
      isSound
        ? "The configuration is sound: \(exports) export(s), \(warnings.count) warning(s)."
        : "\(errors.count) error(s), \(warnings.count) warning(s): mend them, then run `exportd check` again."
    )
  }

  func json() throws -> String {
    struct Answer: Encodable {
      var ok: Bool
      var errors: [Diagnostic]
      var warnings: [Diagnostic]
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let answer = Answer(ok: isSound, errors: errors, warnings: warnings)
    return String(decoding: try encoder.encode(answer), as: UTF8.self)
  }
}
