internal import CSQLite
internal import ExportCore
internal import TimeZones

/// Reads what one ``EventRead`` asks for, page by page: a page is one query, and so one short read transaction,
/// that begins behind the last row of the page before it.
struct EventReader: ~Copyable {
  private let connection: SQLiteConnection
  private let plan: ReadPlan
  private let read: EventRead
  private let filter: EventFilter
  private let timestamps: TimestampReader
  /// Nil when rows are only counted.
  private let handOver: HandOver<EventBatch>?
  private(set) var counter: EventCounter?
  private let width: EventQuery.Width
  private let columns: EventColumns
  private var assembler: RowAssembler
  private var profiles: ProfileLookup?
  private var clock: PageClock
  private var statements = [SQLiteStatement?](repeating: nil, count: EventScan.kinds)
  private var scan = EventScan.finished
  /// Nil until the page has a row.
  private var position: EventPosition?
  /// Numbers the rows of a source without a sequence.
  private var ordinal: Int64 = 0
  /// Whether the page is to end behind the row at hand.
  private var stops = false

  /// Reads into batches.
  init(
    _ read: EventRead, _ plan: ReadPlan, _ timestamps: TimestampReader, profiles: consuming ProfileLookup?,
    into handOver: HandOver<EventBatch>, in connection: SQLiteConnection
  ) {
    self.init(read, plan, timestamps, .whole, profiles: profiles, handOver, nil, connection)
  }

  /// Only counts.
  init(
    counting read: EventRead, _ plan: ReadPlan, _ timestamps: TimestampReader, zone: Zone,
    in connection: SQLiteConnection
  ) {
    self.init(
      read, plan, timestamps, .name, profiles: nil, nil, EventCounter(zone: zone), connection)
  }

  private init(
    _ read: EventRead, _ plan: ReadPlan, _ timestamps: TimestampReader, _ width: EventQuery.Width,
    profiles: consuming ProfileLookup?, _ handOver: HandOver<EventBatch>?, _ counter: EventCounter?,
    _ connection: SQLiteConnection
  ) {
    self.connection = connection
    self.plan = plan
    self.read = read
    self.timestamps = timestamps
    self.handOver = handOver
    self.counter = counter
    self.profiles = profiles
    self.width = width
    filter = EventFilter(read)
    columns = plan.query.columns(width)
    assembler = RowAssembler(columns, connection.limits)
    clock = PageClock(connection)
  }

  /// Reads all of it. Returns when everything has been handed over.
  mutating func run() throws {
    let bound = read.cut.bound
    if let window = read.window, bound != .min {
      let bounds = RawTime.bounds(of: window, plan.query.unit)
      if bound == nil {
        try run(.withoutSequence(after: bounds.after, before: bounds.before, read.cut.order))
      } else if read.cut.order == .timestamp {
        try run(.byTime(after: bounds.after, before: bounds.before))
      } else {
        try run(.bySequence(after: .min))
      }
    }
    if let bound, let low = lowEndOfLatePass, low < bound { try run(.late(after: low)) }
    if !assembler.batch.rows.isEmpty || !assembler.batch.rejected.isEmpty { giveUnfinishedBatch() }
  }

  /// Late rows and rows without a usable time lie beyond this.
  private var lowEndOfLatePass: Int64? {
    let late = read.lateWindows.isEmpty ? nil : read.watermark
    return [late, read.rejectAfter].compactMap { $0 }.min()
  }

  // MARK: Pages

  private mutating func run(_ first: EventScan) throws {
    scan = first
    while !scan.isFinished {
      if connection.stop.isRequested { throw CancellationError() }
      guard !connection.hasMoved else {
        throw connection.database.error(
          .passing, "the file was replaced while it was read",
          hint: "it is opened again with the next attempt")
      }
      position = nil
      stops = false
      clock.restart()
      try page(try statement())
      if stops { giveUnfinishedBatch() }
    }
  }

