import ExportCore
import TimeZones

/// One series for each event name and local date.
struct EventSeries: FileSeries, ~Copyable {
  private let fileNames: RunFileNames
  private let databaseId: String
  private let encoder: EventEncoder
  private let catalogue: EventCatalogue
  private var table: SeriesTable
  /// For each series those of its event, which lie in the catalogue.
  private var columns: [UnsafeMutablePointer<EventColumns>] = []
  /// For each event of the catalogue its newest series, and for each series the one before it of the same event; -1 for
  /// none.
  private var newest: [Int32] = []
  private var previous: [Int32] = []

  init(
    _ fileNames: RunFileNames, databaseId: String, encoder: EventEncoder, catalogue: EventCatalogue,
    delivered: [DeliveredEventFile]
  ) {
    self.fileNames = fileNames
    self.databaseId = databaseId
    self.encoder = encoder
    self.catalogue = catalogue
    table = SeriesTable(delivered: delivered)
    for number in 0..<table.count { addColumns(number) }
  }

  /// The number of the series of a row, or nil when an earlier attempt has delivered the row.
  @inline(__always)
  mutating func number(of name: UnsafeRawBufferPointer, _ date: LocalDate, _ key: ReadKey) -> Int? {
    let number = table.number(of: name, date)
    if number == columns.count { addColumns(Int(number)) }
    return table.isDelivered(key, in: number) ? nil : Int(number)
  }

  @inline(never)
  private mutating func addColumns(_ number: Int) {
    let columns = catalogue.columns(of: table.name(of: number))
    self.columns.append(columns)
    let event = columns.pointee.number
    while event >= newest.count { newest.append(-1) }
    previous.append(newest[event])
    newest[event] = Int32(number)
  }

  /// The columns of a series; they stay where they are as long as the catalogue does.
  @inline(__always)
  func columns(of number: Int) -> UnsafeMutablePointer<EventColumns> { columns[number] }

  /// The series of an event of the catalogue.
  func series(ofEvent event: Int) -> [Int] {
    var all: [Int] = []
    var number = event < newest.count ? newest[event] : -1
    while number >= 0 {
      all.append(Int(number))
      number = previous[Int(number)]
    }
    return all
  }

  var count: Int { table.count }

  func begin(_ number: Int, into out: inout OutputBytes) {
    encoder.each.begin(eventName: table.name(of: number), columns[number].pointee, into: &out)
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
