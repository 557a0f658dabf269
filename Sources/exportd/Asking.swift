import Engine
import Foundation
import Ledger

/// How a command has the daemon do what needs its credentials.
extension StatePlace {
  /// A daemon that is alive takes a wish within a second or two.
  private static let patience = 10

  /// Asks the daemon and waits for the answer, however long it takes.
  /// - Returns: nil when no daemon is there, or none takes the wish: the command then does it itself.
  /// - Throws: ``Failure`` when the daemon ends before it has answered, or says why it could not.
  func ask<Value: Decodable>(_ wish: Wish, for type: Value.Type) async throws -> Value? {
    guard daemonPid != nil else { return nil }
    let id = try ledger.wish(wish, now: time.now())
    let asked = time.uptime()
    var mayBeOverlooked = true
    while true {
      if let answer = try ledger.answer(to: id) {
        guard answer.succeeded else { throw Failure(answer.isRefused ? .refused : .failed, answer.text) }
        return try JSONDecoder().decode(type, from: Data(answer.text.utf8))
      }
      // The directory may be held by a command in the foreground, which takes no wishes.
      if mayBeOverlooked, daemonPid == nil || time.uptime() - asked > Int64(Self.patience) * 1000 {
        if try ledger.withdraw(id) { return nil }
        mayBeOverlooked = false
      }
      guard daemonPid != nil else {
        throw Failure(.failed, "the daemon ended before it had answered; ask again")
      }
      try await time.sleep(milliseconds: 100)
    }
  }
}
