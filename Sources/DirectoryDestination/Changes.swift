import Dispatch
import ExportCore
import Glibc
import Synchronization

/// One change of the tree.
enum Change: Sendable {
  case deliver(StagedFile, as: ObjectName)
  case put([UInt8], as: ObjectName)
  case delete(ObjectName)
}

/// Makes changes one after another on a thread of its own, so that waiting for the disk holds nobody else up.
/// Changes that come while others are under way are made together: a directory is then made durable once for
/// all of them.
final class Changes: Sendable {
  private struct Waiting: Sendable {
    let change: Change
    let continuation: CheckedContinuation<Void, any Error>
  }
  private struct State {
    var waiting: [Waiting] = []
    var isWorking = false
  }

  private let tree: DirectoryTree
  private let queue = DispatchQueue(label: "exportd.directory.changes")
  private let state = Mutex(State())

  /// Bounds the descriptors that are open at a time.
  private static let groupLimit = 32

  init(_ tree: DirectoryTree) { self.tree = tree }

  /// Returns when the change is durable.
  /// - Throws: ``ExportError``; then nothing has changed.
  func make(_ change: Change) async throws {
    try await withCheckedThrowingContinuation { continuation in
      let begins = state.withLock { state in
        state.waiting.append(Waiting(change: change, continuation: continuation))
        defer { state.isWorking = true }
        return !state.isWorking
      }
      if begins { queue.async { self.work() } }
    }
  }

  private func work() {
    while true {
      let group = state.withLock { state in
        let group = Array(state.waiting.prefix(Changes.groupLimit))
        state.waiting.removeFirst(group.count)
        state.isWorking = !group.isEmpty
        return group
      }
      if group.isEmpty { return }
      var changes = ChangeGroup(tree, group.map(\.change))
      for (waiting, outcome) in zip(group, changes.make()) { waiting.continuation.resume(with: outcome) }
    }
  }
}
