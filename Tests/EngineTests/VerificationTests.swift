import Engine
import ExportCore
import Foundation
import Ledger
import Testing
import TimeZones

/// Delivered runs with one thing wrong at a time.
@Suite struct VerificationTests {
  private func delivered() async throws -> RealExport {
    let export = try RealExport()
    try export.add("Charged", at: "2026-11-20T01:00:00Z", count: 3)
    try export.add("Charged", at: "2026-11-20T01:00:00Z", properties: "no JSON", count: 2)
    try export.add("Search", at: "2026-11-20T03:00:00Z", shard: 1, count: 4)
    export.time.set("2026-11-20T06:00:00Z")
    try await export.run()
    // Late rows, and a window of its own.
    try export.add("Charged", at: "2026-11-20T02:00:00Z", shard: 1, count: 2)
    try export.add("Charged", at: "2026-11-20T09:00:00Z", shard: 1)
    export.time.set("2026-11-20T12:00:00Z")
    try await export.run()
    // What came since belongs to the next run.
    try export.add("Charged", at: "2026-11-20T03:00:00Z", count: 7)
    return export
  }

  private func only(_ runs: [VerifiedRun]) throws -> VerifiedRun.Finding {
    let findings = runs.flatMap(\.findings)
    try #require(findings.count == 1, "\(findings)")
    return findings[0]
  }

  private func file(_ event: String, of export: RealExport) throws -> Manifest.File {
    let files = try export.manifests()[0].files
    return try #require(
      files.first {
        if case .events(event, _, _) = $0.content { true } else { false }
      })
  }

  @Test func runsWithLateAndRejectedRowsAreSound() async throws {
    let export = try await delivered()
    let runs = try await export.verify()
    #expect(runs.flatMap(\.findings) == [])
    #expect(runs.map(\.rows) == [7, 3])
    #expect(runs.map(\.files) == [3, 1], "the rejected file is one of them")
    #expect(try await export.verify(run: runs[1].id).map(\.id) == [runs[1].id])
  }

  @Test func aMissingFileIsFound() async throws {
    let export = try await delivered()
    let file = try file("Search", of: export)
    try FileManager.default.removeItem(atPath: export.delivered(file.name))
    let finding = try only(try await export.verify())
    #expect(finding.kind == .file && finding.object == file.name && finding.problem == "is not there")
  }

  @Test func oneChangedByteIsFound() async throws {
    let export = try await delivered()
    let file = try file("Search", of: export)
    let path = export.delivered(file.name)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    let finding = try only(try await export.verify())
    #expect(finding.kind == .file && finding.object == file.name)
    #expect(finding.problem.contains("SHA-256"))
  }

  @Test func aCutFileIsFound() async throws {
    let export = try await delivered()
    let file = try file("Charged", of: export)
    try Data().write(to: URL(fileURLWithPath: export.delivered(file.name)))
    #expect(try only(try await export.verify()).problem == "has 0 bytes, not \(file.bytes)")
  }

  @Test(arguments: ["gone", "changed", "longer"])
  func aManifestThatIsNotTheOneInTheLedgerIsFound(_ harm: String) async throws {
    let export = try await delivered()
    let name = try #require(try export.ledger.runs(of: export.id, state: .done).last?.manifestName)
    let url = URL(fileURLWithPath: export.delivered(name))
    var bytes = try Data(contentsOf: url)
    switch harm {
    case "gone": try FileManager.default.removeItem(at: url)
    case "changed":
      bytes[bytes.count - 3] ^= 1
      try bytes.write(to: url)
    default: try (bytes + Data("\n".utf8)).write(to: url)
    }
    let finding = try only(try await export.verify())
    #expect(finding.kind == .manifest && finding.object == name)
  }

  @Test func anObjectUnderTheNameOfTheRunIsFound() async throws {
    let export = try await delivered()
    let timestamp = try export.manifests()[0].header.runTimestamp
    let name = "\(export.id)-\(timestamp)-Search-20261120-1-1.json"
    try Data("x".utf8).write(to: URL(fileURLWithPath: export.delivered(name)))
    let finding = try only(try await export.verify())
    #expect(finding.kind == .stray && finding.object == name)
  }

  @Test func rowsThatAreGoneFromTheSourceAreFoundUnlessItIsLeftOut() async throws {
    let export = try await delivered()
    try export.change("DELETE FROM events WHERE id = 2", shard: 1)
    let finding = try only(try await export.verify())
    #expect(finding.kind == .source && finding.object == "database 1, Search, 2026-11-20")
    #expect(finding.problem.contains("4 rows were delivered and the source holds 3"))
    #expect(try await export.verify(source: false).allSatisfy(\.isSound))
  }

  @Test func rowsThatWereNotDeliveredAreFound() async throws {
    let export = try await delivered()
    // Moved into the window after its run.
    try export.change("UPDATE events SET name = 'Search' WHERE id = 5", shard: 1)
    let findings = try await export.verify().flatMap(\.findings)
    #expect(findings.map(\.kind) == [.source, .source])
    #expect(
      Set(findings.map(\.object)) == ["database 1, Charged, 2026-11-20", "database 1, Search, 2026-11-20"])
  }

  @Test func rejectedRowsAreTakenForRowsThatNoFileHasButForNoMore() async throws {
    let export = try await delivered()
    try export.change("INSERT INTO events (id, name, ts) VALUES (-1, 'Charged', 1795136400000)")
    let findings = try await export.verify().flatMap(\.findings)
    #expect(findings.allSatisfy { $0.kind == .source })
    #expect(
      findings.contains { $0.problem == "2 rows were rejected, and 3 are in the source and in no file" })
  }

  @Test func aSourceOrDestinationThatIsNotThereIsAFinding() async throws {
    let export = try await delivered()
    try FileManager.default.removeItem(atPath: "\(export.directory)/0.db")
    let findings = try await export.verify().flatMap(\.findings)
    #expect(findings.count == 2)
    #expect(findings.allSatisfy { $0.kind == .source && $0.object == "database 0" })
    #expect(findings[0].problem.hasPrefix("could not be counted"))
  }

  @Test func aRunThatHasLostEverythingIsToldWithItsFirstFindings() async throws {
    let export = try RealExport()
    for number in 0..<130 { try export.add("Event \(number)", at: "2026-11-20T01:00:00Z") }
    export.time.set("2026-11-20T06:00:00Z")
    try await export.run()
    try FileManager.default.removeItem(atPath: "\(export.directory)/out")
    let run = try #require(try await export.verify().first)
    #expect(run.findings.count == VerifiedRun.findingLimit)
    #expect(run.further == 31, "130 files and the manifest")
  }
}
