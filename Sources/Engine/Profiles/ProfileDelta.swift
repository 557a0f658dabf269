import Crypto
import ExportCore
import Ledger
import TimeZones

/// Decides, profile by profile, what a run sends of one database, and writes down what the next run must know. Rows
/// pass through in the order of their keys.
///
/// `changed` leaves out versions that are remembered as sent; `compared` leaves out profiles whose digest is
/// remembered, and tells of those that are remembered and gone. A profile that is deleted when an export first sees
/// its database is not sent: nobody downstream knows of it. Rows without an object, which are rejected, are known by all
/// that they hold.
final class ProfileDelta {
  private let mode: ProfileMode
  /// Nothing has been sent of this database before.
  private let isFirst: Bool
  /// Versions from here on are remembered.
  private let rememberedFrom: Instant
  private let memory: ProfileMemoryReader?
  private let next: ProfileMemoryWriter?

  /// The key at hand, and what is remembered of it. Rows without an object share the empty key, which comes first.
  private var key: [UInt8] = []
  private var hasKey = false
  private var known: [ProfileStamp] = []
  /// How often each row without an object is remembered.
  private var nameless: [ProfileStamp: Int] = [:]
  /// Keys of profiles that are gone, to be told of with the batch at hand.
  private var gone: [UInt8] = []
  private var goneRows: [ProfileRow] = []
  private var content: [UInt8] = []
  private var ordinal: Int64 = 0

  /// - Parameter memory: of the run before; nil when there is none.
  /// - Parameter next: takes what this run leaves to the next one; nil for a mode without a memory.
  init(
    mode: ProfileMode, isFirst: Bool, rememberedFrom: Instant, memory: ProfileMemoryReader?,
    next: ProfileMemoryWriter?
  ) {
    self.mode = mode
    self.isFirst = isFirst
    self.rememberedFrom = rememberedFrom
    self.memory = memory
    self.next = next
  }

  /// Leaves in `batch` what is to be sent, those that are gone among them.
  func filter(_ batch: inout ProfileBatch) throws {
    var kept: [ProfileRow] = []
    kept.reserveCapacity(batch.rows.count)
    let base = UInt32(batch.bytes.count)
    try batch.bytes.withUnsafeBytes { bytes in
      for var row in batch.rows {
        let key = Self.bytes(row.objectKey, bytes)
        if !isAtHand(key) { try move(to: key, base) }
        kept += goneRows
        goneRows.removeAll(keepingCapacity: true)
        guard try isToBeSent(row, key, bytes) else { continue }
        row.key.sequence = count()
        kept.append(row)
      }
    }
    batch.rejected = renumber(&kept, batch)
    batch.rows = kept
    batch.bytes += gone
    gone.removeAll(keepingCapacity: true)
  }

  /// What is left behind the last row: profiles that are gone. To be called once.
  func rest() throws -> ProfileBatch {
    var batch = ProfileBatch()
    while let memory, memory.hasEntry { try takeGone(memory, 0) }
    batch.rows = goneRows
    batch.bytes = gone
    goneRows = []
    gone = []
    return batch
  }

  /// Makes the memory of this run durable; its SHA-256, or nil for a mode without one.
  func finish() throws -> String? {
    try next?.finish()
  }

  // MARK: One row

  private func isToBeSent(_ row: ProfileRow, _ key: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer)
    throws -> Bool
  {
    guard !key.isEmpty else { return try isToBeRejected(row, bytes) }
    switch mode {
    case .full: return !(isFirst && row.isDeleted)
    case .changed:
      guard let version = row.version else { return !(isFirst && row.isDeleted) }
      let stamp = ProfileStamp(version)
      if version.seconds >= rememberedFrom.seconds { try next?.append(key, stamp) }
      return !known.contains(stamp) && !(isFirst && row.isDeleted && row.rejection < 0)
    case .compared:
      let stamp = row.isDeleted && row.rejection < 0 ? .deleted : digest(row, bytes)
      try next?.append(key, stamp)
      guard !known.contains(stamp) else { return false }
      // Of a profile that was not there before, or not alive, there is nothing to take back.
      return stamp != .deleted || known.contains { $0 != .deleted }
    }
  }

