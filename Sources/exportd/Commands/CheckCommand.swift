import ArgumentParser
import ExportConfig
import ExportCore
import Foundation

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Validate the configuration and all definitions, and look at the sources they use.",
    discussion: """
      Names every mistake of every file at once, with its line and column, and what a reload would not take: a change \
      that may not be made, a name that is taken, a source or destination that is still used. Dates are judged for \
      definitions that are new or changed. Nothing is taken, and nothing is written but with --destinations.

      With --destinations every destination in use is tried out: a small object is written, read back and deleted. \
      The daemon does that when it is up, since it has the credentials; otherwise this command does.

      With --as-service, typed by root where systemd runs, every path of the configuration is also looked at by the \
      user of exportd.service inside the unit's sandbox. What is missing is printed as a drop-in, tried out before, and \
      as commands where no drop-in helps. The service need not run, and is not touched.

      Exit codes: 0 when all is sound, 78 when something is to be mended.

        exportd check --config ./exportd.json
        exportd check --destinations && exportd reload
        sudo exportd check --as-service
      """)

  @OptionGroup var config: ConfigurationOption
  @Flag(help: "Also write to, read from and delete at each destination.") var destinations = false
  @Flag(help: "Also look at every path as the service does, in its sandbox.") var asService = false
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await reporting {
      Identity.restrictNewFiles()
      let loaded = Assembly.reader.load(config.path)
      var outcome = CheckOutcome(loaded)
      // As root, which the next step ceases to be.
      if asService { try outcome.lookAsService(withDestinations: destinations) }
      let place = outcome.lookAtState()
      await outcome.tryOut(place, withDestinations: destinations)
      if json {
        print(outcome.json.printed, terminator: "")
      } else {
        outcome.print()
      }
      if !outcome.isSound { throw Failure(.configuration, "") }
    }
  }
}