  private mutating func statement() throws -> SQLiteStatement {
    if let statement = statements[scan.kind] { return statement }
    let statement = try connection.prepare(plan.query.sql(scan, width))
    statements[scan.kind] = statement
    return statement
  }

  /// Steps until the page is over or the scan goes on elsewhere.
  private mutating func page(_ statement: SQLiteStatement) throws {
    scan.bind(statement, upTo: read.cut.bound ?? .max)
    defer { statement.reset() }
    while !stops {
      let code = sqlite3_step(statement.pointer)
      guard code == SQLITE_ROW else {
        if code == SQLITE_DONE {
          scan.advance()
        } else if code & 0xFF == SQLITE_TOOBIG, !plan.holdsSnapshot {
          statement.reset()
          try passOverTooLargeRow()
        } else {
          throw connection.failure(code)
        }
        return
      }
      try take(statement.pointer)
      if assembler.isFull { giveFullBatch() }
      if clock.isOverAfterRow() { endPage() }
    }
    scan.pause(at: position)
  }

  private mutating func endPage() {
    if plan.holdsSnapshot {
      giveUnfinishedBatch()
      clock.restart()
    } else {
      stops = true
    }
  }

  /// If there is no room for it, the page ends first: no transaction is open while the consumer is waited for.
  private mutating func giveFullBatch() {
    guard let handOver else { return }
    if plan.holdsSnapshot {
      assembler.lend { handOver.put(&$0) }
    } else if !assembler.lend({ handOver.offer(&$0) }) || clock.isOver {
      stops = true
    }
  }

  /// Rows that nobody wants are progress too: an empty batch tells of it.
  private mutating func giveUnfinishedBatch() {
    guard let handOver else { return }
    assembler.lend { handOver.put(&$0) }
  }

  // MARK: Rows

  private enum Verdict {
    case leaveOut
    case event(RowTime, ReadKey)
    case unusableTime(ReadKey)
  }

  private mutating func take(_ statement: OpaquePointer) throws {
    switch try judge(statement) {
    case .leaveOut: return
    case .unusableTime(let key):
      let name = assembler.beginRow(statement)
      if mayWant(name) { reject(statement, key, timeProblem(statement), value: EventColumns.ts) }
      assembler.dropRow()
    case .event(let time, let key):
      let name = assembler.beginRow(statement)
      if let problem = nameProblem(name) {
        if filter.mayWant(at: time.seconds) {
          reject(statement, key, problem, value: columns.name)
        }
        assembler.dropRow()
      } else if !assembler.withName(name, { filter.wants($0, at: time.seconds) }) {
        assembler.dropRow()
      } else if var counting = counter.take() {
        assembler.withName(name) { counting.add($0, at: time.seconds) }
        counter = counting
        assembler.dropRow()
      } else if try !assembler.endRow(statement, time, key, name: name, &profiles) {
        reject(
          statement, key, "the row holds more than \(connection.limits.rowBytes >> 20) MiB of text",
          value: nil)
        assembler.dropRow()
      }
    }
  }

  /// Says what becomes of the row, by its time and sequence alone, and takes note of it as the last one read.
  private mutating func judge(_ statement: OpaquePointer) throws -> Verdict {
    let sequence = sqlite3_column_int64(statement, EventColumns.sequence)
    if case .expression(let field) = plan.schema.sequence,
      sqlite3_column_type(statement, EventColumns.sequence) != SQLITE_INTEGER
    {
      let value = UTF8Text.prefix(ColumnValue(statement, EventColumns.sequence).bytes, limit: 80)
      throw Pinning.notInteger(field, value, connection.database)
    }
    let ts = ColumnValue(statement, EventColumns.ts)
    let time = timestamps.time(ts)
    var key = ReadKey(pass: 0, order: 0, sequence: sequence)
    switch scan {
    case .byTime, .byTimeRest:
      let raw = RawTime(ts)
      position = EventPosition(time: raw, sequence: sequence)
      // Before 1970: within a unit of the window, and not in it.
      guard time != nil else { return .leaveOut }
      key.order = raw.order
    case .bySequence, .finished:
      position = EventPosition(sequence: sequence)
    case .withoutSequence:
      ordinal += 1
      key.sequence = ordinal
    case .late:
      position = EventPosition(sequence: sequence)
      key.pass = 1
    }
    assembler.note(key)
    guard sequence <= read.cut.bound ?? .max else { return .leaveOut }
    return judge(time, key)
  }

