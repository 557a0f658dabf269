package import ExportCore
package import Ledger
package import TimeZones

/// What `exportd run` would make of an export at one moment: which runs, and what each of them would hold.
package struct ExportPlan: Sendable {
  /// In the order in which they would run. When nothing is due, the next window, as far as its rows are there.
  package var runs: [Run] = []
  /// Whether the runs would happen now.
  package var isDue = false

  package struct Run: Sendable {
    /// Its window; of profiles, unless of those updated in a period, the cut of the last run that succeeded and its own.
    package var span: Manifest.Span
    package var dueAt: Instant
    /// Nil for a window that is not claimed yet.
    package var record: RunRecord?
    /// Whether only the manifest is left to send: nothing is read any more.
    package var isCommitted: Bool
    package var manifestName: String
    /// By database, name and date; none when no row falls into the window, or no profile is to be sent.
    package var series: [Series]

    package var rows: Int { series.reduce(0) { $0 + $1.rows } }
    package var lateRows: Int { series.reduce(0) { $0 + $1.lateRows } }
  }

  /// The events of one name on one local date in one database, or its profiles: one file, or several when they do not
  /// fit.
  package struct Series: Hashable, Sendable {
    package var databaseId: String
    /// Nil for profiles.
    package var eventName: String?
    package var date: LocalDate?
    /// All rows, late ones among them. Some may turn out to be such as cannot be converted.
    package var rows: Int
    /// Rows of windows that are DONE already, which came after their run.
    package var lateRows: Int
    /// The name of its file of index 0; how many more there are by size is only known when they are encoded.
    package var firstFile: String
    /// Whether the names of other events become the same in file names: their files then count on together, in the
    /// order of their first rows.
    package var sharesNames: Bool
  }
}

