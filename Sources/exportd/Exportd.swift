import ArgumentParser

/// The one binary: the daemon that systemd runs, and the commands that people type.
@main
struct Exportd: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "exportd",
    abstract: "Delivers product events to your own lake: on time, complete, every day.",
    version: version,
    subcommands: [
      DaemonCommand.self, ReloadCommand.self, CreateCommand.self, StopCommand.self, StartCommand.self,
      DeleteCommand.self, EditCommand.self, RunCommand.self, StatusCommand.self, NextCommand.self,
      PlanCommand.self, VerifyCommand.self, CheckCommand.self, DemoCommand.self,
      ReachCommand.self,
    ])
}
