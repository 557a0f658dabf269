internal import Glibc

/// Tells when a read transaction has lasted long enough.
struct PageClock {
  private let nanoseconds: UInt64
  private let rowLimit: Int
  private var deadline: UInt64 = 0
  private var rows = 0

  init(_ connection: SQLiteConnection) {
    let limits = connection.limits
    let milliseconds =
      connection.journalMode == .wal ? limits.pageMilliseconds.wal : limits.pageMilliseconds.rollback
    nanoseconds = UInt64(milliseconds) * 1_000_000
    rowLimit = limits.rowsPerPage
  }

  mutating func restart() {
    deadline = PageClock.now() + nanoseconds
    rows = 0
  }

  /// To be asked once a row: looks at the clock every few rows.
  mutating func isOverAfterRow() -> Bool {
    rows += 1
    return rows >= rowLimit || (rows & 63 == 0 && isOver)
  }

  var isOver: Bool { PageClock.now() >= deadline }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
