import Foundation

/// A value that expires, such as a token: fetched when it is first asked for, and again before it expires. However many ask
/// meanwhile, one fetch serves them all.
actor Renewed<Value: Sendable> {
  /// What a fetch gives.
  struct Lease: Sendable {
    var value: Value
    /// Nil for what lasts.
    var expiration: Date?
  }

  /// How long before its expiration a value is fetched anew; of one that lives shorter than twice that, half its life.
  static var margin: TimeInterval { 300 }
  /// What is left of a value's life when it is not given out any more: a request takes time to arrive.
  static var reserve: TimeInterval { 15 }
  /// How long after a failure it is not fetched again early.
  static var pause: TimeInterval { 20 }

  private let now: @Sendable () -> Date
  private let fetch: @Sendable () async throws -> Lease

  private var lease: Lease?
  /// When the value is old enough to be fetched anew.
  private var renewal = Date.distantFuture
  private var fetching: (number: Int, task: Task<Void, Never>)?
  private var waiting: [Int: CheckedContinuation<Value, any Error>] = [:]
  private var count = 0

  /// - Parameters:
  ///   - now: the time of day.
  ///   - fetch: cancelled when everybody who waits for it has been cancelled. It ends in bounded time.
  init(now: @escaping @Sendable () -> Date = { .now }, fetch: @escaping @Sendable () async throws -> Lease) {
    self.now = now
    self.fetch = fetch
  }

  deinit { fetching?.task.cancel() }

  /// The value, good for some seconds at least. While an old one is good, nobody waits for the new one, and that it cannot be
  /// had yet is no error.
  /// - Throws: what the fetch throws, or `CancellationError`.
  func value() async throws -> Value {
    try Task.checkCancellation()
    let now = now()
    if let lease, lease.expiration.map({ $0 > now + Self.reserve }) ?? true {
      if now >= renewal { begin() }
      return lease.value
    }
    count += 1
    let number = count
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
        waiting[number] = continuation
        begin()
      }
    } onCancel: {
      Task { await self.leave(number) }
    }
  }

  private func begin() {
    guard fetching == nil else { return }
    count += 1
    let task = Task { [fetch, number = count, weak self] in
      let result: Result<Lease, any Error>
      do { result = .success(try await fetch()) } catch { result = .failure(error) }
      await self?.end(number, result)
    }
    fetching = (count, task)
  }

  private func end(_ number: Int, _ fetched: Result<Lease, any Error>) {
    guard fetching?.number == number else { return }
    fetching = nil
    var result = fetched
    switch fetched {
    case .success(let lease):
      self.lease = lease
      renewal = .distantFuture
      if let expiration = lease.expiration {
        let life = max(expiration.timeIntervalSince(now()), 0)
        renewal = expiration - min(Self.margin, life / 2)
      }
    case .failure:
      // Who still has a good value asks again after a while.
      renewal = now() + Self.pause
      if let lease, let expiration = lease.expiration, expiration > now() { result = .success(lease) }
    }
    let waiting = waiting.values
    self.waiting = [:]
    for continuation in waiting { continuation.resume(with: result.map(\.value)) }
  }

  private func leave(_ number: Int) {
    guard let continuation = waiting.removeValue(forKey: number) else { return }
    continuation.resume(throwing: CancellationError())
    guard waiting.isEmpty else { return }
    fetching?.task.cancel()
    fetching = nil
  }
}
