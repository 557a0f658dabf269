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

/// The state database as a command sees it. What only shows, stops or deletes needs no more than this, so that it
/// works while `exportd.json` is broken.
struct StatePlace: Sendable {
  let head: ConfigurationHead
  let stateDirectory: String
  let ledger: Ledger
  let time: any TimeSource = SystemTime()

  /// Finds the state directory, takes the identity of its owner when typed by root, and opens the database. Both are
  /// made when they are missing, but only where a sound configuration says.
  /// - Throws: ``Failure``: 77 for those who may not, 78 for a broken configuration and no database.
  init(_ option: ConfigurationOption) throws {
    Identity.restrictNewFiles()
    let head = Assembly.reader.head(option.path)
    if head.configuration != nil { try Identity.prepare(stateDirectory: head.knownStateDirectory) }
    if let place = try StatePlace(of: head) {
      self = place
    } else if head.configuration != nil {
      try self.init(opening: head)
    } else {
      throw Failure(
        .configuration,
        Assembly.reader.load(option.path).errorText
          + "\nThere is no state database in \(head.knownStateDirectory) to go by either; mend the "
          + "configuration first")
    }
  }

  /// The state database as far as it has been made; nil when nothing has.
  /// - Throws: ``Failure`` 77 for those who may not.
  init?(of head: ConfigurationHead) throws {
    let stateDirectory = head.knownStateDirectory
    if access(stateDirectory, F_OK) != 0, errno == ENOENT { return nil }
    try Identity.takeOwner(of: stateDirectory)
    try Identity.requireAccess(to: stateDirectory)
    if access(Ledger.path(in: stateDirectory), F_OK) != 0, errno == ENOENT { return nil }
    try self.init(opening: head)
  }

  private init(opening head: ConfigurationHead) throws {
    self.head = head
    stateDirectory = head.knownStateDirectory
    ledger = try Ledger(stateDirectory: stateDirectory)
  }

  /// That what a command shows is not under the configuration as it is; nil when it is.
  var brokenWarning: String? {
    guard head.configuration == nil else { return nil }
    let errors = Assembly.reader.load(head.file).diagnostics.errors
    return "the configuration is broken, so this goes by the state database in \(stateDirectory) alone."
      + (errors.first.map { "\n\($0)" } ?? "")
      + "\n`exportd check` names all \(errors.count) error(s); the daemon goes on, but cannot start anew with them."
  }

  /// Says that on stderr.
  func tellIfBroken() {
    if let brokenWarning { printError("exportd: \(brokenWarning)") }
  }

  /// The process that runs as daemon now; nil when none does.
  var daemonPid: Int32? { StateLock.holder(stateDirectory: stateDirectory)?.pid }

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
