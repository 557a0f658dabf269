import ExportCore
import TimeZones

/// One series for each event name and local date.
struct EventSeries: FileSeries, ~Copyable {
  private let fileNames: RunFileNames
  private let databaseId: String
  private let encoder: EventEncoder
  private var table: SeriesTable

  init(
    _ fileNames: RunFileNames, databaseId: String, encoder: EventEncoder, delivered: [DeliveredEventFile]
  ) {
    self.fileNames = fileNames
    self.databaseId = databaseId
    self.encoder = encoder
    table = SeriesTable(delivered: delivered)
  }

  /// The number of the series of a row, or nil when an earlier attempt has delivered the row.
  @inline(__always)
  mutating func number(of name: UnsafeRawBufferPointer, _ date: LocalDate, _ key: ReadKey) -> Int? {
    let number = table.number(of: name, date)
    return table.isDelivered(key, in: number) ? nil : Int(number)
  }

  var count: Int { table.count }

  func begin(_ number: Int, into out: inout OutputBytes) {
    encoder.each.begin(eventName: table.name(of: number), into: &out)
  }

  var end: StaticString { encoder.each.end }

  mutating func takeIndex(for number: Int) -> Int { table.takeIndex(for: number) }

  func fileName(of number: Int, index: Int) -> String {
    fileNames.event(
      SafeEventName(table.name(of: number)), date: table.date(of: number), index: index,
      databaseId: databaseId)
  }

  func content(of number: Int, index: Int) -> Manifest.File.Content {
    .events(
      name: String(decoding: table.name(of: number), as: UTF8.self), date: table.date(of: number),
      index: index)
  }
}
