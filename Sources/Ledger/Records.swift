package import ExportCore
import Foundation
package import GRDB
package import TimeZones

/// The life of a run (SPEC section 5).
package enum RunState: String, Hashable, Sendable, Codable, CaseIterable, DatabaseValueConvertible,
  StatementColumnConvertible
{
  case pending = "PENDING"
  case running = "RUNNING"
  case done = "DONE"
  case failed = "FAILED"
  case stopped = "STOPPED"
  case skipped = "SKIPPED"
}

/// The life of an export as people see it.
package enum ExportState: String, Hashable, Sendable, Codable, CaseIterable {
  case pending = "PENDING"
  case running = "RUNNING"
  case done = "DONE"
  case failed = "FAILED"
  case stopped = "STOPPED"
}

/// Whose wish a stopped export follows; what a person stopped stays stopped across reloads.
package enum Stopper: String, Hashable, Sendable, Codable, DatabaseValueConvertible,
  StatementColumnConvertible
{
  case person
  /// Its definition file was removed.
  case file
  /// The daemon itself, for the recorded reason.
  case daemon
}

/// Where a definition lives.
package enum Origin: String, Hashable, Sendable, Codable, DatabaseValueConvertible, StatementColumnConvertible
{
  case file, command
}

/// The request id of an export: epoch seconds of its creation, unique in the state database.
package typealias RequestId = Int64
/// The ledger's number of a run.
package typealias RunId = Int64

/// One export as the ledger holds it.
package struct ExportRecord: Hashable, Sendable, Codable, FetchableRecord {
  package var id: RequestId
  package var name: String
  package var origin: Origin
  package var dataType: DataType
  /// Number of the newest revision.
  package var revision: Int
  /// No window before it is ever planned; nil until the first one is.
  package var plannedThrough: Instant?
  /// Whether its source knows a sequence, so that late rows are sent; nil until the source has been asked.
  package var hasSequence: Bool?
  package var stoppedBy: Stopper?
  /// When it was last told to stop.
  package var stoppedAt: Instant?
  package var reason: String?
  package var createdAt: Instant
  package var deletedAt: Instant?
  /// The name of the source of its newest revision.
  package var source: String
  package var isRecurring: Bool
  /// When the last thing it will ever run had ended.
  package var doneAt: Instant?
  /// The one-time export that stopped this one and at whose end it starts again.
  package var resumesAfter: RequestId?
  /// Whether it has only not begun yet: it waits for the end of `resumesAfter`, and nobody stopped it.
  package var waits: Bool

  /// Whether it must be admitted before it runs: a recurring profile export of its source keeps it waiting.
  package var needsAdmission: Bool { dataType == .profiles && !isRecurring }

  package init(row: Row) {
    var column = ColumnsInOrder(row)
    id = column()
    name = column()
    origin = column()
    dataType = column()
    revision = column()
    plannedThrough = column()
    hasSequence = column()
    stoppedBy = column()
    stoppedAt = column()
    reason = column()
    createdAt = column()
    deletedAt = column()
    source = column()
    isRecurring = column()
    doneAt = column()
    resumesAfter = column()
    waits = column()
  }

  /// In the order in which ``init(row:)`` takes them.
  static let columns = """
    id, name, origin, data_type, revision, planned_through, has_sequence, stopped_by, stopped_at,
    reason, created_at, deleted_at, source, is_recurring, done_at, resumes_after, waits
    """
}

