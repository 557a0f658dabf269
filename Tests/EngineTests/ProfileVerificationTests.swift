import Engine
import ExportCore
import Foundation
import Ledger
import Testing
import TimeZones

/// Delivered profiles with one thing wrong at a time.
@Suite struct ProfileVerificationTests {
  private func recurring() async throws -> RealExport {
    let export = try RealExport(data: .profiles)
    try export.put("a", "b", at: "2026-11-19T10:00:00Z")
    try export.put("c", at: "2026-11-19T10:00:00Z", properties: "no JSON")
    try export.put("d", at: "2026-11-19T10:00:00Z", shard: 1)
    try await export.run()
    try export.put("b", at: "2026-11-20T05:00:00Z")
    export.time.set("2026-11-20T06:00:00Z")
    try await export.run()
    return export
  }

  private func period() async throws -> RealExport {
    let window = EngineFixture.window("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z")
    let export = try RealExport(now: "2026-11-20T08:00:00Z", data: .profiles) { revision in
      revision.definition.frequency = .once(.yesterday)
      revision.timing = .once(window)
    }
    try export.put("a", "b", at: "2026-11-19T10:00:00Z")
    try export.put("c", at: "2026-11-19T10:00:00Z", properties: "no JSON")
    try await export.run()
    return export
  }

  private func only(_ runs: [VerifiedRun]) throws -> VerifiedRun.Finding {
    let findings = runs.flatMap(\.findings)
    try #require(findings.count == 1, "\(findings)")
    return findings[0]
  }

  @Test func whatHasBeenDeliveredIsSoundWhateverTheSourceHasBecome() async throws {
    let export = try await recurring()
    try export.put("a", "b", "new", at: "2026-11-20T05:30:00Z", properties: "{\"n\":2}")
    try export.change("DELETE FROM profiles", shard: 1)
    let runs = try await export.verify()
    #expect(runs.flatMap(\.findings) == [])
    #expect(runs.map(\.rows) == [3, 1])
    #expect(runs.map(\.files) == [3, 1], "the rejected file is one of them")
    #expect(runs.allSatisfy { !$0.isSourceCounted })
  }

  @Test func missingAndChangedFilesAreFound() async throws {
    let export = try await recurring()
    let files = try export.manifests()[0].files.filter { $0.content != .rejected }
    try FileManager.default.removeItem(atPath: export.delivered(files[1].name))
    var finding = try only(try await export.verify())
    #expect(finding.kind == .file && finding.object == files[1].name && finding.problem == "is not there")
    try Data(count: files[1].bytes).write(to: URL(fileURLWithPath: export.delivered(files[1].name)))
    finding = try only(try await export.verify())
    #expect(finding.kind == .file && finding.problem.contains("SHA-256"))
  }

  @Test(arguments: ["acme-", ""])
  func anObjectUnderANameOfTheRunIsFound(_ beginning: String) async throws {
    let export = try await recurring()
    let timestamp = try export.manifests()[0].header.runTimestamp
    let name = "\(beginning)\(export.id)-\(timestamp)-0-9-json.gz"
    try Data("x".utf8).write(to: URL(fileURLWithPath: export.delivered(name)))
    let finding = try only(try await export.verify())
    #expect(finding.kind == .stray && finding.object == name)
  }

  @Test func aPeriodNeverGrows() async throws {
    let export = try await period()
    var runs = try await export.verify()
    #expect(runs.flatMap(\.findings) == [] && runs.allSatisfy(\.isSourceCounted))
    // Who is updated later has left it.
    try export.put("a", at: "2026-11-21T10:00:00Z")
    runs = try await export.verify()
    #expect(runs.flatMap(\.findings) == [])
    try export.put("late", "later", at: "2026-11-19T11:00:00Z")
    let finding = try only(try await export.verify())
    #expect(finding.kind == .source && finding.object == "database 0")
    #expect(
      finding.problem == "the source holds 4 profiles of the period, and 3 were delivered or rejected")
    #expect(try await export.verify(source: false).allSatisfy { $0.isSound && !$0.isSourceCounted })
  }

  @Test func whatADeadProcessLeftOfAFileIsRemovedByTheNextAttempt() async throws {
    let export = try RealExport(data: .profiles)
    try export.put("a", at: "2026-11-19T10:00:00Z")
    try export.obstruct()
    try await export.run()
    try export.clear()
    let run = try #require(try export.ledger.openRuns().first?.runTimestamp)
    try FileManager.default.createDirectory(
      atPath: "\(export.directory)/out", withIntermediateDirectories: false)
    let leftovers = ["\(export.id)-\(run)-0-0", "acme-\(export.id)-\(run)-0-json.gz"].map {
      TemporaryFileName.of($0)
    }
    let others = [TemporaryFileName.of("acme-\(export.id)-\(run + 1)-0-json.gz")]
    for name in leftovers + others { try Data().write(to: URL(fileURLWithPath: export.delivered(name))) }
    try await export.run()
    let left = try FileManager.default.contentsOfDirectory(atPath: "\(export.directory)/out")
    #expect(left.filter { $0.hasPrefix(".") } == others)
    #expect(try await export.verify().allSatisfy(\.isSound))
  }
}
