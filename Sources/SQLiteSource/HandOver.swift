internal import Dispatch
internal import ExportCore
internal import Synchronization

/// Where the reading thread leaves ready batches for the task that asked for them. At most `capacity` lie here,
/// so a slow consumer stops the reader and not the machine.
final class HandOver: Sendable {
  private struct State {
    var ready: [EventBatch] = []
    var consumer: CheckedContinuation<EventBatch?, Never>?
    var isClosed = false
  }

  private let state = Mutex(State())
  /// Counts free places. Made with 0 and then raised: a semaphore that dies below its first value traps.
  private let room = DispatchSemaphore(value: 0)

  init(capacity: Int) {
    for _ in 0..<capacity { room.signal() }
  }

  /// Leaves `batch`, and an empty one in its place, if there is room at once. For the reading thread.
  func offer(_ batch: inout EventBatch) -> Bool {
    guard room.wait(timeout: .now()) == .success else { return false }
    leave(&batch)
    return true
  }

  /// As ``offer(_:)``, but waits for room. Returns without effect once nobody takes batches any more.
  func put(_ batch: inout EventBatch) {
    room.wait()
    leave(&batch)
  }

  private func leave(_ batch: inout EventBatch) {
    var leaving = EventBatch()
    swap(&leaving, &batch)
    let (consumer, placeIsFree) = state.withLock { state in
      defer { state.consumer = nil }
      let lies = !state.isClosed && state.consumer == nil
      if lies { state.ready.append(leaving) }
      return (state.consumer, !lies)
    }
    if placeIsFree { room.signal() }
    consumer?.resume(returning: leaving)
  }

  /// Nothing follows: the consumer takes what lies here and then gets nil.
  func finish() { end(discarding: false) }

  /// Nobody takes batches any more: a waiting reader goes on, and what lies here is dropped.
  func close() { end(discarding: true) }

  private func end(discarding: Bool) {
    let consumer = state.withLock { state in
      if discarding { state.ready.removeAll() }
      state.isClosed = true
      defer { state.consumer = nil }
      return state.consumer
    }
    consumer?.resume(returning: nil)
    if discarding { room.signal() }
  }

  /// The next batch, or nil when the last has been taken. For one task at a time.
  func next() async -> EventBatch? {
    await withCheckedContinuation { continuation in
      enum Found { case batch(EventBatch), end, nothingYet }
      let found = state.withLock { state -> Found in
        if !state.ready.isEmpty { return .batch(state.ready.removeFirst()) }
        if state.isClosed { return .end }
        state.consumer = continuation
        return .nothingYet
      }
      switch found {
      case .batch(let batch):
        room.signal()
        continuation.resume(returning: batch)
      case .end: continuation.resume(returning: nil)
      case .nothingYet: break
      }
    }
  }
}
