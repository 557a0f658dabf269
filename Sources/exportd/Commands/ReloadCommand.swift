import ArgumentParser
import Engine
import ExportCore
import Ledger
import TimeZones

struct ReloadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reload", abstract: "Have the daemon take the configuration anew, and wait for the outcome.",
    discussion: "With any error nothing is taken, the old configuration goes on, and this command fails.")

  @OptionGroup var config: ConfigurationOption

  /// A reload reads a few files and asks nothing of the network: what takes longer hangs.
  private static let patience = 30

  func run() async throws {
    try await reporting {
      let place = try StatePlace(config)
      guard place.daemonPid != nil else {
        throw Failure(
          .failed,
          "the daemon is not running; it reads the configuration when it starts: `systemctl start exportd`")
      }
      let wish = try place.ledger.wish(.reload, now: place.time.now())
      for _ in 0..<(Self.patience * 10) {
        if let answer = try place.ledger.answer(to: wish) {
          guard answer.succeeded else {
            throw Failure(.configuration, "not taken, the old configuration goes on:\n\(answer.text)")
          }
          print("Reloaded: \(answer.text)")
          return
        }
        try await place.time.sleep(milliseconds: 100)
      }
      throw Failure(
        .failed, "the daemon did not answer within \(Self.patience) s; look at `journalctl -u exportd`")
    }
  }
}
