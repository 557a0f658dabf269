import SimulationOracle
import TimeZones

/// The profiles of one database as they are, and every state that each of them ever had, for the oracle.
struct ProfileTable: Sendable {
  let databaseId: String
  /// In the order in which they came.
  private(set) var states: [Testimony.ProfileState] = []
  private var current: [String: Int] = [:]

  init(databaseId: String) { self.databaseId = databaseId }

  /// Those that are there now, tombstones among them, in the order of their objectIds' bytes.
  var present: [Testimony.ProfileState] {
    current.values.map { states[$0] }.filter { $0.content != nil }.sorted {
      $0.objectId.utf8.lexicographicallyPrecedes($1.objectId.utf8)
    }
  }

  func profile(_ objectId: String) -> Testimony.ProfileState? {
    current[objectId].map { states[$0] }.flatMap { $0.content == nil ? nil : $0 }
  }

  mutating func become(_ state: Testimony.ProfileState) {
    current[state.objectId] = states.count
    states.append(state)
  }

  /// What it held before it became what it is.
  func earlierContent(_ objectId: String) -> Int? {
    let contents = states.filter { $0.objectId == objectId }.compactMap(\.content)
    return contents.last { $0 != contents.last }
  }
}

/// What applications do to profiles.
extension World {
  /// One transaction in each database. Who wrote `age` seconds before it commits has set the times then.
  /// - Parameter lookback: of the source, in seconds.
  func write(_ writes: [History.ProfileWrite], lookback: Int64) throws {
    let moment = happen()
    var changed: [Testimony.ProfileState] = []
    for write in writes {
      guard let state = next(write, moment, lookback) else { continue }
      profileTables[write.databaseId]!.become(state)
      changed.append(state)
    }
    try files?.write(changed)
  }

  /// What becomes of a profile; nil for what is not there to be changed.
  private func next(
    _ write: History.ProfileWrite, _ moment: Int, _ lookback: Int64
  ) -> Testimony.ProfileState? {
    let table = profileTables[write.databaseId]!
    let old = table.profile(write.objectId)
    profileWrites += 1
    // Within one second no two writes have the same time.
    let time = (clock.now().seconds - write.age) * 1000 + Int64(profileWrites % 1000)
    var state =
      old
      ?? Testimony.ProfileState(
        databaseId: write.databaseId, objectId: write.objectId, moment: moment, updatedAt: time)
    state.moment = moment
    switch write.kind {
    case .put: (state.content, state.updatedAt, state.deletedAt) = (profileWrites, time, nil)
    case .touch where old != nil: state.updatedAt = time
    case .silent where old != nil: state.content = profileWrites
    case .revert where old != nil:
      guard let earlier = table.earlierContent(write.objectId) else { return nil }
      (state.content, state.updatedAt, state.deletedAt) = (earlier, time, nil)
    case .bury where old != nil: state.deletedAt = time
    case .remove where old != nil: state.content = nil
    default: return nil
    }
    state.isPunctual = state.version.map { clock.highWater - $0.flooredSeconds <= lookback } ?? false
    return state
  }
}

extension Testimony.ProfileState {
  /// What the application keeps in the column `properties`.
  var properties: String { #"{"n":\#(content!)}"# }
}
