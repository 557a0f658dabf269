import ExportConfig
package import ExportCore
package import Ledger
package import TimeZones

/// A definition as it was read, with its text.
package struct WrittenDefinition: Hashable, Sendable {
  package var name: String
  package var definition: Definition
  /// Compact JSON: two that are equal in it are the same definition.
  package var json: String
  /// The file it stands in; nil for one that a command brings.
  package var file: String?

  package init(name: String, definition: Definition, json: String, file: String?) {
    self.name = name
    self.definition = definition
    self.json = json
    self.file = file
  }
}

/// Brings definitions into the ledger and keeps them there: one configuration, judged once, a revision for each
/// change (SPEC section 1).
package struct Registrar: Sendable {
  package let configuration: Configuration
  package let ledger: Ledger
  package let zone: @Sendable (String) throws(ExportError) -> Zone

  package init(
    configuration: Configuration, ledger: Ledger,
    zone: @escaping @Sendable (String) throws(ExportError) -> Zone
  ) {
    self.configuration = configuration
    self.ledger = ledger
    self.zone = zone
  }

  /// Stores a new export.
  /// - Returns: its request id, and what a person should know about its dates.
  package func create(
    _ written: WrittenDefinition, now: Instant
  ) throws(ExportError) -> (id: RequestId, notes: [String]) {
    let (revision, notes) = try firstRevision(of: written.definition, now: now)
    let id = try ledger.create(
      name: written.name, origin: written.file == nil ? .command : .file, definition: written.json,
      resolved: revision, now: now)
    return (id, notes)
  }

  /// A definition with what it refers to, its dates judged at `now`.
  package func firstRevision(
    of definition: Definition, now: Instant
  ) throws(ExportError) -> (Revision, notes: [String]) {
    let judged = try judge(definition, stored: nil, now: now)
    let revision = try configuration.revision(of: definition, timing: judged.timing)
    return (revision.reaching(after: nil, plannedThrough: nil), judged.notes)
  }

  private func judge(
    _ definition: Definition, stored: Revision?, now: Instant
  ) throws(ExportError) -> JudgedTiming {
    switch try timing(of: definition, stored: stored, now: now) {
    case .success(let judged): return judged
    case .failure(let refusal):
      throw ExportError(.configuration, .lasting, object: "\(refusal.path)", problem: refusal.message)
    }
  }

  /// The dates of a definition, judged at `now`, or the refusal with its place.
  /// - Throws: ``ExportError`` for a time zone that cannot be read.
  func timing(
    of definition: Definition, stored: Revision?, now: Instant
  ) throws(ExportError) -> Result<JudgedTiming, TimingRefusal> {
    let judge = TimingJudge(zone: try zone(definition.timeZone ?? configuration.timeZone), now: now)
    return Result { () throws(TimingRefusal) in try judge.judge(definition.frequency, stored: stored) }
  }

  /// Stores a changed definition as the next revision, after planning what was due under the old one.
  /// - Parameter written: nil when only the configuration around the definition may have changed.
  /// - Returns: false when nothing is different.
  @discardableResult
  package func revise(
    _ record: ExportRecord, _ written: WrittenDefinition?, now: Instant
  ) throws(ExportError) -> Bool {
    let previous = try ledger.revision(of: record.id)
    let old = previous.resolved
    let definition = written?.definition ?? old.definition
    // Dates are judged once: what a one-time export covers stays, and so does a first day that is not edited.
    let timing =
      if case .recurring = definition.frequency, case .recurring = old.definition.frequency {
        try judge(definition, stored: old, now: now).timing
      } else {
        old.timing
      }
    var next = try configuration.revision(of: definition, timing: timing)
    let planner = try RunPlanner(
      revision: old, plannedThrough: record.plannedThrough, hasSequence: record.hasSequence,
      voided: try ledger.voidedWindows()[record.id] ?? [], zone: try zone(old.timeZone))
    let hasOpenRun = try ledger.openRuns().contains { $0.exportId == record.id }
    let due = record.stoppedBy == nil ? planner.due(at: now, hasOpenRun: hasOpenRun) : []
    next = next.reaching(after: old, plannedThrough: due.last?.to ?? record.plannedThrough)
    guard next != old || written.map({ $0.json != previous.definition }) ?? false else { return false }
    try ledger.revise(
      record.id, definition: written?.json ?? previous.definition, resolved: next, due: due, now: now)
    return true
  }
}
