import ExportConfig
import ExportCore
import Testing
import TimeZones
import ZoneTesting

@Suite struct ResolutionTests {
  private func configuration() throws -> Configuration {
    let folder = try ConfigurationFolder(
      exportd: ConfigurationFolder.sound.replacing(
        #""bucket": "acme-lake""#,
        with:
          #""bucket": "b", "accessKeyId": "AKIA", "secretAccessKey": "TOKEN", "sessionToken": {"env": "S"}"#))
    return try #require(folder.load().configuration)
  }

  private var definition: Definition {
    Definition(
      source: "clicks", destination: "lake", data: .allEvents,
      frequency: .recurring(Recurrence(everyHours: 6, at: .midnight)), format: .json)
  }

  @Test func everythingReferredToIsPutIn() throws {
    let configuration = try configuration()
    var definition = definition
    let revision = try configuration.revision(of: definition, timing: .recurring(from: "2026-11-24"))
    #expect(revision.account == "acme")
    #expect(revision.definition == definition)
    #expect(revision.source == configuration.sources["clicks"])
    #expect(revision.timeZone == "UTC")
    #expect(revision.identifiers == [.identity, .email])
    #expect(revision.timing == .recurring(from: "2026-11-24"))

    definition.timeZone = "Asia/Kolkata"
    definition.identifiers = [.email]
    let other = try configuration.revision(of: definition, timing: .onceNow(Instant(seconds: 0)))
    #expect(other.timeZone == "Asia/Kolkata")
    #expect(other.identifiers == [.email])
  }

  @Test func noSecretIsInIt() throws {
    let revision = try configuration().revision(of: definition, timing: .onceNow(Instant(seconds: 0)))
    guard case .s3(let s3) = revision.destination else {
      Issue.record("not the destination that was asked for")
      return
    }
    #expect(s3.bucket == "b")
    #expect(s3.accessKeyId == .literal(""))
    #expect(s3.secretAccessKey == .literal(""))
    #expect(s3.sessionToken == .environment("S"))
    #expect(!"\(revision)".contains("TOKEN"))
  }

  @Test func whatIsGoneIsNamed() throws {
    let configuration = try configuration()
    var definition = definition
    definition.source = "gone"
    #expect {
      try configuration.revision(of: definition, timing: .onceNow(Instant(seconds: 0)))
    } throws: {
      "\($0)"
        == #"source "gone": is not in the configuration, which has "clicks", "main"; put it back, or edit the export"#
    }
  }
}
