import Synchronization

/// Lets so many in at the same time, in the order in which they come.
final class Gate: Sendable {
  private struct State {
    var free: Int
    var count = 0
    /// By their number, the first to come first.
    var waiting: [(number: Int, wake: CheckedContinuation<Bool, Never>)] = []
    /// Cancelled before they began to wait.
    var gone: Set<Int> = []
  }

  private let state: Mutex<State>

  init(_ places: Int) { state = Mutex(State(free: places)) }

  /// - Throws: what `body` throws, or `CancellationError` of one that was cancelled while it waited.
  func within<Result>(_ body: () async throws -> Result) async throws -> Result {
    try await enter()
    defer { leave() }
    return try await body()
  }

  private func enter() async throws {
    let number = state.withLock { state -> Int? in
      if state.free > 0 {
        state.free -= 1
        return nil
      }
      state.count += 1
      return state.count
    }
    guard let number else { return }
    let isIn = await withTaskCancellationHandler {
      await withCheckedContinuation { wake in
        let isGone = state.withLock { state -> Bool? in
          if state.gone.remove(number) != nil { return true }
          if state.free > 0 {
            state.free -= 1
            return false
          }
          state.waiting.append((number, wake))
          return nil
        }
        if let isGone { wake.resume(returning: !isGone) }
      }
    } onCancel: {
      let wake = state.withLock { state -> CheckedContinuation<Bool, Never>? in
        guard let index = state.waiting.firstIndex(where: { $0.number == number }) else {
          state.gone.insert(number)
          return nil
        }
        return state.waiting.remove(at: index).wake
      }
      wake?.resume(returning: false)
    }
    // One that was let in before it was cancelled leaves no mark behind.
    _ = state.withLock { $0.gone.remove(number) }
    guard isIn else { throw CancellationError() }
  }

  private func leave() {
    let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      if state.waiting.isEmpty {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst().wake
    }
    next?.resume(returning: true)
  }
}