/// One run as the ledger holds it; the manifest's bytes stay behind.
package struct RunRecord: Hashable, Sendable, Codable, FetchableRecord {
  package var id: RunId
  package var exportId: RequestId
  package var windowFrom: Instant?
  package var windowTo: Instant
  package var state: RunState
  package var reason: String?
  package var bootId: String?
  package var runTimestamp: Int64?
  package var revision: Int?
  package var attempt: Int
  package var scheduledAt: Instant
  package var firstAttemptAt: Instant?
  package var startedAt: Instant?
  package var finishedAt: Instant?
  package var nextAttemptAt: Instant?
  package var rows: Int
  package var bytes: Int
  package var files: Int
  package var rejected: Int
  package var error: String?
  package var manifestName: String?
  /// Of a profile run: the instant whose profiles it holds.
  package var cutAt: Instant?
  /// Of a profile run: the cut of the last one that succeeded before it; nil for the first.
  package var previousCutAt: Instant?
  /// Of a one-time profile run: since when it may run.
  package var admittedAt: Instant?

  package init(row: Row) {
    var column = ColumnsInOrder(row)
    id = column()
    exportId = column()
    windowFrom = column()
    windowTo = column()
    state = column()
    reason = column()
    bootId = column()
    runTimestamp = column()
    revision = column()
    attempt = column()
    scheduledAt = column()
    firstAttemptAt = column()
    startedAt = column()
    finishedAt = column()
    nextAttemptAt = column()
    rows = column()
    bytes = column()
    files = column()
    rejected = column()
    error = column()
    manifestName = column()
    cutAt = column()
    previousCutAt = column()
    admittedAt = column()
  }

  /// In the order in which ``init(row:)`` takes them.
  static let columns = """
    id, export_id, window_from, window_to, state, reason, boot_id, run_timestamp, revision, attempt, scheduled_at,
    first_attempt_at, started_at, finished_at, next_attempt_at, rows, bytes, files, rejected, error, manifest_name,
    cut_at, previous_cut_at, admitted_at
    """

  /// The window of a run that has one: of events, or of profiles updated in a period.
  package var window: Window? { windowFrom.flatMap { Window(from: $0, to: windowTo) } }

  /// What it covers as people see it: its window, or the two cuts of a profile run. Until its cut is pinned that is
  /// the boundary at which it is due.
  package var span: Manifest.Span {
    windowFrom == nil
      ? Manifest.Span(from: previousCutAt, to: cutAt ?? windowTo)
      : Manifest.Span(from: windowFrom, to: windowTo)
  }
}

/// The columns of a row, one after the other. To look each up by its name would cost more than all the rest of reading
/// ten thousand rows.
struct ColumnsInOrder {
  private let row: Row
  private var next = 0

  init(_ row: Row) { self.row = row }

  @inline(__always)
  mutating func callAsFunction<Value: DatabaseValueConvertible & StatementColumnConvertible>() -> Value {
    defer { next += 1 }
    return row[next]
  }
}

/// One name that a run has, or may have, at its destination.
package struct FileRecord: Hashable, Sendable, FetchableRecord {
  package enum Kind: String, Hashable, Sendable, Codable, DatabaseValueConvertible { case data, rejected }
  package enum State: String, Hashable, Sendable, Codable, DatabaseValueConvertible {
    /// Written down before the delivery; it may be there or not.
    case sending
    case delivered
    /// Of an earlier attempt: goes unless this one makes it again.
    case stale
    /// To be deleted, but the destination refuses.
    case undeletable
  }
  package var name: String
  package var kind: Kind
  package var databaseId: String
  private var eventNameText: WholeText?
  /// `yyyy-MM-dd`.
  package var date: String?
  package var fileIndex: Int?
  package var rows: Int
  package var bytes: Int
  package var sha256: String
  package var firstKey: ReadKey?
  package var lastKey: ReadKey?
  /// The revision under which it was sent: its destination is that one's.
  package var revision: Int
  package var state: State
  package var error: String?

  package init(row: Row) {
    name = row["name"]
    kind = row["kind"]
    databaseId = row["database_id"]
    eventNameText = row["event_name"]
    date = row["date"]
    fileIndex = row["file_index"]
    rows = row["rows"]
    bytes = row["bytes"]
    sha256 = row["sha256"]
    firstKey = row["first_key"]
    lastKey = row["last_key"]
    revision = row["revision"]
    state = row["state"]
    error = row["error"]
  }

  package init(
    name: String, kind: Kind, databaseId: String, eventName: String?, date: String?, fileIndex: Int?,
    rows: Int, bytes: Int, sha256: String, firstKey: ReadKey?, lastKey: ReadKey?, revision: Int,
    state: State = .sending, error: String? = nil
  ) {
    self.name = name
    self.kind = kind
    self.databaseId = databaseId
    eventNameText = eventName.map(WholeText.init)
    self.date = date
    self.fileIndex = fileIndex
    self.rows = rows
    self.bytes = bytes
    self.sha256 = sha256
    self.firstKey = firstKey
    self.lastKey = lastKey
    self.revision = revision
    self.state = state
    self.error = error
  }

  package var eventName: String? { eventNameText?.text }
}

