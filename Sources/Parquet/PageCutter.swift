/// How large pages become. The same limits cut the same rows into the same pages.
public struct PageLimits: Hashable, Sendable {
  /// Rows of a data page at most.
  public var rows: Int
  /// Bytes of values after which a data page ends, and that a dictionary page may take.
  public var bytes: Int

  /// What other writers take by default as well.
  public init(rows: Int = 20_000, bytes: Int = 1 << 20) {
    self.rows = max(rows, 1)
    self.bytes = max(bytes, 1)
  }
}

/// The part of a column chunk that becomes a data page: whole rows.
struct Page {
  let firstRow: Int
  fileprivate(set) var rows = 0
  /// Values and nulls, one for each pair of levels.
  fileprivate(set) var entries = 0
  /// Where its levels begin: in this run, behind so many entries of it.
  let firstRun: Int
  let entriesBefore: Int
  /// Its values, by their numbers in the chunk.
  fileprivate(set) var values: Range<Int>
  /// Its values, by their bytes in the chunk.
  fileprivate(set) var bytes: Range<Int>

  var nulls: Int { entries - values.count }
}

/// Cuts a column chunk into pages.
struct PageCutter {
  private let type: PhysicalType
  private let maxDefinition: Int
  private let values: UnsafeRawBufferPointer
  private let runs: UnsafeBufferPointer<LevelRuns.Run>?
  private let rows: Int
  private let limits: PageLimits

  /// What the next page begins with.
  private var row = 0
  private var run = 0
  private var entriesBefore = 0
  private var value = 0
  private var byte = 0

  init(
    _ buffer: borrowing ColumnBuffer, runs: UnsafeBufferPointer<LevelRuns.Run>?, rows: Int, limits: PageLimits
  ) {
    type = buffer.type
    maxDefinition = buffer.maxDefinition
    values = buffer.values.bytes
    self.runs = runs
    self.rows = rows
    self.limits = limits
  }

  mutating func next() -> Page? {
    guard row < rows else { return nil }
    var page = Page(
      firstRow: row, firstRun: run, entriesBefore: entriesBefore, values: value..<value, bytes: byte..<byte)
    if let runs {
      cut(runs, &page)
    } else {
      page.rows = takeValues(min(limits.rows, rows - row), into: &page)
      page.entries = page.rows
    }
    row += page.rows
    value = page.values.upperBound
    byte = page.bytes.upperBound
    return page
  }

  private mutating func cut(_ runs: UnsafeBufferPointer<LevelRuns.Run>, _ page: inout Page) {
    while run < runs.count {
      let current = runs[run]
      let beginsRows = current.repetition == 0
      var taken = current.count - entriesBefore
      if beginsRows {
        if page.rows >= limits.rows || page.bytes.count >= limits.bytes { return }
        taken = min(taken, limits.rows - page.rows)
      }
      if current.definition == maxDefinition {
        taken = takeValues(taken, into: &page, whole: !beginsRows)
      }
      page.entries += taken
      if beginsRows { page.rows += taken }
      entriesBefore += taken
      if entriesBefore == current.count {
        run += 1
        entriesBefore = 0
      }
    }
  }

  /// Adds values to a page until it is full, but one at least.
  /// - Parameter whole: all of them, because they go on with a row.
  /// - Returns: how many it has added.
  private func takeValues(_ count: Int, into page: inout Page, whole: Bool = false) -> Int {
    let limit = whole ? Int.max : limits.bytes
    var end = page.bytes.upperBound
    let taken: Int
    if type.width > 0 {
      let room = max(1, (limits.bytes - page.bytes.count + type.width - 1) / type.width)
      taken = whole ? count : min(count, room)
      end += taken * type.width
    } else {
      var added = 0
      repeat {
        end += 4 + Int(values.loadUnaligned(fromByteOffset: end, as: UInt32.self))
        added += 1
      } while added < count && end - page.bytes.lowerBound < limit
      taken = added
    }
    page.values = page.values.lowerBound..<page.values.upperBound + taken
    page.bytes = page.bytes.lowerBound..<end
    return taken
  }
}
