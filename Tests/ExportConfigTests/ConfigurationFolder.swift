import ExportConfig
import ExportCore
import Foundation
import TimeZones

/// A directory with an `exportd.json` and an `exports.d`, removed with its last reference.
final class ConfigurationFolder {
  let path: String

  init(exportd: String? = ConfigurationFolder.sound, definitions: [String: String] = [:]) throws {
    path =
      FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appendingPathComponent("exportd-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: "\(path)/exports.d", withIntermediateDirectories: true)
    if let exportd { try write(exportd, to: "exportd.json") }
    for (name, text) in definitions { try write(text, to: "exports.d/\(name)") }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  func load(_ capabilities: Capabilities = .all) -> LoadedConfiguration {
    ConfigurationReader(zones: ZoneDatabase(), capabilities: capabilities).load("\(path)/exportd.json")
  }

  /// The diagnostics as people see them, file names without the folder.
  func complaints(_ capabilities: Capabilities = .all) -> [String] {
    load(capabilities).diagnostics.map { $0.description.replacing("\(path)/", with: "") }
  }

  /// A configuration with one of everything that definitions refer to.
  static let sound = """
    {
      "account": "acme",
      "identifiers": ["identity", "email"],
      "sources": {
        "main": {
          "type": "sqlite",
          "databases": [{"id": "0", "path": "shard0.db"}],
          "events": {"from": "events"},
          "profiles": {"from": "profiles"}
        },
        "clicks": {
          "type": "sqlite",
          "databases": [{"id": "0", "path": "clicks.db"}],
          "events": {"from": "clicks"}
        }
      },
      "destinations": {
        "local": {"type": "directory", "path": "exports"},
        "lake": {"type": "s3", "bucket": "acme-lake", "prefix": "{eventName}/"}
      }
    }
    """
}

extension Capabilities {
  /// What the first version can do.
  static let first = Capabilities(formats: [.json], destinationTypes: [.directory], dataTypes: [.events])
}
