import ExportCore
import Formats
import Ledger
import TimeZones

/// Event runs (SPEC section 3). Formats with columns need to know all of them before the first byte of a file. A run
/// goes by those of the export's catalogue and writes at once; an event of which a row does not fit is read once more
/// when all databases have been read, and written then. So nothing is read twice on a day that brings nothing new.
extension RunExecutor {
  /// How many rows of each database are looked at beforehand when nothing is known yet.
  private static let rowsAhead = 10_000

  func deliverEvents(
    _ begun: BegunRun, _ names: RunFileNames, _ zone: Zone, _ source: any Source, _ delivery: Delivery
  ) async throws -> Delivered {
    guard let window = begun.run.window else {
      throw ExportError(.state, .lasting, object: "run \(begun.run.id)", problem: "has no window")
    }
    let revision = begun.revision.resolved
    let reads = RunReads(
      window: window, revision: revision, watermarks: begun.watermarks, doneWindows: begun.doneWindows,
      isPlannedAgain: begun.isPlannedAgain)
    let cuts = try await pin(begun, reads, source)
    var kept = try resumable(begun, cuts)
    for stem in names.stems { try await delivery.destination.removeLeftovers(stem: stem) }
    let catalogue = try await eventCatalogue(begun, zone, source, cuts.map(reads.read), delivery.control)
    // Nil for all of them.
    var grown: [String]?
    repeat {
      catalogue.beginPass()
      for cut in cuts {
        let files = try EventFiles(
          names, databaseId: cut.databaseId, revision: revision, zone: zone, catalogue: catalogue,
          stagingDirectory: delivery.destination.stagingDirectory ?? parts.stagingDirectory,
          delivered: kept.filter { $0.databaseId == cut.databaseId }.compactMap(\.delivered))
        try await delivery.deliver(
          files, from: source, reads.read(cut, again: grown), countsRows: grown == nil)
      }
      try catalogue.checkRejected()
      kept = []
      grown = try recordGrowth(catalogue, begun.run.id)
    } while grown?.isEmpty == false
    return Delivered(
      span: Manifest.Span(from: window.from, to: window.to), watermarks: cuts,
      columns: catalogue.changes(ofGrown: false))
  }

  // MARK: Steps

  /// Proves every database before any file is written, and pins the bounds of those that are not pinned yet.
  private func pin(_ begun: BegunRun, _ reads: RunReads, _ source: any Source) async throws -> [DatabaseCut] {
    let (cuts, fresh) = try await reads.cuts(source, pinned: begun.cuts)
    try ledger.pin(fresh, of: begun.run.id)
    for cut in fresh where reads.lacksCreationBound(cut.databaseId) {
      if let bound = cut.bound {
        try ledger.recordCreationBound(begun.run.exportId, databaseId: cut.databaseId, bound: bound)
      }
    }
    return cuts
  }

  /// The delivered files that this attempt goes on behind. A source without a sequence has no bound to go on under:
  /// its run starts over, and what it had delivered goes unless it is made again.
  private func resumable(_ begun: BegunRun, _ cuts: [DatabaseCut]) throws -> [FileRecord] {
    guard !begun.files.isEmpty else { return [] }
    guard cuts.allSatisfy({ $0.bound != nil }) else {
      try ledger.outdate(filesOf: begun.run.id)
      return []
    }
    return begun.files.filter { $0.kind == .data && $0.state == .delivered }
  }

  /// The columns to begin with: those of the export, and what earlier attempts of the run have added. Where there are
  /// none yet, those of the first rows.
  private func eventCatalogue(
    _ begun: BegunRun, _ zone: Zone, _ source: any Source, _ reads: [EventRead], _ control: AttemptControl
  ) async throws -> EventCatalogue {
    let revision = begun.revision.resolved
    let catalogue = EventCatalogue(revision)
    guard catalogue.need != .nothing else { return catalogue }
    try ledger.forEachColumn(of: begun.run.id) { try catalogue.add($0) }
    guard catalogue.isEmpty else { return catalogue }
    for read in reads {
      let look = EventLookAhead(catalogue, revision: revision, zone: zone, rows: Self.rowsAhead)
      do {
        try await source.read(read) { batch in
          control.moved()
          if try look.append(batch) { throw SeenEnough() }
        }
      } catch is SeenEnough {}
    }
    _ = try recordGrowth(catalogue, begun.run.id)
    return catalogue
  }

  /// Writes down what has grown before any file is written with it.
  /// - Returns: names of the events that are read again.
  private func recordGrowth(_ catalogue: EventCatalogue, _ id: RunId) throws(ExportError) -> [String] {
    let grown = catalogue.grown
    guard !grown.isEmpty else { return [] }
    try ledger.grow(catalogue.changes(ofGrown: true), of: id, outdating: grown)
    catalogue.setRecorded()
    return grown
  }
}

/// Ends a look ahead.
struct SeenEnough: Error {}

extension RunReads {
  /// - Parameter names: of the events that are wanted once more; nil for the first read of all.
  fileprivate func read(_ cut: DatabaseCut, again names: [String]?) -> EventRead {
    var read = read(cut)
    guard let names else { return read }
    // Without a time they were rejected, of whatever name they are.
    read.rejectAfter = nil
    let all = read.selection
    let since = names.map { ($0, all.names[$0] ?? all.allSince ?? Instant(seconds: .max)) }
    let again = Dictionary(since, uniquingKeysWith: { min($0, $1) })
    // Two names may be the same to Unicode and two to a source: then all are read.
    if again.count == names.count { read.selection = EventSelection(allSince: nil, names: again) }
    return read
  }
}
