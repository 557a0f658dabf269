import DirectoryDestination
import ExportCore
import Foundation
import Ledger
import Logging
import Synchronization
import Testing
import TimeZones

@testable import Engine

/// Deleting what ended runs had delivered.
@Suite struct CleanerTests {
  /// An export whose run was stopped with three files delivered.
  private func stopped() throws -> (RealExport, RunId, names: [String]) {
    let export = try RealExport()
    export.time.set("2026-11-20T06:00:00Z")
    let now = export.time.now()
    let run = try #require(
      try RunWish(ledger: export.ledger, parts: export.parts)
        .open(export.id, restart: false, rebase: false, now: now).runs.first)
    _ = try #require(try export.ledger.begin(run, bootId: "boot", now: now))
    let names = ["a", "b", "c"]
    let directory = "\(export.directory)/out"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    for name in names { try Data("x".utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)")) }
    try export.ledger.announce(
      names.map {
        FileRecord(
          name: $0, kind: .data, databaseId: "0", eventName: $0, date: "2026-11-20", fileIndex: 0, rows: 1,
          bytes: 1, sha256: "00", firstKey: nil, lastKey: nil, revision: 1)
      }, of: run)
    try export.ledger.delivered(names, of: run, revision: 1)
    try export.ledger.stop(export.id, by: .person, reason: "enough", now: now)
    #expect(try export.ledger.stopped(run, reason: "enough", now: now))
    return (export, run, names)
  }

  /// - Parameter deleted: called after each deletion.
  /// - Returns: which runs it had in hand, one after the other.
  private func clean(
    _ export: RealExport, deleted: @escaping @Sendable () throws -> Void = {}
  ) async throws -> [RunId?] {
    let held = Held()
    await cleaner(export, held, deleted: deleted).clean()
    return held.runs.withLock { $0 }
  }

  private func cleaner(
    _ export: RealExport, _ held: Held, deleted: @escaping @Sendable () throws -> Void = {},
    tidied: @escaping @Sendable () throws -> Void = {}
  ) -> Cleaner {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var parts = export.parts
    let place = "\(export.directory)/out"
    parts.destination = { (_, _) throws(ExportError) in
      Watched(LocalDirectory(DirectoryConfiguration(path: place)), deleted: deleted, tidied: tidied)
    }
    let executor = RunExecutor(
      ledger: export.ledger, parts: parts, time: export.time, bootId: "boot", logger: logger)
    return Cleaner(
      ledger: export.ledger, executor: executor, logger: logger,
      holds: { run in held.runs.withLock { $0.append(run) } })
  }

  private final class Held: Sendable {
    let runs = Mutex<[RunId?]>([])
  }

  private func left(_ export: RealExport) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(export.directory)/out").sorted()
  }

  @Test func everythingThatAStoppedRunHadDeliveredGoes() async throws {
    let (export, run, _) = try stopped()
    #expect(try await clean(export) == [run, nil])
    #expect(try left(export) == [] && export.ledger.files(of: run) == [])
    #expect(try await clean(export) == [nil])
  }

  @Test func unfinishedFilesOfARunGoOnceItHasEnded() async throws {
    let (export, run, names) = try stopped()
    let stamp = try #require(try export.ledger.run(run)?.runTimestamp)
    let unfinished = TemporaryFileName.of("\(export.id)-\(stamp)-0-2")
    let strange = TemporaryFileName.of("\(export.id)-\(stamp + 1)-0-2")
    for name in [unfinished, strange] {
      try Data("x".utf8).write(to: URL(fileURLWithPath: "\(export.directory)/out/\(name)"))
    }
    try export.ledger.start(export.id, now: export.time.now())
    let held = Held()
    await cleaner(export, held).tidy()
    #expect(try left(export).contains(unfinished))
    try export.ledger.stop(export.id, by: .person, reason: "enough", now: export.time.now())
    await cleaner(export, held).tidy()
    #expect(try left(export) == [strange] + names)
    await cleaner(export, held).tidy()
    #expect(held.runs.withLock { $0 } == [run, nil, run, nil, nil])
  }

  @Test func whatMayNotBeRemovedIsTriedOnce() async throws {
    let (export, run, _) = try stopped()
    let refused = ExportError(.destination, .lasting, object: "out", problem: "may not be listed")
    #expect(try export.ledger.runsToTidy().map(\.id) == [run])
    await cleaner(export, Held(), tidied: { throw refused }).tidy()
    #expect(try export.ledger.runsToTidy().isEmpty)
  }

  @Test func whatPassesIsTriedAgain() async throws {
    let (export, run, _) = try stopped()
    let passing = ExportError(.destination, .passing, object: "out", problem: "is out of order")
    await cleaner(export, Held(), tidied: { throw passing }).tidy()
    #expect(try export.ledger.runsToTidy().map(\.id) == [run])
    await cleaner(export, Held()).tidy()
    #expect(try export.ledger.runsToTidy().isEmpty)
  }

  @Test func whatIsStartedAgainMeanwhileIsLeftAlone() async throws {
    let (export, run, names) = try stopped()
    let (ledger, id, now) = (export.ledger, export.id, export.time.now())
    #expect(try await clean(export, deleted: { try ledger.start(id, now: now) }) == [run, nil])
    #expect(try left(export) == Array(names.dropFirst()))
    #expect(try ledger.files(of: run).map(\.name) == Array(names.dropFirst()))
  }
}

/// A destination that tells of what it removes.
private struct Watched: Destination {
  let destination: LocalDirectory
  let deleted: @Sendable () throws -> Void
  let tidied: @Sendable () throws -> Void

  init(
    _ destination: LocalDirectory, deleted: @escaping @Sendable () throws -> Void,
    tidied: @escaping @Sendable () throws -> Void
  ) {
    (self.destination, self.deleted, self.tidied) = (destination, deleted, tidied)
  }

  var stagingDirectory: String? { destination.stagingDirectory }

  func delete(_ name: String) async throws {
    try await destination.delete(name)
    try deleted()
  }

  func deliver(_ file: StagedFile, as name: String) async throws {
    try await destination.deliver(file, as: name)
  }
  func put(_ bytes: [UInt8], as name: String) async throws { try await destination.put(bytes, as: name) }
  func list(prefix: String, stem: String) async throws -> [StoredObject] {
    try await destination.list(prefix: prefix, stem: stem)
  }
  func digest(_ name: String) async throws -> (bytes: Int, sha256: String)? {
    try await destination.digest(name)
  }
  func contents(_ name: String, limit: Int) async throws -> [UInt8]? {
    try await destination.contents(name, limit: limit)
  }
  func removeLeftovers(stem: String) async throws {
    try await destination.removeLeftovers(stem: stem)
    try tidied()
  }
  func probe() async throws { try await destination.probe() }
}
