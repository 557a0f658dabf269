import Foundation
import Glibc
import TimeZones

/// Where everything of a demo lies: two databases, a configuration, its definitions, and soon what is exported.
struct DemoDirectory {
  let path: String

  static let events = 100_000
  static let profiles = 5_000

  var configuration: String { "\(path)/exportd.json" }
  var definitions: String { "\(path)/exports.d" }
  var exports: String { "\(path)/exports" }
  var log: String { "\(path)/daemon.log" }

  /// Makes the directory, or takes an empty one.
  /// - Throws: ``Failure`` for one that holds anything: a demo writes over nobody's files.
  init(_ path: String) throws {
    self.path = path
    if mkdir(path, 0o777) == 0 { return }
    guard errno == EEXIST else { throw Self.unusable(path, errno) }
    let entries: [String]
    do {
      entries = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw Failure(.failed, "\(path) is no directory that can be read; name another with --directory")
    }
    guard entries.isEmpty else {
      throw Failure(
        .failed,
        "\(path) is not empty, and a demo writes over nothing; remove it, or name another with --directory")
    }
    guard access(path, W_OK | X_OK) == 0 else { throw Self.unusable(path, errno) }
  }

  private static func unusable(_ path: String, _ code: Int32) -> Failure {
    Failure(
      code == EACCES ? .permission : .failed,
      "\(path) cannot be used (\(String(cString: strerror(code)))); name another with --directory")
  }

  /// Two databases, each with half of the sample.
  func makeDatabases(now: Instant) throws {
    do {
      for id in 0..<2 {
        try SampleDatabase(
          path: "\(path)/shard\(id).db", id: id, events: Self.events / 2, profiles: Self.profiles / 2
        ).make(now: now.seconds * 1000)
      }
    } catch {
      throw Failure(
        .failed, "the sample could not be written to \(path) (\(error)); is there room, 50 MB or so?")
    }
  }

  /// - Parameter today: local date of the demo's zone, UTC.
  func writeConfiguration(today: LocalDate) throws {
    do {
      try write(Self.installation, to: configuration)
      for directory in [definitions, exports] {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
      }
      try write(Self.allEvents(from: today - 2), to: "\(definitions)/all-events.json")
      try write(Self.chargedYesterday, to: "\(definitions)/charged-yesterday.json")
      try write(Self.profileChanges, to: "\(definitions)/profile-changes.json")
    } catch {
      throw Failure(
        .failed, "the configuration could not be written to \(path) (\(error.localizedDescription))")
    }
  }

  private func write(_ text: String, to path: String) throws {
    try Data((text + "\n").utf8).write(to: URL(filePath: path))
  }

  // Written out, since people read them: each is an example to start from.

  private static let installation = """
    {
      "account": "100000000",
      "timeZone": "UTC",
      "identifiers": ["identity", "email", "phone"],
      "stateDirectory": "state",
      "sources": {
        "shop": {
          "type": "sqlite",
          "databases": [ { "id": "0", "path": "shard0.db" }, { "id": "1", "path": "shard1.db" } ],
          "events":   { "from": "events" },
          "profiles": { "from": "profiles" }
        }
      },
      "destinations": {
        "local": { "type": "directory", "path": "exports" }
      }
    }
    """

  private static func allEvents(from: LocalDate) -> String {
    """
    {
      "source": "shop",
      "destination": "local",
      "data": { "events": "all" },
      "frequency": { "everyHours": 6, "from": "\(from)" },
      "format": "json"
    }
    """
  }

  private static let chargedYesterday = """
    {
      "source": "shop",
      "destination": "local",
      "data": { "events": ["Charged"] },
      "frequency": { "once": "yesterday" },
      "format": "json",
      "compression": "gzip"
    }
    """

  private static let profileChanges = """
    {
      "source": "shop",
      "destination": "local",
      "data": { "profiles": "all" },
      "frequency": { "everyHours": 24 },
      "format": "json"
    }
    """
}