/// Finds out what the runs of an export would hold. It reads the source, touches no destination and writes nothing.
package struct DryRun: Sendable {
  let ledger: Ledger
  let source: @Sendable (SourceConfiguration) throws(ExportError) -> any Source
  let zone: @Sendable (String) throws(ExportError) -> Zone
  /// Of what profile exports have sent.
  let memoryDirectory: String

  package init(
    ledger: Ledger, source: @escaping @Sendable (SourceConfiguration) throws(ExportError) -> any Source,
    zone: @escaping @Sendable (String) throws(ExportError) -> Zone, memoryDirectory: String
  ) {
    self.ledger = ledger
    self.source = source
    self.zone = zone
    self.memoryDirectory = memoryDirectory
  }

  /// - Throws: what the runs themselves would fail with, or `CancellationError`.
  package func plan(_ record: ExportRecord, now: Instant) async throws -> ExportPlan {
    do {
      return try await dryRun(record, now: now)
    } catch let error as ExportError {
      throw error.of(export: record.name)
    }
  }

  private func dryRun(_ record: ExportRecord, now: Instant) async throws -> ExportPlan {
    let newest = try ledger.revision(of: record.id)
    if record.dataType == .profiles { return try await profilePlan(record, newest, now: now) }
    let hasSequence =
      if let known = record.hasSequence {
        known
      } else {
        try await source(newest.resolved.source).hasSequence()
      }
    let planner = try RunPlanner(
      revision: newest.resolved, plannedThrough: record.plannedThrough, hasSequence: hasSequence,
      zone: try zone(newest.resolved.timeZone))
    var candidates = try claimed(record.id)
    candidates += planner.due(at: now, hasOpenRun: !candidates.isEmpty).compactMap(Candidate.init)
    candidates.sort { $0.window.to < $1.window.to }
    var plan = ExportPlan(isDue: !candidates.isEmpty)
    if candidates.isEmpty { candidates = planner.next.flatMap(Candidate.init).map { [$0] } ?? [] }

    var past = RunPast(
      watermarks: try ledger.watermarks(of: record.id), doneWindows: try ledger.doneWindows(of: record.id))
    for candidate in candidates {
      plan.runs.append(try await run(candidate, of: record, newest, &past))
    }
    return plan
  }

  private struct Candidate {
    var window: Window
    var dueAt: Instant
    var record: RunRecord?
    /// FAILED and STOPPED windows are taken up anew: with the newest definition and a new cut.
    var isReopened = false

    init?(_ planned: PlannedWindow) {
      guard let window = planned.window else { return nil }
      self.init(window: window, dueAt: planned.dueAt)
    }

    init(window: Window, dueAt: Instant, record: RunRecord? = nil, isReopened: Bool = false) {
      self.window = window
      self.dueAt = dueAt
      self.record = record
      self.isReopened = isReopened
    }
  }

  private func claimed(_ id: RequestId) throws -> [Candidate] {
    let open = try ledger.openRuns().filter { $0.exportId == id }
    let reopened = try ledger.runs(of: id, state: .failed) + ledger.runs(of: id, state: .stopped)
    return (open.map { ($0, false) } + reopened.map { ($0, true) }).compactMap { run, isReopened in
      run.window.map {
        Candidate(window: $0, dueAt: run.scheduledAt, record: run, isReopened: isReopened)
      }
    }
  }

  private func run(
    _ candidate: Candidate, of record: ExportRecord, _ newest: RevisionRecord, _ past: inout RunPast
  ) async throws -> ExportPlan.Run {
    try Task.checkCancellation()
    let run = candidate.record
    let pinnedRevision = candidate.isReopened ? nil : run?.revision
    let revision =
      try pinnedRevision.map { try ledger.revision(of: record.id, number: $0) }?.resolved ?? newest.resolved
    let zone = try zone(revision.timeZone)
    let names = try RunFileNames(
      export: record.name, record.id, revision, runTimestamp: run?.runTimestamp, zone: zone)
    let source = try source(revision.source)
    let reads = RunReads(
      window: candidate.window, revision: revision, watermarks: past.watermarks,
      doneWindows: past.doneWindows)
    let pinned = candidate.isReopened ? [] : try run.map { try ledger.cuts(of: $0.id) } ?? []
    var planned = ExportPlan.Run(
      span: Manifest.Span(from: candidate.window.from, to: candidate.window.to), dueAt: candidate.dueAt,
      record: run, isCommitted: run?.manifestName != nil, manifestName: run?.manifestName ?? names.manifest,
      series: [])
    guard !planned.isCommitted else {
      // Its commit has moved the watermarks already.
      past.doneWindows.append(candidate.window)
      return planned
    }
    let cuts = try await reads.cuts(source, pinned: pinned).all
    for cut in cuts {
      planned.series += try await series(reads.read(cut), source, names, zone)
    }
    past.complete(candidate.window, cuts)
    return planned
  }

  /// Counted in two reads, so that late rows are told apart from those of the window.
  private func series(
    _ read: EventRead, _ source: any Source, _ names: RunFileNames, _ zone: Zone
  ) async throws -> [ExportPlan.Series] {
    var timely = read
    timely.lateWindows = []
    // Rejected rows are not counted, so they need not be looked for.
    timely.rejectAfter = nil
    var late = read
    late.window = nil
    late.rejectAfter = nil
    let counts = (
      timely: try await source.count(timely, zone: zone),
      late: late.lateWindows.isEmpty ? [] : try await source.count(late, zone: zone)
    )
    var rows: [SeriesKey: (rows: Int, late: Int)] = [:]
    for count in counts.timely { rows[SeriesKey(count), default: (0, 0)].rows += count.rows }
    for count in counts.late {
      rows[SeriesKey(count), default: (0, 0)].rows += count.rows
      rows[SeriesKey(count), default: (0, 0)].late += count.rows
    }
    let databaseId = read.cut.databaseId
    func firstFile(_ key: SeriesKey) -> String {
      names.event(SafeEventName(key.name), date: key.date, index: 0, databaseId: databaseId)
    }
    let takers = Dictionary(grouping: rows.keys) { Array(firstFile($0).utf8) }
    return rows.map { key, count in
      let (name, firstFile) = (String(decoding: key.name, as: UTF8.self), firstFile(key))
      let series = ExportPlan.Series(
        databaseId: databaseId, eventName: name, date: key.date, rows: count.rows, lateRows: count.late,
        firstFile: firstFile, sharesNames: takers[Array(firstFile.utf8), default: []].count > 1)
      return (order: (name, key.date), series)
    }.sorted { $0.order < $1.order }.map(\.1)
  }

  /// Names that are canonically equal are still two.
  private struct SeriesKey: Hashable {
    let name: [UInt8]
    let date: LocalDate

    init(_ count: EventCount) {
      name = Array(count.name.utf8)
      date = count.date
    }
  }
}
