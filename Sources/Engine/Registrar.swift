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

/// Judges the dates of a definition when it is first stored: what `today` means, and whether it reaches too far back.
package typealias TimingJudge =
  @Sendable (Definition, _ zone: Zone, _ now: Instant) throws(ExportError) -> (
    timing: Revision.Timing, notes: [String]
  )

/// Brings definitions into the ledger and keeps them there: one configuration, judged once, a revision for each
/// change (SPEC section 1).
package struct Registrar: Sendable {
  package let configuration: Configuration
  package let ledger: Ledger
  package let zone: @Sendable (String) throws(ExportError) -> Zone
  package let judge: TimingJudge

  package init(
    configuration: Configuration, ledger: Ledger,
    zone: @escaping @Sendable (String) throws(ExportError) -> Zone, judge: @escaping TimingJudge
  ) {
    self.configuration = configuration
    self.ledger = ledger
    self.zone = zone
    self.judge = judge
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
    let zoneName = definition.timeZone ?? configuration.timeZone
    let (timing, notes) = try judge(definition, try zone(zoneName), now)
    return (try resolve(definition, timing).reaching(after: nil, plannedThrough: nil), notes)
  }

  /// The definition under the present configuration.
  func resolve(_ definition: Definition, _ timing: Revision.Timing) throws(ExportError) -> Revision {
    guard let source = configuration.sources[definition.source] else {
      throw ExportError(
        .configuration, .lasting, object: "source \(definition.source)", problem: "is not configured")
    }
    guard let destination = configuration.destinations[definition.destination] else {
      throw ExportError(
        .configuration, .lasting, object: "destination \(definition.destination)",
        problem: "is not configured")
    }
    return Revision(
      account: configuration.account, definition: definition, source: source, destination: destination,
      timeZone: definition.timeZone ?? configuration.timeZone,
      identifiers: definition.identifiers ?? configuration.identifiers, timing: timing)
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
    var next = try resolve(definition, old.timing)
    if case .recurring(let new) = definition.frequency,
      case .recurring(let before) = old.definition.frequency,
      new.from != before.from, new.from != nil
    {
      next.timing = try judge(definition, try zone(next.timeZone), now).timing
    }
    let planner = try RunPlanner(
      revision: old, plannedThrough: record.plannedThrough, hasSequence: record.hasSequence,
      zone: try zone(old.timeZone))
    let due = record.stoppedBy == nil ? planner.due(at: now) : []
    next = next.reaching(after: old, plannedThrough: due.last?.window.to ?? record.plannedThrough)
    guard next != old || written.map({ $0.json != previous.definition }) ?? false else { return false }
    try ledger.revise(
      record.id, definition: written?.json ?? previous.definition, resolved: next, due: due, now: now)
    return true
  }
}
