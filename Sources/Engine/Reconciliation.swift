package import ExportConfig
package import ExportCore
package import Ledger
package import TimeZones

/// What bringing the ledger in line with the configuration files did, or would not do.
package struct ReconciliationReport: Hashable, Sendable {
  package var created: [String] = []
  package var revised: [String] = []
  package var started: [String] = []
  package var stopped: [String] = []
  /// Changes that may not be made; all the rest is taken.
  package var warnings: [Remark] = []
  /// What keeps the configuration from being taken.
  package var errors: [Remark] = []

  package init() {}

  package struct Remark: Hashable, Sendable, CustomStringConvertible {
    /// Of the definition that it is about; nil for the configuration as a whole.
    package var file: String?
    /// Where in the definition it stands.
    package var path = JSONPath.root
    /// A sentence, without a full stop.
    package var message: String

    /// `FILE: PATH: MESSAGE`.
    package var description: String {
      [file, path.isRoot ? nil : "\(path)", message].compactMap { $0 }.joined(separator: ": ")
    }
  }

  /// In a few words, for the journal.
  package var summary: String {
    let parts = [
      ("created", created), ("changed", revised), ("started", started), ("stopped", stopped),
    ].filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
    return parts.isEmpty ? "nothing changed" : parts.joined(separator: "; ")
  }
}

extension Registrar {
  /// Whether a configuration is taken whole or not at all.
  package enum Strictness: Hashable, Sendable {
    /// A reload: any error and nothing changes.
    case whole
    /// A start: what is sound is taken, the rest stays at its last good definition.
    case sound
  }

  /// Brings the ledger in line with the files of `exports.d`.
  /// - Parameter broken: names whose file could not be read, with the reason: they stay as they are.
  package func reconcile(
    _ files: [WrittenDefinition], broken: [String: String], _ strictness: Strictness, now: Instant
  ) throws(ExportError) -> ReconciliationReport {
    let records = try ledger.exports()
    var (steps, report) = try steps(files, records, now: now)
    if strictness == .whole, !report.errors.isEmpty || !broken.isEmpty { return report }

    for step in steps {
      do throws(ExportError) {
        try take(step, now: now, &report)
      } catch {
        report.errors.append(.init(message: "\(step.name): \(error)"))
      }
    }
    let names = Set(files.map(\.name))
    for record in records {
      if record.origin == .file, !names.contains(record.name) {
        if let reason = broken[record.name] {
          try ledger.note(
            record.id, "its definition file is broken, so the last good definition goes on: \(reason)")
        } else if record.stoppedBy == nil || record.resumesAfter != nil {
          try ledger.stop(record.id, by: .file, reason: "its definition file was removed", now: now)
          report.stopped.append(record.name)
        }
      } else if record.origin == .file {
        try ledger.note(record.id, nil)
      }
      if record.origin == .command || !names.contains(record.name) {
        try adapt(record, now: now, &report)
      }
    }
    return report
  }

  /// What a reload would refuse or not take of the files, without taking anything. A definition that is in the ledger
  /// as it stands in its file is not judged again.
  package func foresee(
    _ files: [WrittenDefinition], now: Instant
  ) throws(ExportError) -> ReconciliationReport {
    try steps(files, try ledger.exports(), now: now).report
  }

