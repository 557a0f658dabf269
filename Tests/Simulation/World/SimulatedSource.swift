import ExportCore
import SimulationOracle
import TimeZones

/// A source whose rows lie in the world. It reads row by row, each in the state it has at that moment, so that
/// anything may happen between two of them.
struct SimulatedSource: Source {
  private let world: World
  private let life: Life
  let databaseIds: [String]
  private let order: DatabaseCut.ReadOrder
  /// Whether profiles have `updatedAt`.
  private let hasVersions: Bool
  /// See ``Witness``.
  private let readers: [Int64]

  init(
    _ world: World, _ life: Life, databaseIds: [String], order: DatabaseCut.ReadOrder, hasVersions: Bool
  ) {
    self.hasVersions = hasVersions
    readers = world.witness?.readers() ?? []
    self.world = world
    self.life = life
    self.databaseIds = databaseIds
    self.order = order
  }

  func hasSequence() async throws -> Bool { try await call("hasSequence") { true } }

  func pin(_ databaseId: String, watermark: Watermark?) async throws -> DatabaseCut {
    try await call("pin \(databaseId)") {
      let table = try table(databaseId)
      if let watermark, watermark.bound != .min {
        guard (table.top ?? .min) >= watermark.bound, let row = table.row(watermark.bound),
          watermark.fingerprint == nil || watermark.fingerprint == row.fingerprint
        else {
          throw ExportError(
            .source, .sourceReplaced, object: "database \(databaseId)",
            problem: "source was replaced or renumbered")
        }
      }
      return DatabaseCut(
        databaseId: databaseId, bound: table.top ?? .min,
        fingerprint: table.rows.last { $0.deletedAt == nil }?.fingerprint,
        order: order)
    }
  }

  func read(
    _ read: EventRead, yield: (consuming EventBatch) async throws -> Void
  ) async throws {
    let id = read.cut.databaseId
    guard let bound = read.cut.bound else { preconditionFailure("every simulated source has a sequence") }
    var position: ReadKey?
    while true {
      let size = Int.random(in: 1...4, using: &world.random)
      let batch = try await call("read \(id)") { () -> EventBatch? in
        var batch = EventBatch()
        for (key, row) in try wanted(read, bound, behind: position).prefix(size) {
          batch.append(row, key)
          position = key
        }
        batch.lastKey = position
        return batch.rows.isEmpty && batch.rejected.isEmpty ? nil : batch
      }
      guard let batch else { return }
      try await yield(batch)
    }
  }

  func count(_ read: EventRead, zone: Zone) async throws -> [EventCount] { [] }

  func proveProfiles(_ databaseId: String, needsVersions: Bool) async throws {
    try await call("prove profiles of \(databaseId)") {
      guard !needsVersions || hasVersions else {
        throw ExportError(.source, .lasting, object: "database \(databaseId)", problem: "has no updatedAt")
      }
    }
  }

  func readProfiles(
    _ read: ProfileRead, yield: (consuming ProfileBatch) async throws -> Void
  ) async throws {
    let id = read.databaseId
    // As they all are at this moment, whatever happens while they are read.
    var rest = try await call("read profiles of \(id)") {
      world.witness?.note(readingOf: id, by: readers)
      return world.profileTables[id]!.present.filter { $0.belongs(to: read.span) }[...]
    }
    while !rest.isEmpty {
      let size = Int.random(in: 1...4, using: &world.random)
      var batch = ProfileBatch()
      try await call("read on") {
        world.witness?.note(readingOf: id, by: readers)
        for profile in rest.prefix(size) { batch.append(profile, readsVersion: read.readsVersions) }
      }
      rest = rest.dropFirst(size)
      try await yield(batch)
    }
  }

  func check() async -> [SourceFinding] { [] }

  // MARK: One call

  /// What is asked for behind a key, in the order of keys.
  private func wanted(_ read: EventRead, _ bound: Int64, behind position: ReadKey?) throws -> [(
    ReadKey, Testimony.Row
  )] {
    var found: [(ReadKey, Testimony.Row)] = []
    for row in try table(read.cut.databaseId).rows where row.sequence <= bound && row.deletedAt == nil {
      guard let key = key(row, read), position.map({ $0 < key }) ?? true else { continue }
      found.append((key, row))
    }
    return found.sorted { $0.0 < $1.0 }
  }

