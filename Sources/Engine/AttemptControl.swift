import ExportCore
import Synchronization

/// What connects a running attempt with those who watch it: how far it has come, when it last moved, and why
/// it was told to end.
package final class AttemptControl: Sendable {
  /// Why an attempt was cancelled.
  package enum Ending: Hashable, Sendable {
    /// Its export was stopped or deleted.
    case stop(reason: String)
    /// The process ends; the run goes on at the next start.
    case shutdown
    /// What it delivered goes, and it starts over.
    case restart
    /// It has not moved for too long.
    case stall(seconds: Int)
  }

  private let rowsDone = Atomic<Int>(0)
  private let membersReplaced = Atomic<Int>(0)
  private let movedAt: Atomic<Int64>
  private let cancelledBecause = Mutex<Ending?>(nil)
  private let time: any TimeSource
  private let endings: AsyncStream<Void>
  private let endingsContinuation: AsyncStream<Void>.Continuation

  package init(time: any TimeSource) {
    self.time = time
    movedAt = Atomic(time.uptime())
    (endings, endingsContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Notes progress: rows read, a file delivered.
  package func moved(rows: Int = 0) {
    if rows > 0 { rowsDone.wrappingAdd(rows, ordering: .relaxed) }
    movedAt.store(time.uptime(), ordering: .relaxed)
  }

  /// Notes members of JSON objects of which only the last one of their name was exported.
  func replaced(members: Int) { membersReplaced.wrappingAdd(members, ordering: .relaxed) }

  /// How many have been noted.
  var replacedMembers: Int { membersReplaced.load(ordering: .relaxed) }

  package var rows: Int { rowsDone.load(ordering: .relaxed) }

  /// Milliseconds since it last moved.
  package var stillFor: Int64 { time.uptime() - movedAt.load(ordering: .relaxed) }

  /// Tells the attempt to end; the first reason stands.
  package func end(_ ending: Ending) {
    cancelledBecause.withLock { $0 = $0 ?? ending }
    endingsContinuation.finish()
  }

  /// Returns when the attempt was told to end, or the task is cancelled.
  package func untilEnded() async { for await _ in endings {} }

  package var ending: Ending? { cancelledBecause.withLock { $0 } }
}