  private func steps(
    _ files: [WrittenDefinition], _ records: [ExportRecord], now: Instant
  ) throws(ExportError) -> (steps: [Step], report: ReconciliationReport) {
    var report = ReconciliationReport()
    let live = Dictionary(records.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    report.errors += try dropped(records)
    var steps: [Step] = []
    for written in files.sorted(by: Self.recurringFirst) {
      steps += try step(for: written, live[written.name], now: now, &report).map { [$0] } ?? []
    }
    return (steps, report)
  }

  private enum Step {
    case create(WrittenDefinition)
    case revise(ExportRecord, WrittenDefinition)
    /// The file is back: the export goes on like `start`.
    case start(ExportRecord, WrittenDefinition)

    var name: String {
      switch self {
      case .create(let written), .revise(_, let written), .start(_, let written): written.name
      }
    }
  }

  private static func recurringFirst(_ a: WrittenDefinition, _ b: WrittenDefinition) -> Bool {
    func rank(_ written: WrittenDefinition) -> Int {
      if case .recurring = written.definition.frequency { 0 } else { 1 }
    }
    return (rank(a), a.name) < (rank(b), b.name)
  }

  /// A source or destination that a live definition uses cannot be dropped.
  private func dropped(_ records: [ExportRecord]) throws(ExportError) -> [ReconciliationReport.Remark] {
    var errors: [ReconciliationReport.Remark] = []
    let finished = try ledger.finishedOneTimeExports()
    for record in records where !finished.contains(record.id) {
      let definition = try ledger.revision(of: record.id).resolved.definition
      if configuration.sources[definition.source] == nil {
        errors.append(stillUsed("source \(definition.source)", record))
      }
      if configuration.destinations[definition.destination] == nil {
        errors.append(stillUsed("destination \(definition.destination)", record))
      }
    }
    return errors
  }

  private func stillUsed(_ part: String, _ record: ExportRecord) -> ReconciliationReport.Remark {
    .init(
      message: "\(part) is still used by the export \(record.name); put it back, or delete the export first")
  }

  private func step(
    for written: WrittenDefinition, _ record: ExportRecord?, now: Instant,
    _ report: inout ReconciliationReport
  ) throws(ExportError) -> Step? {
    func remark(_ message: String, at path: JSONPath = .root) -> ReconciliationReport.Remark {
      .init(file: written.file ?? written.name, path: path, message: message)
    }
    func judge(_ step: Step, stored: Revision?) throws(ExportError) -> Step? {
      switch try timing(of: written.definition, stored: stored, now: now) {
      case .success(let judged):
        report.warnings += judged.notes.map { remark($0) }
        return step
      case .failure(let refusal):
        report.errors.append(remark(refusal.message, at: refusal.path))
        return nil
      }
    }
    guard let record else { return try judge(.create(written), stored: nil) }
    if record.origin == .command {
      report.errors.append(
        remark(
          "an export named \(written.name) was already created by a command; rename the file, or `exportd delete \(written.name)` first"
        ))
      return nil
    }
    let previous = try ledger.revision(of: record.id)
    if written.definition.data.dataType != record.dataType {
      report.warnings.append(
        remark(
          "the data type of an export never changes; its last definition goes on. Give the new one another file name"
        ))
      return nil
    }
    if record.stoppedBy == .file { return .start(record, written) }
    guard previous.definition != written.json else {
      // The same definition, maybe under another configuration.
      return .revise(record, written)
    }
    if let reason = try immutable(record, previous.resolved, written.definition) {
      report.warnings.append(remark("the change is not taken: \(reason)"))
      return nil
    }
    return try judge(.revise(record, written), stored: previous.resolved)
  }

  /// Why a changed definition may not be taken; nil when it may.
  package func immutable(
    _ record: ExportRecord, _ old: Revision, _ new: Definition
  ) throws(ExportError) -> String? {
    guard case .recurring(let before) = old.definition.frequency else {
      return "a one-time export is not edited"
    }
    guard case .recurring(let after) = new.frequency else {
      return "a recurring export does not become a one-time one"
    }
    if record.dataType != new.data.dataType { return "the data type of an export never changes" }
    if record.stoppedBy != nil {
      return "the export is STOPPED; `exportd start \(record.name)` first"
    }
    if before.from != after.from, record.plannedThrough != nil {
      return "`from` is final once the first window is planned"
    }
    let planner = try RunPlanner(
      revision: old, plannedThrough: record.plannedThrough, hasSequence: record.hasSequence,
      zone: try zone(old.timeZone))
    if planner.isExhausted, try ledger.openRuns().allSatisfy({ $0.exportId != record.id }) {
      return "the export is DONE"
    }
    return nil
  }

  private func take(_ step: Step, now: Instant, _ report: inout ReconciliationReport) throws(ExportError) {
    switch step {
    case .create(let written):
      _ = try create(written, now: now)
      report.created.append(written.name)
    case .revise(let record, let written):
      if try revise(record, written, now: now) { report.revised.append(written.name) }
    case .start(let record, let written):
      try ledger.start(record.id, mayWait: true, now: now)
      report.started.append(written.name)
      guard let started = try ledger.export(record.id) else { return }
      if try immutable(started, try ledger.revision(of: record.id).resolved, written.definition) == nil {
        try revise(started, written, now: now)
      }
    }
  }

  /// Gives an export that no file defines its revision under the present configuration.
  private func adapt(_ record: ExportRecord, now: Instant, _ report: inout ReconciliationReport)
    throws(ExportError)
  {
    guard let record = try ledger.export(record.id), record.deletedAt == nil,
      try !ledger.finishedOneTimeExports().contains(record.id)
    else { return }
    do throws(ExportError) {
      if try revise(record, nil, now: now) { report.revised.append(record.name) }
    } catch {
      report.errors.append(.init(message: "\(record.name): \(error)"))
    }
  }
}
