internal import ExportCore

/// The row last read.
struct EventPosition {
  /// Only where rows are read by time.
  var time = RawTime.integer(0)
  var sequence: Int64
}

/// Which rows the next page has, and where it begins.
enum EventScan {
  /// Rows by `ts`, then sequence.
  case byTime(after: SQLiteValue, before: SQLiteValue)
  /// The remaining rows of one `ts`, then those beyond it.
  case byTimeRest(of: SQLiteValue, after: Int64, before: SQLiteValue)
  case bySequence(after: Int64)
  case withoutSequence(after: SQLiteValue, before: SQLiteValue, DatabaseCut.ReadOrder)
  /// Pass 1: rows by sequence that may be late or lack a usable time.
  case late(after: Int64)
  case finished

  var isFinished: Bool { if case .finished = self { true } else { false } }

  /// Which statement it takes: a small number.
  var kind: Int {
    switch self {
    case .byTime: 0
    case .byTimeRest: 1
    case .bySequence, .late, .finished: 2
    case .withoutSequence: 3
    }
  }

  static let kinds = 4

  func bind(_ statement: SQLiteStatement, upTo bound: Int64) {
    switch self {
    case .byTime(let after, let before), .withoutSequence(let after, let before, _):
      statement.bind(after, at: 1)
      statement.bind(before, at: 2)
    case .byTimeRest(let time, let after, _):
      statement.bind(time, at: 1)
      statement.bind(.integer(after), at: 2)
    case .bySequence(let after), .late(let after):
      statement.bind(.integer(after), at: 1)
      statement.bind(.integer(bound), at: 2)
    case .finished: break
    }
  }

  /// The next page begins behind `position`, or as this one when it had no row.
  mutating func pause(at position: EventPosition?) {
    guard let position else { return }
    switch self {
    case .byTime(_, let before), .byTimeRest(_, _, let before):
      self = .byTimeRest(of: position.time.value, after: position.sequence, before: before)
    case .bySequence: self = .bySequence(after: position.sequence)
    case .late: self = .late(after: position.sequence)
    case .withoutSequence, .finished: break
    }
  }

  /// The page had no more rows.
  mutating func advance() {
    switch self {
    case .byTimeRest(let time, _, let before): self = .byTime(after: time, before: before)
    case .byTime, .bySequence, .late, .withoutSequence, .finished: self = .finished
    }
  }
}

extension EventQuery {
  func sql(_ scan: EventScan, _ width: Width) -> String {
    switch scan {
    case .byTime: byTime(width)
    case .byTimeRest: byTimeRest(width)
    case .bySequence, .late, .finished: bySequence(width)
    case .withoutSequence(_, _, let order): withoutSequence(width, order)
    }
  }
}
