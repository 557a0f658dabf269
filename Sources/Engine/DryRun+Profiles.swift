import ExportCore
import Ledger
import TimeZones

extension DryRun {
  /// Of a profile export: at most one run, into which all that was missed merges.
  func profilePlan(
    _ record: ExportRecord, _ newest: RevisionRecord, now: Instant
  ) async throws -> ExportPlan {
    let planner = try RunPlanner(
      revision: newest.resolved, plannedThrough: record.plannedThrough, hasSequence: nil,
      zone: try zone(newest.resolved.timeZone))
    let begun = try ledger.openRuns().first { $0.exportId == record.id }
    if let begun {
      return ExportPlan(runs: [try await profileRun(of: record, begun, newest, now: now)], isDue: true)
    }
    if let due = planner.due(at: now, hasOpenRun: false).first {
      return ExportPlan(runs: [try await profileRun(of: record, due, newest, now: now)], isDue: true)
    }
    if let newestRun = try ledger.runs(of: record.id, limit: 1).first,
      newestRun.state == .failed || newestRun.state == .stopped
    {
      return ExportPlan(runs: [try await profileRun(of: record, newestRun, newest, now: now)], isDue: true)
    }
    guard let next = planner.next else { return ExportPlan() }
    return ExportPlan(runs: [try await profileRun(of: record, next, newest, now: now)])
  }

  /// A run that is claimed already; one that failed or was stopped starts over with a new cut.
  private func profileRun(
    of record: ExportRecord, _ run: RunRecord, _ newest: RevisionRecord, now: Instant
  ) async throws -> ExportPlan.Run {
    let isOpen = run.state == .pending || run.state == .running
    let pinned = isOpen ? run.revision : nil
    let revision = try pinned.map { try ledger.revision(of: record.id, number: $0) } ?? newest
    return try await profileRun(
      of: record, run, revision.resolved, window: run.window, cut: isOpen ? run.cutAt : nil,
      dueAt: run.scheduledAt, now: now)
  }

  private func profileRun(
    of record: ExportRecord, _ planned: PlannedWindow, _ newest: RevisionRecord, now: Instant
  ) async throws -> ExportPlan.Run {
    try await profileRun(
      of: record, nil, newest.resolved, window: planned.window, cut: nil, dueAt: planned.dueAt, now: now)
  }

  /// - Parameter cut: the one that is pinned.
  private func profileRun(
    of record: ExportRecord, _ run: RunRecord?, _ revision: Revision, window: Window?, cut: Instant?,
    dueAt: Instant, now: Instant
  ) async throws -> ExportPlan.Run {
    let names = try RunFileNames(
      export: record.name, record.id, revision, runTimestamp: run?.runTimestamp,
      zone: try zone(revision.timeZone))
    let marks = try ledger.profileMarks(of: record.id)
    let previous = marks.map(\.cutAt).max()
    let cut = cut ?? max(now, dueAt, previous ?? now)
    var planned = ExportPlan.Run(
      span: window.map { Manifest.Span(from: $0.from, to: $0.to) }
        ?? Manifest.Span(from: previous, to: cut),
      dueAt: dueAt, record: run, isCommitted: run?.manifestName != nil,
      manifestName: run?.manifestName ?? names.manifest, series: [])
    if planned.isCommitted {
      planned.span = run?.span ?? planned.span
      return planned
    }
    let source = try source(revision.source)
    for databaseId in revision.source.databaseIds {
      try Task.checkCancellation()
      let run = ProfileRun(revision: revision, databaseId: databaseId, cut: cut, marks: marks)
      let rows = try await run.count(in: source, memories: memoryDirectory)
      guard rows > 0 else { continue }
      planned.series.append(
        ExportPlan.Series(
          databaseId: databaseId, eventName: nil, date: nil, rows: rows, lateRows: 0,
          firstFile: names.profiles(index: 0, databaseId: databaseId), sharesNames: false))
    }
    return planned
  }
}