  private func judge(_ time: RowTime?, _ key: ReadKey) -> Verdict {
    guard let time else {
      // Of a source with a sequence they are rejected behind all windows.
      guard let low = read.rejectAfter, key.pass == 1 ? key.sequence > low : read.cut.bound == nil else {
        return .leaveOut
      }
      return .unusableTime(key)
    }
    let isWanted =
      if key.pass == 1 {
        key.sequence > read.watermark ?? .max && filter.isLate(time.seconds)
      } else {
        read.window?.contains(Instant(seconds: time.seconds)) ?? false
      }
    return isWanted ? .event(time, key) : .leaveOut
  }

  /// Whether a row that cannot be used may be one of those asked for.
  private func mayWant(_ name: ByteRange) -> Bool {
    name.count == 0 || assembler.withName(name) { filter.mayWant($0) }
  }

  // MARK: Rejected rows

  /// The longest usable name, in bytes: every name makes files and a catalogue of its own.
  private static let nameLimit = 4096

  private func nameProblem(_ name: ByteRange) -> String? {
    if name.isAbsent { return "no usable name: it is NULL" }
    if name.count == 0 { return "no usable name: it is empty" }
    if name.count > EventReader.nameLimit {
      return "no usable name: it is longer than \(EventReader.nameLimit) bytes"
    }
    return nil
  }

  private func timeProblem(_ statement: OpaquePointer) -> String {
    if sqlite3_column_type(statement, EventColumns.ts) == SQLITE_NULL { return "no usable ts: it is NULL" }
    return "no usable ts: \(timestamps.problem)"
  }

  /// - Parameter column: of the value at fault; nil when there is none worth showing.
  private mutating func reject(
    _ statement: OpaquePointer, _ key: ReadKey, _ reason: String, value column: Int32?
  ) {
    guard handOver != nil else { return }
    assembler.reject(RejectedRow(statement, columns, key, reason, value: column))
  }

  /// SQLite gives up at a value beyond the limit. Of that row only what is small is read, it is rejected if it is
  /// one of those asked for, and the next page begins behind it.
  private mutating func passOverTooLargeRow() throws {
    scan.pause(at: position)
    for width in [EventQuery.Width.label, .name, .position] {
      let statement = try connection.prepare(plan.query.sql(scan, width))
      scan.bind(statement, upTo: read.cut.bound ?? .max)
      do {
        guard try statement.step() else {
          // It has been deleted meanwhile.
          scan.advance()
          return
        }
      } catch let error as ExportError where width != .position && error.kind == .lasting {
        continue
      }
      defer { statement.reset() }
      try passOver(statement.pointer, plan.query.columns(width))
      scan.pause(at: position)
      return
    }
  }

  private mutating func passOver(_ statement: OpaquePointer, _ columns: EventColumns) throws {
    guard case .event(let time, let key) = try judge(statement), handOver != nil else { return }
    var label = RowAssembler(columns, connection.limits)
    let name = label.beginRow(statement)
    let isWanted =
      name.isAbsent
      ? filter.mayWant(at: time.seconds) : label.withName(name) { filter.wants($0, at: time.seconds) }
    guard isWanted else { return }
    let reason = "the row holds a value of more than \(connection.limits.valueBytes >> 20) MiB"
    assembler.reject(RejectedRow(statement, columns, key, reason, value: nil))
  }
}