  /// Where a row stands in the read; nil when it does not belong to it.
  private func key(_ row: Testimony.Row, _ read: EventRead) -> ReadKey? {
    let selection = read.selection
    let late = ReadKey(pass: 1, order: 0, sequence: row.sequence)
    guard let ts = row.ts else {
      let mayWant = selection.allSince != nil || row.name == nil || selection.names[row.name!] != nil
      return row.sequence > read.rejectAfter ?? .max && mayWant ? late : nil
    }
    let instant = Instant(seconds: ts.flooredSeconds)
    let since =
      [selection.allSince].compactMap { $0 }
      + (row.name.map { [selection.names[$0]] } ?? selection.names.map { $0.value }).compactMap { $0 }
    guard since.contains(where: { $0 <= instant }) else { return nil }
    if let window = read.window, window.contains(instant) {
      return ReadKey(pass: 0, order: order == .timestamp ? ts : 0, sequence: row.sequence)
    }
    let isLate = row.sequence > read.watermark ?? .max && read.lateWindows.contains { $0.contains(instant) }
    return isLate ? late : nil
  }

  private func table(_ id: String) throws -> SourceTable {
    guard let table = world.tables[id] else {
      throw ExportError(.source, .lasting, object: "database \(id)", problem: "is not there")
    }
    return table
  }

  private func call<Value>(_ what: String, _ effect: () throws -> Value) async throws -> Value {
    try await world.askSource(what, life, effect)
  }
}

extension World {
  /// One call to the source, slow and failing as the weather is.
  func askSource<Value>(_ what: String, _ life: Life, _ effect: () throws -> Value) async throws -> Value {
    guard pass(life) else { throw Dead() }
    try Task.checkCancellation()
    let fate = weather.source.fate(&random)
    if fate.ending != .answer { note("source: \(what): \(fate.ending)") }
    try await clock.work(milliseconds: fate.ending == .hang ? nil : fate.before)
    guard pass(life) else { throw Dead() }
    guard fate.ending == .answer else {
      throw ExportError(
        .source, weather.source.isLasting ? .lasting : .passing, object: "source", problem: "is out of order")
    }
    return try effect()
  }
}

extension Testimony.ProfileState {
  fileprivate func belongs(to span: ProfileRead.Span) -> Bool {
    switch span {
    case .everything: true
    case .since(let instant): version!.flooredSeconds >= instant.seconds
    case .updated(let window): window.contains(Instant(seconds: updatedAt.flooredSeconds))
    }
  }
}

extension ProfileBatch {
  /// Adds a profile as the source held it.
  mutating func append(_ profile: Testimony.ProfileState, readsVersion: Bool) {
    var row = ProfileRow(key: ReadKey(pass: 0, order: 0, sequence: Int64(rows.count)))
    row.objectId = add(profile.objectId)
    row.objectKey = row.objectId
    row.properties = add(profile.properties)
    row.isDeleted = profile.deletedAt != nil
    if readsVersion, let version = profile.version {
      let seconds = version.flooredSeconds
      row.version = ProfileVersion(
        seconds: seconds, nanoseconds: Int32(version - seconds * 1000) * 1_000_000)
    }
    rows.append(row)
  }

  private mutating func add(_ text: String) -> ByteRange {
    let offset = bytes.count
    bytes.append(contentsOf: text.utf8)
    return ByteRange(offset: UInt32(offset), count: UInt32(bytes.count - offset))
  }
}

extension EventBatch {
  /// Adds a row as the source holds it now.
  mutating func append(_ row: Testimony.Row, _ key: ReadKey) {
    guard let ts = row.ts, let name = row.name else {
      rejected.append(
        RejectedRow(
          key: key, id: String(row.number), name: row.name,
          reason: row.ts == nil ? "no usable ts" : "no usable name",
          value: nil))
      return
    }
    var event = EventRow(ts: ts, key: key)
    event.name = add(name)
    event.id = add(String(row.number))
    event.properties = add(row.properties)
    rows.append(event)
  }

  private mutating func add(_ text: String) -> ByteRange {
    let offset = bytes.count
    bytes.append(contentsOf: text.utf8)
    return ByteRange(offset: UInt32(offset), count: UInt32(bytes.count - offset))
  }
}

extension Testimony.Row {
  /// As the row looks to the source.
  var fingerprint: String { "\(number) \(ts ?? -1) \(name ?? "")" }

  /// What the application keeps in the column `properties`: the number of the row and of its version.
  var properties: String { #"{"n":\#(number),"v":\#(versions.count)}"# }
}

extension Int64 {
  /// Milliseconds as whole seconds, rounded down.
  var flooredSeconds: Int64 { self >= 0 ? self / 1000 : (self - 999) / 1000 }
}
