package import TimeZones

/// The names of all files of one run, prefix included: pure functions of the run and the series, so that a
/// retry makes the same ones. They are relative and unique within the destination.
package struct RunFileNames: Hashable, Sendable {
  package let account: String
  /// The export's name.
  package let export: String
  package let requestId: Int64
  /// Epoch seconds of the run's first attempt; nil before it, when names hold ``unknownTimestamp`` in its place.
  package let runTimestamp: Int64?
  /// The local date of the run; nil before its first attempt.
  package let date: LocalDate?
  package let dataType: DataType
  package let format: Format
  package let codec: Compression.Codec
  package let prefix: PrefixTemplate

  /// What stands in a name for a run timestamp that only the first attempt will give.
  package static let unknownTimestamp = "<run timestamp>"
  /// The same for the date of the run.
  package static let unknownDate = "<run date>"

  package init(
    account: String, export: String, requestId: Int64, runTimestamp: Int64?, date: LocalDate?,
    dataType: DataType, format: Format, codec: Compression.Codec, prefix: PrefixTemplate
  ) {
    self.account = account
    self.export = export
    self.requestId = requestId
    self.runTimestamp = runTimestamp
    self.date = date
    self.dataType = dataType
    self.format = format
    self.codec = codec
    self.prefix = prefix
  }

  /// With what the last component of every name of this run begins, and of no other run of this export; in the names
  /// of profile files the account stands before it.
  package var stem: String { "\(requestId)-\(timestampText)-" }

  private var profileStem: String { "\(account)-\(stem)" }

  /// All that the last component of a name of this run may begin with.
  package var stems: [String] {
    switch dataType {
    case .events: [stem]
    case .profiles: [stem, profileStem]
    }
  }

  private var timestampText: String { runTimestamp.map(String.init) ?? Self.unknownTimestamp }

  /// `<request id>-<run timestamp>-<event name>-<yyyymmdd>-<file index>-<database-id>.<ext>`.
  /// - Parameter date: of the events, local.
  package func event(_ name: SafeEventName, date: LocalDate, index: Int, databaseId: String) -> String {
    let prefix = prefix.expanded { variable in
      switch variable {
      case .eventName: name.text
      case .eventDate: date.description
      case .databaseId: databaseId
      default: value(of: variable)
      }
    }
    return "\(prefix)\(stem)\(name)-\(date.basicText)-\(index)-\(databaseId).\(fileExtension)"
  }

  /// `<account>-<request id>-<run timestamp>-<database-id>-<format>.gz`, and with the file index before the format from
  /// the second file of a database on. Parquet compresses inside and says so in its own way.
  package func profiles(index: Int, databaseId: String) -> String {
    let prefix = prefix.expanded { variable in
      variable == .databaseId ? databaseId : value(of: variable)
    }
    let number = index == 0 ? "" : "-\(index)"
    let ending = format == .parquet ? fileExtension : "\(format.rawValue).gz"
    return "\(prefix)\(profileStem)\(databaseId)\(number)-\(ending)"
  }

  /// `<request id>-<run timestamp>-rejected-<database-id>.jsonl`. It belongs to no event and no date, so it lies
  /// beside the manifest.
  package func rejected(databaseId: String) -> String {
    "\(runPrefix)\(stem)rejected-\(databaseId).jsonl"
  }

  /// `<request id>-<run timestamp>-manifest.json`, at the part of the prefix that all files have in common.
  package var manifest: String { "\(runPrefix)\(stem)manifest.json" }

  /// The levels of the prefix that all files of the run have in common, `""` or ending with `/`.
  package var runPrefix: String { prefix.expandedForRun(value(of:)) }

  /// Of the data files, without the dot. A Parquet file is compressed inside, and any reader opens it.
  package var fileExtension: String {
    switch (format, codec) {
    case (.parquet, .none): "parquet"
    case (.parquet, .gzip): "parquet.gzip"
    case (.parquet, .zstd): "parquet.zstd"
    case (_, .none): format.rawValue
    case (_, .gzip): "\(format.rawValue).gz"
    case (_, .zstd): "\(format.rawValue).zst"
    }
  }

  /// Of the variables that are the same for all files of the run.
  private func value(of variable: PrefixTemplate.Variable) -> String {
    switch variable {
    case .account: account
    case .export: export
    case .requestId: String(requestId)
    case .runTimestamp: timestampText
    case .date: date?.description ?? Self.unknownDate
    case .dataType: dataType.rawValue
    case .eventDate, .eventName, .databaseId: ""
    }
  }
}

extension LocalDate {
  /// `yyyymmdd`.
  fileprivate var basicText: String {
    let digits = String(yyyymmdd)
    return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
  }
}
