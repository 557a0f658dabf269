import Engine
import ExportCore
import Ledger
import Synchronization
import Webhooks

/// Tells people of a failure or a recovery, in every way that `onFailure` names. One that was told is not told again
/// because another could not be, as long as this process lives.
final class NoticeDelivery: Sendable {
  private enum Way: CaseIterable {
    case command, webhook
  }

  /// By the id of a notice that is not told in all ways yet.
  private let told = Mutex<[Int64: Set<Way>]>([:])

  /// Returns when everybody was told, or nobody is to be.
  func deliver(_ message: NoticeMessage, as configured: FailureNotice?) async throws {
    guard let configured else { return }
    let id = message.notice.id
    var problems: [any Error] = []
    for way in Way.allCases where told.withLock({ $0[id]?.contains(way) }) != true {
      do {
        try await deliver(message, by: way, as: configured)
        told.withLock { _ = $0[id, default: []].insert(way) }
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        problems.append(error)
      }
    }
    guard problems.isEmpty else { throw Untold(problems: problems) }
    told.withLock { $0[id] = nil }
  }

  private func deliver(_ message: NoticeMessage, by way: Way, as configured: FailureNotice) async throws {
    switch way {
    case .command:
      if let command = configured.command { try await NoticeCommand(command: command).run(message) }
    case .webhook:
      guard let address = configured.webhook else { return }
      let name = "onFailure.webhook"
      try await Webhook(address.value(of: name), configured: name)
        .post(message.json, userAgent: "exportd/\(Exportd.version)")
    }
  }

  private struct Untold: Error, CustomStringConvertible {
    let problems: [any Error]
    var description: String { problems.map { "\($0)" }.joined(separator: "; ") }
  }
}
