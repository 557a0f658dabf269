package import TimeZones

/// What a run delivered. Its presence at the destination tells that the run is complete.
package struct Manifest: Hashable, Sendable {
  /// Everything that stands before the list of files.
  package struct Header: Hashable, Sendable {
    package var requestId: Int64
    /// The export's name.
    package var export: String
    package var account: String
    package var runTimestamp: Int64
    package var dataType: DataType
    package var format: Format
    package var window: Span
    /// IANA name.
    package var timeZone: String
    package var definitionRevision: Int
    package var totals: Totals

    package init(
      requestId: Int64, export: String, account: String, runTimestamp: Int64, dataType: DataType,
      format: Format, window: Span, timeZone: String, definitionRevision: Int, totals: Totals
    ) {
      self.requestId = requestId
      self.export = export
      self.account = account
      self.runTimestamp = runTimestamp
      self.dataType = dataType
      self.format = format
      self.window = window
      self.timeZone = timeZone
      self.definitionRevision = definitionRevision
      self.totals = totals
    }
  }

  /// The window of an event run; of a profile run, the previous successful cut (none at first) and this one.
  package struct Span: Hashable, Sendable {
    package var from: Instant?
    package var to: Instant

    package init(from: Instant?, to: Instant) {
      self.from = from
      self.to = to
    }
  }

  /// Sums over the files.
  package struct Totals: Hashable, Sendable {
    /// Of data files.
    package var rows = 0
    /// Of data files, as stored.
    package var bytes = 0
    /// Rows of rejected files.
    package var rejected = 0

    package init() {}

    package init(_ files: some Sequence<File>) { for file in files { add(file) } }

    package mutating func add(_ file: File) {
      switch file.content {
      case .events, .profiles:
        rows += file.rows
        bytes += file.bytes
      case .rejected: rejected += file.rows
      }
    }
  }

  package struct File: Hashable, Sendable {
    /// What the rows of a file are, and which part of the run's series it is.
    package enum Content: Hashable, Sendable {
      case events(name: String, date: LocalDate, index: Int)
      case profiles(index: Int)
      case rejected
    }

    /// With its prefix, relative to the destination's root.
    package var name: String
    package var content: Content
    package var databaseId: String
    package var rows: Int
    /// As stored.
    package var bytes: Int
    /// Of the bytes as stored, lower-case hexadecimal.
    package var sha256: String

    package init(
      name: String, content: Content, databaseId: String, rows: Int, bytes: Int, sha256: String
    ) {
      self.name = name
      self.content = content
      self.databaseId = databaseId
      self.rows = rows
      self.bytes = bytes
      self.sha256 = sha256
    }
  }

  package var header: Header
  package var files: [File]

  /// The version that is written, and the only one that is read.
  package static let version = 1

  package init(header: Header, files: [File]) {
    self.header = header
    self.files = files
  }
}
