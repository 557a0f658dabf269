import Engine
import ExportConfig
import ExportCore
import Foundation
import Ledger
import Testing
import TimeZones

/// What a reload would say, held against what it then does.
final class ForesightTests {
  private let directory =
    FileManager.default.temporaryDirectory.path + "/exportd-foresight-\(UUID().uuidString)"
  private let ledger: Ledger
  private let now = Instant(rfc3339: "2026-11-24T05:00:00Z")!
  private static let day: Int64 = 86400

  init() throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    ledger = try Ledger(stateDirectory: directory)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func registrar(destinations: [String] = ["local"]) -> Registrar {
    let revision = EngineFixture.revision()
    return Registrar(
      configuration: Configuration(
        account: "acme", timeZone: "UTC", identifiers: [.identity], stateDirectory: directory,
        maxConcurrentRuns: 2, stallTimeout: 600, keepHistoryDays: 400, onFailure: nil,
        sources: ["main": revision.source],
        destinations: Dictionary(destinations.map { ($0, revision.destination) }, uniquingKeysWith: { $1 })),
      ledger: ledger, zone: { (_) throws(ExportError) in .utc })
  }

  private func file(
    _ name: String, _ frequency: Frequency, data: DataSelection = .allEvents, destination: String = "local"
  ) -> WrittenDefinition {
    WrittenDefinition(
      name: name,
      definition: Definition(
        source: "main", destination: destination, data: data, frequency: frequency, format: .json),
      json: "{\"\(frequency)\":\"\(data)\(destination)\"}", file: "/etc/exportd/exports.d/\(name).json")
  }

  private func recurring(from: String, everyHours: Int = 6) -> Frequency {
    .recurring(Recurrence(everyHours: everyHours, from: LocalDate(iso: from)!, at: .midnight))
  }

  private func take(_ files: [WrittenDefinition], _ registrar: Registrar, at now: Instant) throws
    -> ReconciliationReport
  {
    try registrar.reconcile(files, broken: [:], .whole, now: now)
  }

  @Test func itChangesNothingAndSaysWhatTheReloadSays() throws {
    let files = [
      file("old", recurring(from: "2026-01-01")), file("fine", recurring(from: "2026-11-24")),
      file("month", .once(.days(from: LocalDate(iso: "2026-11-20")!, to: LocalDate(iso: "2026-11-30")!))),
    ]
    let foreseen = try registrar().foresee(files, now: now)
    #expect(try ledger.exports().isEmpty)
    #expect(
      foreseen.errors.map(\.file) == files.map(\.file).filter { !$0!.contains("fine") }.sorted { $0! > $1! })
    #expect(Set(foreseen.errors.map { "\($0.path)" }) == ["$.frequency.from", "$.frequency.once.to"])
    let taken = try take(files, registrar(), at: now)
    #expect(taken.errors == foreseen.errors)
    #expect(try ledger.exports().isEmpty, "whole or not at all")
  }

  @Test func anUnchangedDefinitionIsNeverJudgedAgainAndAChangedOneIs() throws {
    let files = [
      file("charged", recurring(from: "2026-11-20")),
      file("once", .once(.day(LocalDate(iso: "2026-11-20")!))),
    ]
    #expect(try take(files, registrar(), at: now).errors == [])
    let later = now + 200 * Self.day
    #expect(try registrar().foresee(files, now: later) == ReconciliationReport())
    let edited = file("charged", recurring(from: "2026-11-21"))
    let report = try registrar().foresee([edited], now: later)
    #expect(report.errors.map { "\($0.path)" } == ["$.frequency.from"])
    #expect(try take([edited], registrar(), at: later).errors == report.errors)
  }

  @Test func changesThatMayNotBeMadeAreWarningsThatNameTheFile() throws {
    let files = [
      file("charged", recurring(from: "2026-11-20")),
      file("once", .once(.day(LocalDate(iso: "2026-11-20")!))),
      file("stopped", recurring(from: "2026-11-20")),
    ]
    _ = try take(files, registrar(), at: now)
    let id = try #require(try ledger.export(named: "charged")).id
    try ledger.claim(
      [
        PlannedWindow(
          window: EngineFixture.window("2026-11-20T00:00:00Z", "2026-11-20T06:00:00Z"), dueAt: now)
      ], of: id, now: now)
    let stopped = try #require(try ledger.export(named: "stopped")).id
    try ledger.stop(stopped, by: .person, reason: "stopped by a person", now: now)
    let edited = [
      file("charged", recurring(from: "2026-11-21")),
      file("once", .once(.day(LocalDate(iso: "2026-11-21")!))),
      file("stopped", recurring(from: "2026-11-20", everyHours: 8)),
    ]
    let report = try registrar().foresee(edited, now: now)
    #expect(report.errors == [])
    #expect(Set(report.warnings.map(\.file)) == Set(edited.map(\.file)))
    #expect(report.warnings.contains { $0.message.contains("`from` is final") })
    #expect(report.warnings.contains { $0.message.contains("one-time") })
    #expect(report.warnings.contains { $0.message.contains("STOPPED") })
    let other = file("charged", recurring(from: "2026-11-20"), data: .profiles)
    #expect(
      try registrar().foresee([other], now: now).warnings.map(\.message).first?.contains("data type") == true)
  }

  @Test func aNameThatIsTakenAndADestinationThatIsUsedAreErrors() throws {
    _ = try registrar().create(
      WrittenDefinition(
        name: "mine", definition: file("mine", recurring(from: "2026-11-24")).definition, json: "{}",
        file: nil),
      now: now)
    let report = try registrar(destinations: ["other"]).foresee(
      [file("mine", recurring(from: "2026-11-24"), destination: "other")], now: now)
    #expect(report.errors.count == 2)
    #expect(
      report.errors.contains { $0.file == nil && $0.message.contains("destination local is still used") })
    #expect(report.errors.contains { $0.file?.hasSuffix("mine.json") == true })
  }
}
