import ExportCore

/// All profiles of one run and database are one series.
struct ProfileSeries: FileSeries {
  private let fileNames: RunFileNames
  private let databaseId: String
  private let encoder: ProfileEncoder
  private let catalogue: ProfileCatalogue
  private var nextIndex = 0

  init(
    _ fileNames: RunFileNames, databaseId: String, encoder: ProfileEncoder, catalogue: ProfileCatalogue
  ) {
    self.catalogue = catalogue
    self.fileNames = fileNames
    self.databaseId = databaseId
    self.encoder = encoder
  }

  /// Of the only series.
  static let number = 0
  let count = 1

  func begin(_ number: Int, into out: inout OutputBytes) {
    encoder.each.begin(catalogue.columns.pointee, into: &out)
  }

  var end: StaticString { encoder.each.end }

  mutating func takeIndex(for number: Int) -> Int {
    defer { nextIndex += 1 }
    return nextIndex
  }

  func fileName(of number: Int, index: Int) -> String {
    fileNames.profiles(index: index, databaseId: databaseId)
  }

  func content(of number: Int, index: Int) -> Manifest.File.Content { .profiles(index: index) }
}
