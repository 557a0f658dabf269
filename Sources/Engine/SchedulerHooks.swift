package import Ledger
package import TimeZones

/// What the daemon around the scheduler does for it.
package struct SchedulerHooks: Sendable {
  /// Takes the configuration anew; the answer goes to whoever asked.
  package var reload: @Sendable () async -> Answer
  /// Tries out sources and destinations; the answer is JSON.
  package var probe: @Sendable () async -> Answer
  /// Called after every turn of the loop that worked, at most once a second: proof of life.
  package var turned: @Sendable (SchedulerReport) -> Void
  /// Tells people of a failure or a recovery; returns when they have been, or when nobody is to be.
  package var tell: @Sendable (NoticeMessage) async throws -> Void

  package init(
    reload: @escaping @Sendable () async -> Answer,
    probe: @escaping @Sendable () async -> Answer,
    turned: @escaping @Sendable (SchedulerReport) -> Void,
    tell: @escaping @Sendable (NoticeMessage) async throws -> Void
  ) {
    self.reload = reload
    self.probe = probe
    self.turned = turned
    self.tell = tell
  }
}

/// What a service manager should know after each turn.
package struct SchedulerReport: Hashable, Sendable {
  package var exports: Int
  package var running: Int
  package var next: (name: String, at: Instant, zone: Zone)?
  /// Whether all work that was told to end has ended in time: false is a thread that hangs, which only a restart mends.
  package var isHealthy: Bool

  package static func == (a: Self, b: Self) -> Bool {
    a.exports == b.exports && a.running == b.running && a.isHealthy == b.isHealthy
      && a.next?.name == b.next?.name && a.next?.at == b.next?.at
  }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(exports)
    hasher.combine(running)
  }
}
