import ExportCore
import ExportTesting
import Testing
import ZoneTesting

/// Every format, with every compression that it can have. A new format is one more here.
extension FormatUnderTest {
  static let all = [json, csv, xml, parquet]
}

@Suite struct FormatConformanceTests {
  @Test(arguments: FormatUnderTest.all.flatMap(\.forEvents)) func hardEvents(format: FormatConformance) throws
  {
    try format.runHard()
  }

  @Test(arguments: FormatUnderTest.all.flatMap(\.forProfiles)) func hardProfiles(format: FormatConformance)
    throws
  {
    try format.runHardProfiles()
  }

  @Test(arguments: FormatUnderTest.all.flatMap(\.forEvents)) func randomEvents(format: FormatConformance)
    throws
  {
    try format.run(seed: 20_261_124, rounds: Effort.isLong ? 400 : 20)
  }

  @Test(arguments: FormatUnderTest.all.flatMap(\.forProfiles)) func randomProfiles(format: FormatConformance)
    throws
  {
    try format.runProfiles(seed: 20_261_125, rounds: Effort.isLong ? 400 : 20)
  }
}
