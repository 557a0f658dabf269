import Engine
import ExportCore
import Ledger
import SimulationOracle
import TimeZones

/// The commands that people type: each what the executable's command does, on a connection of its own.
final class People {
  let installation: Installation
  let ledger: Ledger
  private(set) var deeds: [Testimony.Deed] = []

  private var world: World { installation.world }
  private var now: Instant { world.clock.now() }

  init(_ installation: Installation, _ ledger: Ledger) {
    self.installation = installation
    self.ledger = ledger
  }

  func create(_ name: String, _ writing: Writing) {
    attempt("create \(name)") {
      _ = try installation.registrar(ledger).create(
        installation.read(name, writing.json, file: nil), now: now)
    }
  }

  func edit(_ name: String, _ writing: Writing) {
    attempt("edit \(name)") {
      let record = try find(name)
      let registrar = installation.registrar(ledger)
      let written = installation.read(name, writing.json, file: nil)
      let old = try ledger.revision(of: record.id).resolved
      if let reason = try registrar.immutable(record, old, written.definition) {
        throw Refusal(reason: reason)
      }
      try registrar.revise(record, written, now: now)
    }
  }

  func file(_ name: String, _ writing: Writing?) {
    installation.files[name] = writing?.json
    if let record = try? ledger.export(named: name) { did(.file, record.id) }
    reload()
  }

  func accountZone(_ name: String) {
    installation.setZone(name)
    reload()
  }

  /// With the daemon down the next start takes the files.
  private func reload() {
    guard isUp else { return }
    attempt("reload") { _ = try ledger.wish(.reload, now: now) }
  }

  func stop(_ name: String) {
    attempt("stop \(name)") {
      let record = try find(name)
      if record.stoppedBy == .person { throw Refusal(reason: "is already stopped") }
      try ledger.stop(record.id, by: .person, reason: "stopped by a person", now: now)
      did(.stop, record.id)
    }
  }

  func start(_ name: String, skippingMissed: Bool) {
    attempt("start \(name)") {
      let record = try find(name)
      did(.start, record.id)
      let revision = try ledger.revision(of: record.id)
      if skippingMissed {
        let planner = try RunPlanner(
          revision: revision.resolved, plannedThrough: record.plannedThrough,
          hasSequence: record.hasSequence, voided: try ledger.voidedWindows()[record.id] ?? [],
          zone: try Installation.zone(revision.resolved.timeZone))
        try ledger.claim(planner.missed(at: now), of: record.id, now: now)
        try ledger.skip(
          record.id, through: nil, reason: "left out by `exportd start --skip-missed`", now: now)
      }
      try ledger.start(record.id, mayWait: revision.resolved.definition.stopRecurring, now: now)
    }
  }

  func again(_ name: String) {
    attempt("start \(name) --again") {
      let record = try find(name)
      let revision = try ledger.revision(of: record.id)
      guard case .once = revision.resolved.definition.frequency else { throw Refusal(reason: "is recurring") }
      guard try ledger.openRuns().allSatisfy({ $0.exportId != record.id }) || record.stoppedBy != nil else {
        throw Refusal(reason: "has not ended yet")
      }
      let (resolved, _) = try installation.registrar(ledger).firstRevision(
        of: revision.resolved.definition, now: now)
      _ = try ledger.replace(
        record.id, name: name, origin: record.origin, definition: revision.definition, resolved: resolved,
        now: now)
      did(.delete, record.id)
    }
  }

  func remove(_ name: String) {
    attempt("delete \(name)") {
      let record = try find(name)
      if record.origin == .file, record.stoppedBy != .file { throw Refusal(reason: "is defined by a file") }
      try ledger.delete(record.id, now: now)
      did(.delete, record.id)
    }
  }

  func run(_ name: String, restart: Bool, rebase: Bool) {
    guard isUp else { return }
    attempt("run \(name)") {
      let record = try find(name)
      _ = try ledger.wish(.run(record.id, restart: restart, rebase: rebase), now: now)
      did(rebase ? .rebase : .run, record.id)
    }
  }

  /// Whether a daemon holds the state directory.
  var isUp = false

  // MARK: One command

  private struct Refusal: Error { var reason: String }

  private func find(_ name: String) throws -> ExportRecord {
    guard let record = try ledger.export(named: name) else { throw Refusal(reason: "is not there") }
    return record
  }

  private func did(_ kind: Testimony.Deed.Kind, _ export: RequestId) {
    deeds.append(
      Testimony.Deed(
        kind: kind, export: export, moment: world.happen(), elapsed: world.clock.elapsed,
        highWater: world.clock.highWater))
  }

  private func attempt(_ what: String, _ command: () throws -> Void) {
    do {
      try command()
      world.note("\(what): done")
    } catch {
      world.note("\(what): refused: \(error)")
    }
  }
}
