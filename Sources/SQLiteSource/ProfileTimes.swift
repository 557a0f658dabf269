internal import CSQLite
internal import ExportCore
internal import TimeZones

/// The times of the profile at hand, and what they make of it.
struct ProfileTimes {
  enum Moment {
    case absent
    /// There is a value, and it is no time.
    case unusable
    case at(RowTime)
  }

  enum Verdict {
    case leaveOut
    /// ``ProfileVersion/unusable`` when its version cannot be told.
    case take(ProfileVersion?)
  }

  let updatedAt: Moment
  let deletedAt: Moment

  init(_ statement: OpaquePointer, _ timestamps: TimestampReader) {
    updatedAt = ProfileTimes.moment(statement, ProfileColumns.updatedAt, timestamps)
    deletedAt = ProfileTimes.moment(statement, ProfileColumns.deletedAt, timestamps)
  }

  private static func moment(
    _ statement: OpaquePointer, _ column: Int32, _ timestamps: TimestampReader
  ) -> Moment {
    let value = ColumnValue(statement, column)
    guard !value.isNull else { return .absent }
    return timestamps.time(value).map(Moment.at) ?? .unusable
  }

  /// The later of the two.
  private var version: ProfileVersion? {
    switch (updatedAt, deletedAt) {
    case (.unusable, _), (_, .unusable): .unusable
    case (.absent, .absent): nil
    case (.at(let time), .absent), (.absent, .at(let time)): time.version
    case (.at(let updatedAt), .at(let deletedAt)): max(updatedAt.version, deletedAt.version)
    }
  }

  func verdict(for read: ProfileRead) -> Verdict {
    switch read.span {
    case .everything: return .take(read.readsVersions ? version : nil)
    case .since(let instant):
      guard let version, version.seconds >= instant.seconds else { return .leaveOut }
      return .take(version)
    case .updated(let window):
      switch updatedAt {
      case .absent: return .leaveOut
      case .unusable: return .take(.unusable)
      case .at(let time):
        return window.contains(Instant(seconds: time.seconds)) ? .take(version) : .leaveOut
      }
    }
  }

  /// The column whose value makes the version unusable.
  var columnAtFault: Int32 {
    if case .unusable = updatedAt { ProfileColumns.updatedAt } else { ProfileColumns.deletedAt }
  }
}