/// Text that may hold NUL, such as a source's event name. A `String` is bound and read as a C string, which ends there, so
/// this goes as bytes; a statement stores it by `CAST(? AS TEXT)`.
struct WholeText: Hashable, Codable, DatabaseValueConvertible, StatementColumnConvertible {
  let text: String

  init(_ text: String) { self.text = text }

  init(sqliteStatement: SQLiteStatement, index: CInt) {
    text = String(decoding: Data(sqliteStatement: sqliteStatement, index: index), as: UTF8.self)
  }

  var databaseValue: DatabaseValue { Data(text.utf8).databaseValue }

  static func fromDatabaseValue(_ value: DatabaseValue) -> WholeText? {
    Data.fromDatabaseValue(value).map { WholeText(String(decoding: $0, as: UTF8.self)) }
  }
}

/// A watermark as the ledger holds it.
package struct WatermarkRecord: Hashable, Sendable, Codable, FetchableRecord {
  package var databaseId: String
  package var bound: Int64?
  package var fingerprint: String?
  /// The bound when the export was stored, or first seen.
  package var createdBound: Int64?
  package var runId: RunId?

  package init(row: Row) {
    databaseId = row["database_id"]
    bound = row["bound"]
    fingerprint = row["fingerprint"]
    createdBound = row["created_bound"]
    runId = row["run_id"]
  }

  package init(
    databaseId: String, bound: Int64? = nil, fingerprint: String? = nil, createdBound: Int64? = nil,
    runId: RunId? = nil
  ) {
    self.databaseId = databaseId
    self.bound = bound
    self.fingerprint = fingerprint
    self.createdBound = createdBound
    self.runId = runId
  }

  package var watermark: Watermark? { bound.map { Watermark(bound: $0, fingerprint: fingerprint) } }
}

/// What the next delta of a profile export begins from in one database.
package struct ProfileMark: Hashable, Sendable, FetchableRecord {
  package var databaseId: String
  package var mode: ProfileMode
  /// The cut of the run that set it.
  package var cutAt: Instant
  /// Versions from here on are read again and held against the memory.
  package var since: Instant
  /// Name of the file that remembers what was sent, in the directory of memories; nil for a mode without one.
  package var memory: String?
  package var memorySha256: String?

  package init(row: Row) {
    databaseId = row["database_id"]
    mode = row["mode"]
    cutAt = row["cut_at"]
    since = row["since"]
    memory = row["memory"]
    memorySha256 = row["memory_sha256"]
  }

  package init(
    databaseId: String, mode: ProfileMode, cutAt: Instant, since: Instant, memory: String? = nil,
    memorySha256: String? = nil
  ) {
    self.databaseId = databaseId
    self.mode = mode
    self.cutAt = cutAt
    self.since = since
    self.memory = memory
    self.memorySha256 = memorySha256
  }
}

extension DataType: DatabaseValueConvertible, StatementColumnConvertible {}
extension ProfileMode: DatabaseValueConvertible {}

extension Instant: DatabaseValueConvertible, StatementColumnConvertible {
  package init?(sqliteStatement: SQLiteStatement, index: CInt) {
    self.init(seconds: Int64(sqliteStatement: sqliteStatement, index: index))
  }
  package var databaseValue: DatabaseValue { seconds.databaseValue }
  package static func fromDatabaseValue(_ value: DatabaseValue) -> Instant? {
    Int64.fromDatabaseValue(value).map(Instant.init(seconds:))
  }
}

extension ReadKey: DatabaseValueConvertible {
  /// `pass:order:sequence`.
  package var databaseValue: DatabaseValue { "\(pass):\(order):\(sequence)".databaseValue }
  package static func fromDatabaseValue(_ value: DatabaseValue) -> ReadKey? {
    guard let parts = String.fromDatabaseValue(value)?.split(separator: ":"), parts.count == 3,
      let pass = UInt8(parts[0]), let order = Int64(parts[1]), let sequence = Int64(parts[2])
    else { return nil }
    return ReadKey(pass: pass, order: order, sequence: sequence)
  }
}
