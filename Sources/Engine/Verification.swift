import ExportCore
import Foundation
package import Ledger
import TimeZones

/// `exportd verify`: holds the manifest that the ledger keeps, the objects at the destination and the rows of the
/// source against each other, run by run. It changes nothing, and reads one object at a time in few threads.
///
/// Any disagreement is a failure, also where the source holds fewer rows than were delivered: from the outside, rows
/// that an application has deleted cannot be told from rows that were delivered twice. Sources that forget are left
/// out with `source: false`. Profiles change where they lie, so that only one thing can be held against them: a profile
/// that was last updated in a period cannot come to be so later.
package struct Verification: Sendable {
  package let ledger: Ledger
  package let parts: Parts

  /// Objects that are read back at the same time.
  private static let objectsUnderWay = 4

  package init(ledger: Ledger, parts: Parts) {
    self.ledger = ledger
    self.parts = parts
  }

  /// For a command that waits: JSON of `[VerifiedRun]`, or why there is none.
  package func answer(_ id: RequestId, run: RunId?, source: Bool) async -> Answer {
    do {
      let runs = try await verify(id, run: run, source: source)
      return Answer(succeeded: true, text: String(decoding: try JSONEncoder().encode(runs), as: UTF8.self))
    } catch is CancellationError {
      return Answer(succeeded: false, text: "exportd was stopped meanwhile; ask again")
    } catch {
      return Answer(succeeded: false, text: "\(error)")
    }
  }

  /// Complete runs of an export, the oldest commit first.
  /// - Parameter run: the only one; nil for all.
  /// - Throws: ``ExportError`` of the ledger, or `CancellationError`. What is wrong with source and destination is a
  ///   finding.
  package func verify(_ id: RequestId, run only: RunId?, source: Bool) async throws -> [VerifiedRun] {
    let name = try ledger.export(id)?.name ?? "export \(id)"
    let counting = Set(try ledger.doneWindows(of: id))
    var past = RunPast()
    var verified: [VerifiedRun] = []
    for run in try ledger.runs(of: id, state: .done).sorted(by: Self.committedFirst) {
      try Task.checkCancellation()
      let cuts = try ledger.cuts(of: run.id)
      if only == nil || run.id == only {
        verified.append(try await verify(run, of: name, cuts, past, source: source))
      }
      if let window = run.window, counting.contains(window) { past.complete(window, cuts) }
    }
    return verified
  }

  /// An export never runs beside itself, so that its runs have one order; within a second, windows run oldest first.
  private static func committedFirst(_ a: RunRecord, _ b: RunRecord) -> Bool {
    func key(_ run: RunRecord) -> (Instant, Instant, Instant) {
      let end = run.finishedAt ?? run.windowTo
      return (run.startedAt ?? end, end, run.windowTo)
    }
    return key(a) < key(b)
  }

  private func verify(
    _ run: RunRecord, of name: String, _ cuts: [DatabaseCut], _ past: RunPast, source: Bool
  ) async throws -> VerifiedRun {
    guard let bytes = try ledger.manifest(of: run.id), let manifestName = run.manifestName else {
      throw ExportError(.state, .lasting, object: "run \(run.id)", problem: "is DONE without a manifest")
    }
    let manifest: Manifest
    do {
      manifest = try Manifest(bytes)
    } catch {
      throw ExportError(.state, .lasting, object: "manifest of run \(run.id)", problem: "\(error)")
    }
    let revision = try ledger.revision(of: run.exportId, number: manifest.header.definitionRevision).resolved
    var verified = VerifiedRun(run, manifest)
    do {
      let destination = try parts.destination(revision.definition.destination, revision.destination)
      try await compare(bytes, manifestName, destination, &verified)
      try await compare(manifest.files, destination, &verified)
      let names = try RunFileNames(
        export: name, run.exportId, revision, runTimestamp: manifest.header.runTimestamp,
        zone: try parts.zone(revision.timeZone))
      try await findStrays(names, manifest.files, manifestName, destination, &verified)
    } catch let error as ExportError where error.stage != .state {
      verified.note(.file, "destination \(revision.definition.destination)", "could not be asked: \(error)")
    }
    if source { try await compareSource(run, manifest, revision, cuts, past, &verified) }
    return verified
  }

  // MARK: Objects

  private func compare(
    _ manifest: [UInt8], _ name: String, _ destination: any Destination, _ verified: inout VerifiedRun
  ) async throws {
    // Its size first: what is larger is not even read.
    guard let stored = try await destination.digest(name) else {
      return verified.note(.manifest, name, "is not there")
    }
    guard stored.bytes == manifest.count else {
      return verified.note(.manifest, name, "has \(stored.bytes) bytes, not \(manifest.count)")
    }
    let contents = try await destination.contents(name, limit: manifest.count)
    if contents != manifest { verified.note(.manifest, name, "is not the one that was delivered") }
  }

  private func compare(
    _ files: [Manifest.File], _ destination: any Destination, _ verified: inout VerifiedRun
  ) async throws {
    try await withThrowingTaskGroup(of: (Manifest.File, String?).self) { group in
      var rest = files[...]
      var underWay = 0
      while !rest.isEmpty || underWay > 0 {
        while underWay < Self.objectsUnderWay, let file = rest.popFirst() {
          group.addTask { (file, try await Self.problem(with: file, at: destination)) }
          underWay += 1
        }
        guard let (file, problem) = try await group.next() else { break }
        underWay -= 1
        if let problem { verified.note(.file, file.name, problem) }
      }
    }
  }

  private static func problem(
    with file: Manifest.File, at destination: any Destination
  ) async throws -> String? {
    guard let stored = try await destination.digest(file.name) else { return "is not there" }
    if stored.bytes != file.bytes { return "has \(stored.bytes) bytes, not \(file.bytes)" }
    return stored.sha256 == file.sha256
      ? nil : "has other content: SHA-256 \(stored.sha256), not \(file.sha256)"
  }

  private func findStrays(
    _ names: RunFileNames, _ files: [Manifest.File], _ manifestName: String, _ destination: any Destination,
    _ verified: inout VerifiedRun
  ) async throws {
    let known = Set(files.map(\.name) + [manifestName])
    var strays: Set<StoredObject> = []
    for stem in names.stems {
      strays.formUnion(try await destination.list(prefix: names.runPrefix, stem: stem))
    }
    for object in strays.sorted(by: { $0.name < $1.name }) where !known.contains(object.name) {
      verified.note(.stray, object.name, "is not of this run, but bears its name (\(object.bytes) bytes)")
    }
  }

  // MARK: Source

  private func compareSource(
    _ run: RunRecord, _ manifest: Manifest, _ revision: Revision, _ cuts: [DatabaseCut], _ past: RunPast,
    _ verified: inout VerifiedRun
  ) async throws {
    if manifest.header.dataType == .profiles {
      return try await compareProfiles(manifest, revision, &verified)
    }
    guard let window = run.window else { return }
    verified.isSourceCounted = true
    let reads = RunReads(
      window: window, revision: revision, watermarks: past.watermarks, doneWindows: past.doneWindows)
    for cut in cuts {
      do {
        let zone = try parts.zone(revision.timeZone)
        let counts = try await parts.source(revision.source).count(reads.read(cut), zone: zone)
        SourceComparison(manifest.files, counts, cut).note(in: &verified)
      } catch let error as ExportError where error.stage != .state {
        verified.note(.source, "database \(cut.databaseId)", "could not be counted: \(error)")
      }
    }
  }

  private func compareProfiles(
    _ manifest: Manifest, _ revision: Revision, _ verified: inout VerifiedRun
  ) async throws {
    guard case .once = revision.timing else { return }
    verified.isSourceCounted = true
    for databaseId in revision.source.databaseIds {
      let files = manifest.files.filter { $0.databaseId == databaseId }
      let taken = files.reduce(0) { $0 + $1.rows }
      let run = ProfileRun(
        revision: revision, databaseId: databaseId, cut: manifest.header.window.to, marks: [])
      do {
        let held = try await run.count(
          in: try parts.source(revision.source), memories: parts.memoryDirectory)
        if held > taken {
          verified.note(
            .source, "database \(databaseId)",
            "the source holds \(held) profiles of the period, and \(taken) were delivered or rejected")
        }
      } catch let error as ExportError where error.stage != .state {
        verified.note(.source, "database \(databaseId)", "could not be counted: \(error)")
      }
    }
  }
}
