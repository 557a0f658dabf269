import Engine
import ExportConfig
import ExportCore
import Ledger
import TimeZones

/// Everything `check` has to say, collected step by step.
struct CheckOutcome {
  private let loaded: LoadedConfiguration
  private var errors: [Diagnostic]
  private var warnings: [Diagnostic]
  private var notes: [String] = []
  /// With --as-service: what the service reaches, and what sources and destinations said to it.
  private var service: ServiceCheck?
  private var inside: Probe.Report?

  /// What is wrong with the files themselves.
  init(_ loaded: LoadedConfiguration) {
    self.loaded = loaded
    errors = loaded.diagnostics.errors
    warnings = loaded.diagnostics.warnings
  }

  var isSound: Bool { errors.isEmpty }

  // MARK: The service

  /// Looks at every path, and asks the sources, as the service and in its sandbox.
  /// - Throws: ``Failure`` where that cannot be done.
  mutating func lookAsService(withDestinations: Bool) throws {
    guard let configuration = loaded.configuration else {
      notes.append("Nothing was looked at as the service: the configuration is broken.")
      return
    }
    let service = try ServiceCheck(loaded.needs(of: configuration))
    errors += service.findings.map { Diagnostic(file: loaded.file, message: $0) }
    self.service = service
    if service.steps.isEmpty {
      inside = try service.probe(loaded.file, withDestinations: withDestinations)
    } else {
      inside = Probe.Report(file: loaded.file, [])
      notes.append("No source was queried: some can only be reached when what is missing is done.")
    }
  }

  // MARK: The ledger

  /// What a reload would say of the files, given what is defined already.
  /// - Returns: the state database; nil where none is, or none that this user may read.
  mutating func lookAtState() -> StatePlace? {
    do {
      guard let place = try StatePlace(of: loaded.head) else {
        judgeAsNew(now: SystemTime().now())
        return nil
      }
      guard let configuration = loaded.configuration else { return place }
      let report = try Assembly.registrar(configuration, place.ledger).foresee(
        loaded.written, now: place.time.now())
      errors += report.errors.map { diagnostic(.error, $0) }
      warnings += report.warnings.map { diagnostic(.warning, $0) }
      return place
    } catch let failure as Failure {
      notes.append("What is defined already was not looked at, nor any dates: \(failure.message)")
    } catch {
      errors.append(Diagnostic(file: loaded.head.knownStateDirectory, message: "\(error)"))
    }
    return nil
  }

  /// Where nothing has been defined yet, every date is a new one.
  private mutating func judgeAsNew(now: Instant) {
    guard let configuration = loaded.configuration else { return }
    for definition in loaded.definitions {
      guard let zone = try? Assembly.zone(definition.definition.timeZone ?? configuration.timeZone) else {
        continue
      }
      do throws(TimingRefusal) {
        let judged = try TimingJudge(zone: zone, now: now).judge(definition.definition.frequency)
        warnings += judged.notes.map { Diagnostic(.warning, file: definition.file, message: $0) }
      } catch {
        errors.append(definition.diagnostic(error))
      }
    }
  }

  private func diagnostic(
    _ severity: Diagnostic.Severity, _ remark: ReconciliationReport.Remark
  ) -> Diagnostic {
    guard let definition = loaded.definitions.first(where: { $0.file == remark.file }), !remark.path.isRoot
    else { return Diagnostic(severity, file: remark.file ?? loaded.file, message: remark.message) }
    return definition.document.diagnostic(severity, at: remark.path, remark.message)
  }

  // MARK: Sources and destinations

  /// Asks those that definitions use. The daemon tries out destinations when it is up.
  mutating func tryOut(_ place: StatePlace?, withDestinations: Bool) async {
    do {
      try await ask(place, withDestinations: withDestinations)
    } catch let failure as Failure {
      errors.append(Diagnostic(file: loaded.file, message: failure.message))
    } catch {
      errors.append(Diagnostic(file: loaded.file, message: "\(error)"))
    }
  }

  private mutating func ask(_ place: StatePlace?, withDestinations: Bool) async throws {
    guard loaded.configuration != nil else {
      if withDestinations { notes.append("No destination was tried out: the configuration is broken.") }
      return
    }
    let answer = withDestinations ? try await place?.ask(.probe, for: Probe.Report.self) : nil
    if let answer, answer.file != loaded.file {
      warnings.append(
        Diagnostic(
          .warning, file: loaded.file,
          message: "the daemon runs with \(answer.file), and tried out what is named there"))
    }
    if answer == nil, inside == nil, let owner = Identity.otherOwner(of: loaded.head.knownStateDirectory) {
      // What this user may read or write says nothing of what the daemon may.
      notes.append("No source was looked at: that is for the user \(owner); type `sudo exportd check`.")
      return
    }
    let report =
      if let known = answer ?? inside { known } else {
        try await loaded.probe(place?.ledger, withDestinations: withDestinations)
      }
    for finding in report.findings {
      let message = "\(finding.object): \(finding.message)"
      switch finding.severity {
      case .note: notes.append(message)
      case .warning: warnings.append(Diagnostic(.warning, file: loaded.file, message: message))
      case .error: errors.append(Diagnostic(file: loaded.file, message: message))
      }
    }
  }

  // MARK: Printing

  func print() {
    for diagnostic in errors + warnings { printError(diagnostic.description) }
    for note in notes { Swift.print(note) }
    if let service { Swift.print(service.text) }
    Swift.print(
      isSound
        ? "The configuration is sound: \(loaded.definitions.count) export(s), \(warnings.count) warning(s)."
        : "\(errors.count) error(s), \(warnings.count) warning(s): mend them, then run `exportd check` again."
    )
  }

  /// With --as-service also the text of the drop-in that is missing, and what is to be typed besides.
  var json: OrderedJSON {
    var members: [(String, OrderedJSON)] = [
      ("ok", .bool(isSound)), ("errors", .list(errors.map(\.json))),
      ("warnings", .list(warnings.map(\.json))),
    ]
    if let service {
      members.append(("dropIn", service.dropIn.isEmpty ? .null : .text(service.dropIn.text)))
      members.append(("steps", .list(service.steps.map { .text($0) })))
    }
    return .object(members)
  }
}

extension Diagnostic {
  /// Line and column are null when it is about the file as a whole.
  fileprivate var json: OrderedJSON {
    .object([
      ("file", .text(file)), ("line", .integer((position?.line).map(Int64.init))),
      ("column", .integer((position?.column).map(Int64.init))), ("path", .text(path.description)),
      ("message", .text(message)),
    ])
  }
}
