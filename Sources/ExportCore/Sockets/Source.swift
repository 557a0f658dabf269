package import TimeZones

/// The point up to which one database is read by a run, pinned at its first attempt and kept for all.
package struct DatabaseCut: Hashable, Sendable, Codable {
  package var databaseId: String
  /// The highest sequence at the time of pinning, inclusive; `Int64.min` for an empty table; nil for a source
  /// without a sequence.
  package var bound: Int64?
  /// What the row at `bound` looked like; nil without a row.
  package var fingerprint: String?
  /// Whether the window's rows are read in the order of `ts` (an index serves it) or of the sequence.
  package var order: ReadOrder

  package enum ReadOrder: String, Hashable, Sendable, Codable { case timestamp, sequence }

  package init(databaseId: String, bound: Int64?, fingerprint: String?, order: ReadOrder) {
    self.databaseId = databaseId
    self.bound = bound
    self.fingerprint = fingerprint
    self.order = order
  }
}

/// The bound of the last DONE run of an export in one database, with the fingerprint of its row.
package struct Watermark: Hashable, Sendable, Codable {
  package var bound: Int64
  package var fingerprint: String?

  package init(bound: Int64, fingerprint: String?) {
    self.bound = bound
    self.fingerprint = fingerprint
  }
}

/// Which events an export wants, each name from its own instant on: a name added later starts with the
/// next window and never reaches back.
package struct EventSelection: Hashable, Sendable, Codable {
  /// Every event from this instant on; nil when only `names` count.
  package var allSince: Instant?
  package var names: [String: Instant]

  package init(allSince: Instant?, names: [String: Instant]) {
    self.allSince = allSince
    self.names = names
  }
}

/// What one run reads from one database.
package struct EventRead: Sendable {
  package var cut: DatabaseCut
  package var selection: EventSelection
  /// Pass 0: rows up to the bound with `ts` in it. Nil when this run has no window of its own here.
  package var window: Window?
  /// Pass 1: rows in (watermark, bound] whose `ts` lies in one of these; ascending, apart from one another,
  /// and apart from `window`. Empty without a watermark or a sequence.
  package var lateWindows: [Window]
  /// The lower end of pass 1, exclusive.
  package var watermark: Int64?
  /// Rows beyond this sequence and up to the bound that have no usable `ts` are rejected by this run; nil when
  /// no such row belongs to it.
  package var rejectAfter: Int64?

  package init(
    cut: DatabaseCut, selection: EventSelection, window: Window?, lateWindows: [Window] = [],
    watermark: Int64? = nil, rejectAfter: Int64? = nil
  ) {
    self.cut = cut
    self.selection = selection
    self.window = window
    self.lateWindows = lateWindows
    self.watermark = watermark
    self.rejectAfter = rejectAfter
  }
}

/// One row of what a run would send: how many events of one name fall on one local date.
package struct EventCount: Hashable, Sendable {
  package var name: String
  package var date: LocalDate
  package var rows: Int

  package init(name: String, date: LocalDate, rows: Int) {
    self.name = name
    self.date = date
    self.rows = rows
  }
}

/// Something `exportd check` says about a source.
package struct SourceFinding: Hashable, Sendable {
  package enum Severity: Hashable, Sendable { case note, warning, error }
  package var severity: Severity
  package var message: String

  package init(_ severity: Severity, _ message: String) {
    self.severity = severity
    self.message = message
  }
}

/// The socket for places that records are read from. An implementation opens nothing before it is asked,
/// never writes to what it reads, never holds up its writers for more than a moment, and passes the
/// conformance suite for sources.
package protocol Source: Sendable {
  /// In the order of the configuration.
  var databaseIds: [String] { get }

  /// Whether every database knows a sequence: without one there are no late rows and no resume.
  /// - Throws: ``ExportError`` when a database cannot be opened or does not fit the mapping.
  func hasSequence() async throws -> Bool

  /// Proves that a database can be read as mapped and pins its upper bound, before any file is written.
  /// - Parameter watermark: when given, the row it was taken from must still be there and the same.
  /// - Throws: ``ExportError``; kind `sourceReplaced` when the watermark's row is gone or different, or the
  ///   maximum is lower than it.
  func pin(_ databaseId: String, watermark: Watermark?) async throws -> DatabaseCut

  /// Reads what `read` asks for in ascending key order, in short read transactions, with at most a few
  /// batches under way. Cancelling the task ends the query.
  /// - Parameter yield: takes each batch; while it waits no read transaction is open (save where a source without
  ///   a sequence must hold its snapshot).
  /// - Throws: ``ExportError``, or what `yield` throws.
  func read(_ read: EventRead, yield: (consuming EventBatch) async throws -> Void) async throws

  /// Counts what `read` would yield per event name and local date of `zone`, without yielding it.
  func count(_ read: EventRead, zone: Zone) async throws -> [EventCount]

  /// Proves that the profiles of a database can be read as mapped, before any file is written.
  /// - Parameter needsVersions: whether the mapping must have `updatedAt`.
  /// - Throws: ``ExportError``.
  func proveProfiles(_ databaseId: String, needsVersions: Bool) async throws

  /// Reads profiles in the order of their object keys, as they all were at one moment. That moment's snapshot is held
  /// while rows are read, and given up as soon as the last one is.
  /// - Parameter yield: takes each batch, and returns soon: what is slow waits until all have been read.
  /// - Throws: ``ExportError``, or what `yield` throws.
  func readProfiles(
    _ read: ProfileRead, yield: (consuming ProfileBatch) async throws -> Void) async throws

  /// Everything a person should know or mend, for `exportd check`; never throws for what is wrong with the source.
  func check() async -> [SourceFinding]
}
