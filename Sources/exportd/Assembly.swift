import CloudDestinations
import Compression
import DirectoryDestination
import Engine
import ExportConfig
import ExportCore
import Ledger
import SQLiteSource
import TimeZones

/// The only place where the parts are put together: a new kind of source or destination is one more case here.
enum Assembly {
  static let zones = ZoneDatabase()

  /// Shut down by ``reporting(_:)`` when a command ends.
  static let clouds = Clouds()

  /// What this version can do.
  static let capabilities = Capabilities(
    formats: Set(Format.allCases), destinationTypes: Set(DestinationType.allCases),
    dataTypes: [.events, .profiles],
    codecs: CompressionFormat.hasZstd ? [.none, .gzip, .zstd] : [.none, .gzip])

  static func parts(_ configuration: Configuration) -> Parts {
    Parts(
      source: source,
      destination: { (name, destination) throws(ExportError) in
        let staging = stagingDirectory(in: configuration.stateDirectory)
        return switch destination.entered(as: configuration.destinations[name]) {
        case .directory(let directory): LocalDirectory(directory)
        case .s3(let s3): try clouds.bucket(name, s3, stagingDirectory: staging)
        case .gcs(let gcs): try clouds.bucket(name, gcs, stagingDirectory: staging)
        case .azure(let azure): try clouds.container(name, azure, stagingDirectory: staging)
        }
      },
      zone: zone,
      stagingDirectory: stagingDirectory(in: configuration.stateDirectory),
      memoryDirectory: memoryDirectory(in: configuration.stateDirectory))
  }

  /// Where files for clouds are put together.
  private static func stagingDirectory(in stateDirectory: String) -> String { stateDirectory + "/staging" }

  /// Where profile exports remember what they have sent.
  static func memoryDirectory(in stateDirectory: String) -> String { stateDirectory + "/memory" }

  static func source(_ configuration: SourceConfiguration) throws(ExportError) -> any Source {
    switch configuration {
    case .sqlite(let sqlite): SQLiteDatabases(sqlite, zones: zones)
    }
  }

  static func zone(_ name: String) throws(ExportError) -> Zone {
    do {
      return try zones.zone(named: name)
    } catch {
      throw ExportError(
        .configuration, .lasting, object: "time zone \(name)", problem: "\(error)",
        hint: "install the package tzdata, or name another zone")
    }
  }

  static func registrar(_ configuration: Configuration, _ ledger: Ledger) -> Registrar {
    Registrar(configuration: configuration, ledger: ledger, zone: zone)
  }

  /// Reads configurations as this version understands them.
  static let reader = ConfigurationReader(zones: zones, capabilities: capabilities)

  /// A name for this process that no other has had, so that a run of a process that is gone is known as such even
  /// when its pid is used again.
  static func bootId() -> String {
    var random = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let half = String(random.next(), radix: 16)
      return String(repeating: "0", count: 16 - half.count) + half
    }.joined()
  }
}
