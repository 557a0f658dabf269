import ArgumentParser
import Engine
import ExportConfig
import Foundation

/// The half of `exportd check --as-service` that runs in the sandbox of the service. Not for people: it takes needs as JSON on
/// standard input and answers with what stands in their way, or with --probe answers with what sources say.
struct ReachCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reach", abstract: "Tell what this process reaches.", shouldDisplay: false)

  @OptionGroup var config: ConfigurationOption
  @Flag var probe = false
  @Flag var destinations = false

  func run() async throws {
    try await reporting {
      let answer = probe ? try await JSONEncoder().encode(report) : try JSONEncoder().encode(obstacles)
      try FileHandle.standardOutput.write(contentsOf: answer)
    }
  }

  private var obstacles: [ServiceNeed.Obstacle] {
    get throws {
      try JSONDecoder().decode([ServiceNeed].self, from: FileHandle.standardInput.readToEnd() ?? Data())
        .compactMap { $0.obstacle() }
    }
  }

  private var report: Probe.Report {
    get async throws {
      Identity.restrictNewFiles()
      let loaded = Assembly.reader.load(config.path)
      return try await loaded.probe(StatePlace(of: loaded.head)?.ledger, withDestinations: destinations)
    }
  }
}
