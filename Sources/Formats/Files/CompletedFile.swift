package import ExportCore
package import TimeZones

/// A file that is whole, lies in the staging directory, and waits to be delivered under its name.
package struct CompletedFile: Hashable, Sendable {
  package var staged: StagedFile
  /// What the manifest says of it, its name included.
  package var file: Manifest.File
  /// Keys of its first and last row.
  package var keys: ClosedRange<ReadKey>

  package init(staged: StagedFile, file: Manifest.File, keys: ClosedRange<ReadKey>) {
    self.staged = staged
    self.file = file
    self.keys = keys
  }
}

/// A data file that an earlier attempt of the same run delivered: its rows are not written again.
package struct DeliveredEventFile: Hashable, Sendable {
  package var eventName: String
  package var date: LocalDate
  package var index: Int
  /// Keys of its first and last row. Between them it holds every row of its event and date.
  package var keys: ClosedRange<ReadKey>

  package init(eventName: String, date: LocalDate, index: Int, keys: ClosedRange<ReadKey>) {
    self.eventName = eventName
    self.date = date
    self.index = index
    self.keys = keys
  }
}
