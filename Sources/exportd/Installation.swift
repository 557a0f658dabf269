import Engine
import ExportConfig
import ExportCore
import Ledger
import TimeZones

/// One installation of exportd as a command sees it: its configuration, its state database, and the parts put
/// together.
struct Installation: Sendable {
  let place: StatePlace
  let configuration: Configuration

  /// - Throws: ``Failure``: 78 for a broken `exportd.json`.
  init(_ place: StatePlace) throws {
    self.place = place
    guard let configuration = place.head.configuration else {
      throw Failure(.configuration, Assembly.reader.load(place.head.file).errorText)
    }
    self.configuration = configuration
  }

  /// - Throws: as ``StatePlace/init(_:)``, and for a broken `exportd.json`.
  init(_ option: ConfigurationOption) throws { try self.init(StatePlace(option)) }

  var configurationPath: String { place.head.file }
  var ledger: Ledger { place.ledger }
  var time: any TimeSource { place.time }
  var daemonPid: Int32? { place.daemonPid }

  var parts: Parts { Assembly.parts(configuration) }

  var registrar: Registrar { Assembly.registrar(configuration, ledger) }

  /// As ``StatePlace/export(_:)``.
  func export(_ name: String) throws -> ExportRecord { try place.export(name) }
}
