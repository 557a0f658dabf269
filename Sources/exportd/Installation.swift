import ArgumentParser
import Engine
import ExportConfig
import ExportCore
import Glibc
import Ledger
import TimeZones

/// The option that every command takes.
struct ConfigurationOption: ParsableArguments {
  @Option(name: .customLong("config"), help: ArgumentHelp("The configuration.", valueName: "file"))
  var path = "/etc/exportd/exportd.json"
}

/// The state directory as a command sees it that must work while the configuration is broken.
struct StatePlace: Sendable {
  let stateDirectory: String
  let ledger: Ledger
  let time: any TimeSource = SystemTime()

  init(_ option: ConfigurationOption) throws {
    Identity.restrictNewFiles()
    stateDirectory = Assembly.reader.load(option.path).stateDirectory
    try Identity.takeOwner(of: stateDirectory)
    try Identity.requireAccess(to: stateDirectory)
    ledger = try Ledger(stateDirectory: stateDirectory)
  }

  /// The process that runs as daemon now; nil when none does.
  var daemonPid: Int32? { StateLock.holder(stateDirectory: stateDirectory)?.pid }
}

/// One installation of exportd as a command sees it: its configuration, its state database, and the parts put
/// together.
struct Installation: Sendable {
  let configurationPath: String
  let loaded: LoadedConfiguration
  let configuration: Configuration
  let ledger: Ledger
  let time: any TimeSource = SystemTime()

  /// Reads the configuration, takes the identity of the state directory's owner when typed by root, and opens the state
  /// database.
  /// - Throws: ``Failure``: 78 for a broken `exportd.json`, 77 for those who may not.
  init(_ option: ConfigurationOption) throws {
    Identity.restrictNewFiles()
    configurationPath = option.path
    loaded = Assembly.reader.load(option.path)
    guard let configuration = loaded.configuration else {
      throw Failure(.configuration, loaded.errorText)
    }
    self.configuration = configuration
    try Identity.prepare(stateDirectory: configuration.stateDirectory)
    try Identity.takeOwner(of: configuration.stateDirectory)
    try Identity.requireAccess(to: configuration.stateDirectory)
    ledger = try Ledger(stateDirectory: configuration.stateDirectory)
  }

  var parts: Parts { Assembly.parts(configuration) }

  var registrar: Registrar { Assembly.registrar(configuration, ledger) }

  /// The process that runs as daemon now; nil when none does.
  var daemonPid: Int32? { StateLock.holder(stateDirectory: configuration.stateDirectory)?.pid }

  /// The live export of that name.
  /// - Throws: ``Failure`` that names those there are.
  func export(_ name: String) throws -> ExportRecord {
    if let record = try ledger.export(named: name) { return record }
    let names = try ledger.exports().map(\.name)
    throw Failure(
      .failed,
      names.isEmpty
        ? "there is no export \(name), nor any other; make one with `exportd create` or a file in exports.d and `exportd reload`"
        : "there is no export \(name); there are: \(names.joined(separator: ", "))")
  }
}
