import Foundation
import Synchronization
import Testing

@testable import CloudDestinations

@Suite struct RenewedTests {
  /// Gives out numbers that live for some seconds by a clock of its own.
  final class Issuer: Sendable {
    struct Refusal: Error, Equatable {}
    struct State {
      var now = Date(timeIntervalSince1970: 1_000_000)
      var issued = 0
      var life: TimeInterval? = 3600
      var isOut = false
      var isSlow = false
      var cancelled = 0
    }
    let state = Mutex(State())

    var renewed: Renewed<Int> {
      Renewed(now: { self.state.withLock { $0.now } }) { try await self.issue() }
    }

    private func issue() async throws -> Renewed<Int>.Lease {
      let isSlow = state.withLock { state in
        state.issued += 1
        return state.isSlow
      }
      do {
        try await Task.sleep(for: isSlow ? .seconds(600) : .milliseconds(20))
      } catch {
        state.withLock { $0.cancelled += 1 }
        throw error
      }
      return try state.withLock { state in
        if state.isOut { throw Refusal() }
        return .init(value: state.issued, expiration: state.life.map { state.now + $0 })
      }
    }

    func pass(_ seconds: TimeInterval) { state.withLock { $0.now += seconds } }
    var issued: Int { state.withLock { $0.issued } }

    /// Waits for what happens beside the caller.
    func until(_ condition: (State) -> Bool) async throws {
      for _ in 0..<500 where !condition(state.withLock { $0 }) {
        try await Task.sleep(for: .milliseconds(10))
      }
      try #require(condition(state.withLock { $0 }))
    }
  }

  @Test func manyShareOneFetch() async throws {
    let issuer = Issuer()
    let renewed = issuer.renewed
    let values = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<100 { group.addTask { try await renewed.value() } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(values == Array(repeating: 1, count: 100))
    #expect(issuer.issued == 1)
  }

  @Test func isKeptUntilShortlyBeforeItExpires() async throws {
    let issuer = Issuer()
    let renewed = issuer.renewed
    #expect(try await renewed.value() == 1)
    issuer.pass(3299)
    #expect(try await renewed.value() == 1)
    #expect(issuer.issued == 1)
    // Nobody waits for the new one while the old one is good.
    issuer.pass(2)
    #expect(try await renewed.value() == 1)
    try await issuer.until { $0.issued == 2 }
    for _ in 0..<500 where try await renewed.value() == 1 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(try await renewed.value() == 2)
    #expect(issuer.issued == 2)
  }

  @Test func whatLivesShortlyIsRenewedAtHalfItsLife() async throws {
    let issuer = Issuer()
    issuer.state.withLock { $0.life = 100 }
    let renewed = issuer.renewed
    #expect(try await renewed.value() == 1)
    issuer.pass(49)
    _ = try await renewed.value()
    #expect(issuer.issued == 1)
    issuer.pass(2)
    _ = try await renewed.value()
    try await issuer.until { $0.issued == 2 }
  }

  @Test func whatLastsIsFetchedOnce() async throws {
    let issuer = Issuer()
    issuer.state.withLock { $0.life = nil }
    let renewed = issuer.renewed
    _ = try await renewed.value()
    issuer.pass(1e9)
    #expect(try await renewed.value() == 1)
    #expect(issuer.issued == 1)
  }

  @Test func aFailedEarlyRenewalIsNoErrorUntilItExpires() async throws {
    let issuer = Issuer()
    let renewed = issuer.renewed
    _ = try await renewed.value()
    issuer.state.withLock { $0.isOut = true }
    issuer.pass(3400)
    #expect(try await renewed.value() == 1)
    try await issuer.until { $0.issued == 2 }
    // Not at each request again.
    try await Task.sleep(for: .milliseconds(100))
    for _ in 0..<10 { #expect(try await renewed.value() == 1) }
    #expect(issuer.issued == 2)
    issuer.pass(Renewed<Int>.pause + 1)
    #expect(try await renewed.value() == 1)
    try await issuer.until { $0.issued == 3 }
    try await Task.sleep(for: .milliseconds(100))
    // So short before its end that a new one is waited for; without one the old is better than nothing.
    issuer.pass(170)
    #expect(try await renewed.value() == 1)
    issuer.pass(20)
    await #expect(throws: Issuer.Refusal()) { try await renewed.value() }
    issuer.state.withLock { $0.isOut = false }
    #expect(try await renewed.value() > 1)
  }

  @Test func whoIsCancelledDoesNotWait() async throws {
    let issuer = Issuer()
    issuer.state.withLock { $0.isSlow = true }
    let renewed = issuer.renewed
    let first = Task { try await renewed.value() }
    let second = Task { try await renewed.value() }
    try await issuer.until { $0.issued == 1 }
    try await Task.sleep(for: .milliseconds(50))
    let start = ContinuousClock.now
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    #expect(issuer.state.withLock { $0.cancelled } == 0)
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    // The fetch that nobody waits for any more ends as well, and spoils nothing for the next who asks.
    issuer.state.withLock { $0.isSlow = false }
    #expect(try await renewed.value() == 2)
    // Whoever waits for the slow one waits ten minutes.
    #expect(ContinuousClock.now - start < .seconds(60))
    try await issuer.until { $0.cancelled == 1 }
  }
}
