/// Where a field's bytes lie in a batch.
package struct ByteRange: Hashable, Sendable {
  package var offset: UInt32
  package var count: UInt32

  package init(offset: UInt32, count: UInt32) {
    self.offset = offset
    self.count = count
  }

  /// The range of a field that has no value: SQL NULL, or no column.
  package static let absent = ByteRange(offset: .max, count: 0)
  @inlinable package var isAbsent: Bool { offset == .max }
}

/// Where a row stands in the fixed order in which its database is read. Keys of one cut are unique and
/// ascend, so that an interrupted run can go on behind the last delivered one.
package struct ReadKey: Hashable, Comparable, Sendable, Codable {
  /// 0: the rows of the run's own window; 1: rows that came late for windows already done.
  package var pass: UInt8
  /// The source's own `ts` where rows are read in time order, else 0.
  package var order: Int64
  /// The sequence, or the ordinal of the row in a source without one.
  package var sequence: Int64

  package init(pass: UInt8, order: Int64, sequence: Int64) {
    self.pass = pass
    self.order = order
    self.sequence = sequence
  }

  package static func < (a: ReadKey, b: ReadKey) -> Bool {
    (a.pass, a.order, a.sequence) < (b.pass, b.order, b.sequence)
  }
}

/// One event as ranges into its batch's bytes. Text is UTF-8, always valid: a source mends what is not.
/// JSON fields hold the source's text, not yet checked.
package struct EventRow: Sendable {
  /// Milliseconds since the epoch, rounded down.
  package var ts: Int64
  package var key: ReadKey
  package var name = ByteRange.absent
  /// Only a label in rejected rows.
  package var id = ByteRange.absent
  package var objectId = ByteRange.absent
  package var identity = ByteRange.absent
  package var email = ByteRange.absent
  package var phone = ByteRange.absent
  package var profileName = ByteRange.absent
  package var platform = ByteRange.absent
  package var pushToken = ByteRange.absent
  /// A JSON array.
  package var allIdentities = ByteRange.absent
  /// A JSON object.
  package var device = ByteRange.absent
  /// A JSON object.
  package var session = ByteRange.absent
  package var controlGroup = ByteRange.absent
  /// A JSON object.
  package var properties = ByteRange.absent

  package init(ts: Int64, key: ReadKey) {
    self.ts = ts
    self.key = key
  }
}

/// A row that cannot be converted: it is named, once, in the run's rejected file.
package struct RejectedRow: Hashable, Sendable, Codable {
  package var key: ReadKey
  /// The value of the field `id`, if the source has one; of a profile, its objectId.
  package var id: String?
  /// The event's name, if it has one.
  package var name: String?
  /// What is wrong, in words.
  package var reason: String
  /// The value at fault, at most ``valueLimit`` bytes of it.
  package var value: String?

  /// How much of a value at fault is kept, in bytes.
  package static let valueLimit = 4096

  package init(key: ReadKey, id: String?, name: String?, reason: String, value: String?) {
    self.key = key
    self.id = id
    self.name = name
    self.reason = reason
    self.value = value
  }
}

/// The unit that flows from a source to an encoder: some hundreds of rows over one owned buffer. It is
/// handed over, not copied: the source lets go of it when it yields it.
package struct EventBatch: Sendable {
  /// All text of all rows; at most `UInt32.max - 1` bytes.
  package var bytes: [UInt8]
  /// In ascending order of their keys.
  package var rows: [EventRow]
  /// Rows that the source could not convert, in ascending order of their keys.
  package var rejected: [RejectedRow]
  /// The last key read so far, also of rows that were left out.
  package var lastKey: ReadKey?

  package init() {
    bytes = []
    rows = []
    rejected = []
    lastKey = nil
  }
}
