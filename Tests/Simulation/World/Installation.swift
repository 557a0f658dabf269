import Engine
import ExportConfig
import ExportCore
import Ledger
import TimeZones

/// What lies in `/etc/exportd`, and how this build puts the parts together: as the executable does, with a simulated
/// source and destination.
final class Installation: @unchecked Sendable {
  let world: World
  private(set) var configuration: Configuration
  /// The files of `exports.d` by name, as JSON.
  var files: [String: String] = [:]
  private var ledger: Ledger?
  /// Who uses it.
  private var user: Life?
  private let order: DatabaseCut.ReadOrder
  private let hasVersions: Bool
  private let executor: SteppedExecutor
  private static let zones = ZoneDatabase()
  private static let reader = ConfigurationReader(
    zones: zones,
    capabilities: Capabilities(
      formats: [.json], destinationTypes: [.directory], dataTypes: [.events, .profiles]))

  init(_ world: World, _ history: History, _ executor: SteppedExecutor) {
    self.world = world
    self.executor = executor
    order = history.order
    hasVersions = history.profiles?.hasVersions ?? false
    let mapping = history.profiles.map { ProfileMapping(from: "profiles", lookback: $0.lookback) }
    let sources = [("main", history.databases), ("other", history.profiles?.others ?? [])]
      .filter { !$0.1.isEmpty }
      .map { name, ids in
        let databases = ids.map {
          SQLiteSourceConfiguration.Database(id: $0, path: SourceFiles.path($0, in: world.directory))
        }
        return (
          name,
          SourceConfiguration.sqlite(
            SQLiteSourceConfiguration(
              databases: databases, events: EventMapping(from: "events"), profiles: mapping))
        )
      }
    configuration = Configuration(
      account: "acme", timeZone: history.zone, identifiers: [.identity], stateDirectory: world.directory,
      maxConcurrentRuns: history.maxConcurrentRuns, stallTimeout: history.stallTimeout,
      keepHistoryDays: history.profiles?.keepDays ?? 400,
      onFailure: nil, sources: Dictionary(uniqueKeysWithValues: sources),
      destinations: Dictionary(
        uniqueKeysWithValues: history.prefixes.map { name, prefix in
          (name, .directory(DirectoryConfiguration(prefix: prefix, path: "/\(name)")))
        }))
  }

  /// Opens the state database for a process. Compiling all its statements takes longer than most lives, so most
  /// processes take the connection of the one before them over, which holds nothing that a new one would not.
  func ledger(for life: Life) throws -> Ledger {
    if let ledger, life.number % 4 != 1 {
      user = life
      return ledger
    }
    ledger = nil
    user = life
    let opened = try Ledger(stateDirectory: world.directory) { [unowned self] sql in
      world.witness?.look()
      return world.pass(user!, isQuiet: sql().hasPrefix("BEGIN")) && world.holdsStatement()
    }
    ledger = opened
    return opened
  }

  func setZone(_ name: String) { configuration.timeZone = name }

  static func zone(_ name: String) throws(ExportError) -> Zone {
    do {
      return try zones.zone(named: name)
    } catch {
      throw ExportError(.configuration, .lasting, object: "time zone \(name)", problem: "\(error)")
    }
  }

  func registrar(_ ledger: Ledger) -> Registrar {
    Registrar(
      configuration: configuration, ledger: ledger,
      zone: { (name) throws(ExportError) in try Self.zone(name) })
  }

  func parts(for life: Life) -> Parts {
    Parts(
      source: { [world, order, hasVersions, executor] (source) throws(ExportError) in
        switch source {
        case .sqlite(let files) where world.files != nil:
          FileSource(files, world, life, executor, zones: Self.zones)
        default:
          SimulatedSource(
            world, life, databaseIds: source.databaseIds, order: order, hasVersions: hasVersions)
        }
      },
      destination: { [world] (name, _) throws(ExportError) in SimulatedDestination(world, life, name: name) },
      zone: { (name) throws(ExportError) in try Self.zone(name) },
      stagingDirectory: life.stagingDirectory, memoryDirectory: "\(world.directory)/memory")
  }

  /// The definitions of `exports.d`, read as the executable reads them.
  var written: [WrittenDefinition] {
    files.sorted { $0.key < $1.key }.map { read($0.key, $0.value, file: "\($0.key).json") }
  }

  func read(_ name: String, _ json: String, file: String?) -> WrittenDefinition {
    let (definition, diagnostics) = Self.reader.definition(
      named: name, Array(json.utf8), label: name, against: configuration)
    guard let definition else { preconditionFailure("a history wrote \(json): \(diagnostics)") }
    return WrittenDefinition(
      name: name, definition: definition.definition, json: definition.canonicalText, file: file)
  }
}
