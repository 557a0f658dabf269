import ExportConfig
import ExportCore
import Foundation
import Testing
import TimeZones
import ZoneTesting

/// The examples that come with the project must be sound as they are.
@Suite struct ExampleTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Config").path

  @Test func theExamplesAreSound() throws {
    var capabilities = Capabilities.first
    capabilities.destinationTypes.insert(.s3)
    let reader = ConfigurationReader(zones: ZoneDatabase(), capabilities: capabilities)
    let loaded = reader.load("\(Self.folder)/exportd.json")
    #expect(loaded.diagnostics == [])
    let configuration = try #require(loaded.configuration)
    #expect(configuration.sources["main"]?.databaseIds == ["0", "1"])
    #expect(configuration.destinations["local"]?.type == "directory")
    #expect(
      loaded.definitions.map(\.name) == ["all-events-nightly", "charged-to-lake", "charged", "last-30-days"])

    // Today's dates do, whatever today is.
    let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
    for loaded in loaded.definitions {
      let zone = try ZoneDatabase().zone(named: loaded.definition.timeZone ?? configuration.timeZone)
      let judged = try TimingJudge(zone: zone, now: now).judge(loaded.definition.frequency)
      let revision = try configuration.revision(of: loaded.definition, timing: judged.timing)
      #expect(revision.timeZone == "Asia/Kolkata")
      #expect(revision.source == configuration.sources["main"])
    }
  }
}
