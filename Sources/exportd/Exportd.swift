import ArgumentParser
import CMalloc

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

  static func main() async {
    // Left to itself, glibc takes ever larger buffers from a heap that it does not give back (mallopt(3), M_MMAP_THRESHOLD), and makes
    // eight heaps for each processor: tables that grow as files become more then leave behind as much as they take. Two heaps
    // are enough where nothing that is done for each row allocates.
    _ = mallopt(M_MMAP_THRESHOLD, 1 << 20)
    _ = mallopt(M_ARENA_MAX, 2)
    // A batch that has been used leaves room for the next one, which would be taken from the system anew, page by page.
    _ = mallopt(M_TRIM_THRESHOLD, 4 << 20)
    await main(nil)
  }
}