  /// Of rows without an object.
  private func isToBeRejected(_ row: ProfileRow, _ bytes: UnsafeRawBufferPointer) throws -> Bool {
    guard mode != .full else { return true }
    let stamp = digest(row, bytes)
    if mode == .compared || row.version.map({ $0.seconds >= rememberedFrom.seconds }) ?? false {
      try next?.append(UnsafeRawBufferPointer(rebasing: bytes[0..<0]), stamp)
    }
    guard let times = nameless[stamp], times > 0 else { return true }
    nameless[stamp] = times - 1
    return false
  }

  /// Over everything a record may show, absent fields told from empty ones.
  private func digest(_ row: ProfileRow, _ bytes: UnsafeRawBufferPointer) -> ProfileStamp {
    content.removeAll(keepingCapacity: true)
    content.append(row.rejection < 0 ? 0 : 1)
    // The others are told apart by their versions anyway, or not at all.
    if row.objectKey.isAbsent {
      withUnsafeBytes(of: row.version?.seconds ?? .min) { content.append(contentsOf: $0) }
      withUnsafeBytes(of: row.version?.nanoseconds ?? -1) { content.append(contentsOf: $0) }
    }
    for range in [
      row.objectId, row.identity, row.email, row.phone, row.allIdentities, row.device, row.communication,
      row.properties,
    ] {
      withUnsafeBytes(of: range.isAbsent ? UInt32.max : range.count) { content.append(contentsOf: $0) }
      content.append(contentsOf: Self.bytes(range, bytes))
    }
    return content.withUnsafeBytes { content in
      SHA256.hash(data: content).withUnsafeBytes { ProfileStamp(bytes: $0.baseAddress!) }
    }
  }

  // MARK: The memory

  private func isAtHand(_ key: UnsafeRawBufferPointer) -> Bool {
    hasKey && key.count == self.key.count && self.key.withUnsafeBytes { $0.elementsEqual(key) }
  }

  /// Takes `key` up: what is remembered of keys before it is gone, what is remembered of it is known.
  private func move(to key: UnsafeRawBufferPointer, _ base: UInt32) throws {
    self.key.removeAll(keepingCapacity: true)
    self.key.append(contentsOf: key)
    hasKey = true
    known.removeAll(keepingCapacity: true)
    nameless = [:]
    while let memory, memory.hasEntry {
      let order = memory.compare(key)
      if order > 0 { return }
      if order < 0 {
        try takeGone(memory, base)
      } else if key.isEmpty {
        nameless[memory.stamp, default: 0] += 1
        try memory.advance()
      } else {
        known.append(memory.stamp)
        try memory.advance()
      }
    }
  }

  /// The entry at hand has no profile any more.
  private func takeGone(_ memory: ProfileMemoryReader, _ base: UInt32) throws {
    if mode == .compared, memory.stamp != .deleted, !memory.isNameless {
      let start = gone.count
      // As a source mends it.
      memory.withKey { gone.append(contentsOf: String(decoding: $0, as: UTF8.self).utf8) }
      var row = ProfileRow(key: ReadKey(pass: 0, order: 0, sequence: count()))
      row.isDeleted = true
      row.objectId = ByteRange(offset: base + UInt32(start), count: UInt32(gone.count - start))
      row.objectKey = row.objectId
      goneRows.append(row)
    }
    try memory.advance()
  }

  private func count() -> Int64 {
    ordinal += 1
    return ordinal
  }

  /// Rejections of the rows that are kept, under their new keys.
  private func renumber(_ rows: inout [ProfileRow], _ batch: ProfileBatch) -> [RejectedRow] {
    var rejected: [RejectedRow] = []
    for index in rows.indices where rows[index].rejection >= 0 {
      var rejection = batch.rejected[Int(rows[index].rejection)]
      rejection.key = rows[index].key
      rows[index].rejection = Int32(rejected.count)
      rejected.append(rejection)
    }
    return rejected
  }

  @inline(__always)
  private static func bytes(_ range: ByteRange, _ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard !range.isAbsent else { return UnsafeRawBufferPointer(rebasing: bytes[0..<0]) }
    return UnsafeRawBufferPointer(rebasing: bytes[Int(range.offset)..<Int(range.offset) + Int(range.count)])
  }
}

extension ProfileStamp {
  init(_ version: ProfileVersion) {
    self.init(high: UInt64(bitPattern: version.seconds), low: UInt64(UInt32(bitPattern: version.nanoseconds)))
  }
}
