/// When a profile last changed, as exactly as its source says: the later of `updatedAt` and `deletedAt`. Together with
/// the profile it names one version of it.
package struct ProfileVersion: Hashable, Comparable, Sendable, Codable {
  /// Since the epoch, rounded down.
  package var seconds: Int64
  /// Within the second, 0 ..< 1,000,000,000.
  package var nanoseconds: Int32

  package init(seconds: Int64, nanoseconds: Int32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// Of a profile whose time cannot be used: later than all others, so that it is never taken for an old one.
  package static let unusable = ProfileVersion(seconds: .max, nanoseconds: 0)

  package static func < (a: ProfileVersion, b: ProfileVersion) -> Bool {
    (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
  }
}

/// One profile as ranges into its batch's bytes. Text is UTF-8, always valid: a source mends what is not.
/// JSON fields hold the source's text, not yet checked.
package struct ProfileRow: Sendable {
  /// Pass 0, and the ordinal of the row within the read.
  package var key: ReadKey
  /// Nil when it has none, or when it was not asked for.
  package var version: ProfileVersion?
  /// Whether `deletedAt` is set.
  package var isDeleted = false
  /// What profiles are ordered and remembered by: the bytes of the objectId as the source holds it, before any are
  /// mended. The same bytes as ``objectId`` for valid text. Absent for a row without an objectId, which is rejected:
  /// such rows come first, save one whose objectId is too large to be read, and are told apart by the rest of their
  /// content alone.
  package var objectKey = ByteRange.absent
  package var objectId = ByteRange.absent
  package var identity = ByteRange.absent
  package var email = ByteRange.absent
  package var phone = ByteRange.absent
  /// A JSON array.
  package var allIdentities = ByteRange.absent
  /// A JSON object.
  package var device = ByteRange.absent
  /// A JSON object.
  package var communication = ByteRange.absent
  /// A JSON object.
  package var properties = ByteRange.absent
  /// Index among the batch's rejected rows when the source could not convert this one; -1 when it could.
  package var rejection: Int32 = -1

  package init(key: ReadKey) { self.key = key }
}

/// As ``EventBatch``, for profiles.
package struct ProfileBatch: Sendable {
  /// All text of all rows; at most `UInt32.max - 1` bytes.
  package var bytes: [UInt8]
  /// In the order of their object keys, by bytes; rows of one object key in an order that only their content
  /// decides.
  package var rows: [ProfileRow]
  /// What is wrong with the rows that could not be converted, each of which is one of ``rows``.
  package var rejected: [RejectedRow]

  package init() {
    bytes = []
    rows = []
    rejected = []
  }
}
