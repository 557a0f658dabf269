import ExportCore

/// The series that the rows of one run and database fall into, numbered from 0 in the order of their first row:
/// what their files begin and end with and what they are called. The files of a series follow one another.
protocol FileSeries: ~Copyable {
  /// How many there are so far.
  var count: Int { get }

  /// What a file of a series begins with.
  func begin(_ number: Int, into out: inout OutputBytes)

  /// What every file ends with.
  var end: StaticString { get }

  /// The index of a new file of a series; each is given once.
  mutating func takeIndex(for number: Int) -> Int

  /// The finished file's name, with its prefix.
  func fileName(of number: Int, index: Int) -> String

  /// What the manifest says of the file's rows.
  func content(of number: Int, index: Int) -> Manifest.File.Content
}
