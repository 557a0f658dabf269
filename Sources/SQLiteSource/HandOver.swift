internal import Dispatch
internal import ExportCore
internal import Synchronization

/// What is handed over: a batch of records of one kind.
protocol RecordBatch: Sendable {
  /// Empty.
  init()
}

extension EventBatch: RecordBatch {}
extension ProfileBatch: RecordBatch {}

/// Where the reading thread leaves ready batches for the task that asked for them. At most `capacity` lie here,
/// so a slow consumer stops the reader and not the machine.
final class HandOver<Batch: RecordBatch>: Sendable {
  private struct State {
    var ready: [Batch] = []
    var consumer: CheckedContinuation<Batch?, Never>?
    var isClosed = false
  }

  private enum Found { case batch(Batch), end, nothingYet }

  private let state = Mutex(State())
  /// Counts free places. Made with 0 and then raised: a semaphore that dies below its first value traps.
  private let room = DispatchSemaphore(value: 0)

  init(capacity: Int) {
    for _ in 0..<capacity { room.signal() }
  }

  /// Leaves `batch`, and an empty one in its place, if there is room at once. For the reading thread.
  func offer(_ batch: inout Batch) -> Bool {
    guard room.wait(timeout: .now()) == .success else { return false }
    leave(&batch)
    return true
  }

  /// As ``offer(_:)``, but waits for room. Returns without effect once nobody takes batches any more.
  func put(_ batch: inout Batch) {
    room.wait()
    leave(&batch)
  }

  private func leave(_ batch: inout Batch) {
    var leaving = Batch()
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
  func next() async -> Batch? {
    await withCheckedContinuation { continuation in
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

extension HandOver {
  /// Runs `work` on a thread of its own and gives `yield` the batches that it hands over, until both have ended.
  /// What `yield` throws ends the reading, and so does cancelling the task.
  /// - Parameter capacity: how many batches may wait for `yield`.
  static func run(
    capacity: Int, _ work: @escaping @Sendable (HandOver, Stop) throws -> Void,
    yield: (consuming Batch) async throws -> Void
  ) async throws {
    let handOver = HandOver(capacity: capacity)
    let stop = Stop()
    try await withTaskCancellationHandler {
      async let reading: Void = OwnThread.run {
        defer { handOver.finish() }
        try work(handOver, stop)
      }
      do {
        while let batch = await handOver.next() { try await yield(batch) }
      } catch {
        stop.request()
        handOver.close()
        // The thread ends before its consumer does; what it says is of no more interest.
        _ = try? await reading
        throw error
      }
      try Task.checkCancellation()
      try await reading
    } onCancel: {
      stop.request()
      handOver.close()
    }
  }
}
