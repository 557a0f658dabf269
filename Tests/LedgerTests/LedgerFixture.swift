import ExportCore
import Foundation
import GRDB
import Ledger
import TimeZones

/// A state directory of its own for one test, with a ledger in it.
final class LedgerFixture {
  let directory: String
  let ledger: Ledger

  init() throws {
    directory = FileManager.default.temporaryDirectory.path + "/exportd-ledger-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    ledger = try Ledger(stateDirectory: directory)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  /// A second connection to the same file, as another process would have it.
  func stranger() throws -> DatabaseQueue { try DatabaseQueue(path: directory + "/exportd.db") }

  func export(_ name: String = "orders", at now: Int64 = 1_000_000) throws -> RequestId {
    try ledger.create(
      name: name, origin: .command, definition: #"{"format":"json"}"#, resolved: Self.revision(),
      now: Instant(seconds: now))
  }

  /// An export with one claimed window per hour from hour 0 on.
  func export(windows count: Int) throws -> (id: RequestId, runs: [RunId]) {
    let id = try export()
    try ledger.claim((0..<count).map { hour($0) }, of: id, now: Instant(seconds: 2_000_000))
    return (id, try ledger.openRuns().map(\.id))
  }

  func hour(_ index: Int) -> PlannedWindow {
    let from = Instant(seconds: Int64(index) * 3600)
    return PlannedWindow(window: Window(from: from, to: from + 3600)!, dueAt: from + 3600)
  }

  static func revision(databases: [String] = ["0"], from: String = "events") -> Revision {
    Revision(
      account: "acme",
      definition: Definition(
        source: "main", destination: "local", data: .allEvents,
        frequency: .recurring(Recurrence(everyHours: 4, at: LocalTime(hour: 0, minute: 0)!)), format: .json),
      source: .sqlite(
        SQLiteSourceConfiguration(
          databases: databases.map { .init(id: $0, path: "/srv/\($0).db") },
          events: EventMapping(from: from), profiles: nil)),
      destination: .directory(DirectoryConfiguration(path: "/tmp/out")), timeZone: "UTC",
      identifiers: [.identity], timing: .recurring(from: LocalDate(daysSinceEpoch: 0)))
  }

  static func file(
    _ name: String, _ first: Int64 = 1, _ last: Int64 = 9, of eventName: String = "Charged"
  ) -> FileRecord {
    FileRecord(
      name: name, kind: .data, databaseId: "0", eventName: eventName, date: "1970-01-01", fileIndex: 0,
      rows: 9,
      bytes: 90, sha256: "00", firstKey: ReadKey(pass: 0, order: 5, sequence: first),
      lastKey: ReadKey(pass: 0, order: 5, sequence: last), revision: 1)
  }

  static let cut = DatabaseCut(databaseId: "0", bound: 42, fingerprint: "f", order: .sequence)
}

enum ProcessIdentity {
  static var pid: Int32 { ProcessInfo.processInfo.processIdentifier }
}
