import ExportCore
import Ledger
import TimeZones

/// What a profile run reads of one database, and what it leaves to the next: a pure function of the definition, the
/// cut and the marks.
struct ProfileRun {
  let databaseId: String
  let cut: Instant
  /// Nil for a one-time export.
  let mode: ProfileMode?
  /// What this run's delta begins from; nil when it sends everything that is there.
  let previous: ProfileMark?
  let read: ProfileRead
  /// The next delta reads versions from here on.
  let since: Instant

  init(revision: Revision, databaseId: String, cut: Instant, marks: [ProfileMark]) {
    self.databaseId = databaseId
    self.cut = cut
    guard case .recurring(let recurrence) = revision.definition.frequency else {
      (mode, previous, since) = (nil, nil, cut)
      let span: ProfileRead.Span =
        if case .once(let window) = revision.timing { .updated(in: window) } else { .everything }
      read = ProfileRead(databaseId: databaseId, span: span, readsVersions: span != .everything)
      return
    }
    mode = recurrence.profiles
    // A mark of another mode remembers other things: the first run of the new mode sends all once more.
    previous = marks.first { $0.databaseId == databaseId && $0.mode == recurrence.profiles }
    let lookback = Int64(revision.source.profiles?.lookback ?? 0)
    switch recurrence.profiles {
    case .changed:
      since = max(previous?.since ?? Instant(seconds: .min), cut - lookback)
      read = ProfileRead(
        databaseId: databaseId, span: previous.map { .since($0.since) } ?? .everything, readsVersions: true)
    case .compared, .full:
      since = cut
      read = ProfileRead(databaseId: databaseId, span: .everything, readsVersions: false)
    }
  }

  private var hasMemory: Bool { mode == .changed || mode == .compared }

  /// What decides which of the profiles that it reads are sent.
  /// - Parameters:
  ///   - directory: of the memories.
  ///   - name: of the memory that it writes for the run after it; nil leaves none.
  func delta(in directory: String, writing name: String?) throws(ExportError) -> ProfileDelta {
    var memory: ProfileMemoryReader?
    if let previous, let name = previous.memory, let sha256 = previous.memorySha256 {
      memory = try ProfileMemoryReader(directory: directory, name: name, sha256: sha256)
    }
    var next: ProfileMemoryWriter?
    if hasMemory, let name { next = try ProfileMemoryWriter(directory: directory, name: name) }
    return ProfileDelta(
      mode: mode ?? .full, isFirst: previous == nil, rememberedFrom: since, memory: memory, next: next)
  }

  /// How many profiles it would send of the source as it is now. Some may turn out to be such as cannot be converted.
  /// - Parameter directory: of the memories.
  func count(in source: any Source, memories directory: String) async throws -> Int {
    let delta = try delta(in: directory, writing: nil)
    var rows = 0
    try await source.readProfiles(read) { batch in
      var batch = batch
      try delta.filter(&batch)
      rows += batch.rows.count { $0.rejection < 0 }
    }
    return rows + (try delta.rest().rows.count)
  }

  /// Nil for a one-time export, which leaves nothing behind.
  func mark(memory: String, sha256: String?) -> ProfileMark? {
    mode.map {
      ProfileMark(
        databaseId: databaseId, mode: $0, cutAt: cut, since: since, memory: sha256 == nil ? nil : memory,
        memorySha256: sha256)
    }
  }
}
