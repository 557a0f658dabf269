import Engine
import ExportConfig
import ExportCore
import Glibc
import Ledger

/// What the commands and the daemon make of loaded configuration files.
extension LoadedConfiguration {
  /// All errors, a line each.
  var errorText: String { diagnostics.errors.map(\.description).joined(separator: "\n") }

  /// The sound definitions, as the registrar takes them.
  var written: [WrittenDefinition] { definitions.map { WrittenDefinition($0, file: $0.file) } }

  /// Names whose file is broken, each with its errors.
  var brokenReasons: [String: String] {
    Dictionary(
      broken.map { broken in
        (
          broken.name,
          diagnostics.errors.filter { $0.file == broken.file }.map(\.description).joined(separator: "; ")
        )
      }, uniquingKeysWith: { first, _ in first })
  }

  /// Queries every source and tries out every destination that a definition in a file or in the ledger uses.
  /// - Parameter ledger: nil when there is none yet.
  func probe(_ ledger: Ledger?, withDestinations: Bool = true) async throws -> Probe.Report {
    guard let configuration else { throw Failure(.configuration, errorText) }
    var used = definitions.map(\.definition)
    if let ledger {
      let inFiles = Set(definitions.map(\.name))
      for record in try ledger.exports() where !inFiles.contains(record.name) {
        used.append(try ledger.revision(of: record.id).resolved.definition)
      }
    }
    let findings = await Probe(configuration, parts: Assembly.parts(configuration)).findings(
      sources: Set(used.map(\.source)), destinations: withDestinations ? Set(used.map(\.destination)) : [])
    return Probe.Report(file: file, findings)
  }
}

extension ConfigurationHead {
  /// Where the state directory is, also when the rest is broken: what the file says if it can be read that far, else
  /// what systemd says to the commands of the unit, else the usual one.
  var knownStateDirectory: String {
    if let stateDirectory { return stateDirectory }
    let told = getenv("STATE_DIRECTORY").flatMap { String(cString: $0).split(separator: ":").first }
    return told.map(String.init) ?? Configuration.usualStateDirectory
  }
}

extension WrittenDefinition {
  /// - Parameter file: nil for a definition that a command brings.
  init(_ loaded: LoadedDefinition, file: String?) {
    self.init(name: loaded.name, definition: loaded.definition, json: loaded.canonicalText, file: file)
  }
}
