internal import ExportCore
internal import TimeZones

/// Counts events per name and local date, in memory that grows with the number of these and not of the rows.
struct EventCounter {
  private struct Group: Hashable {
    var name: Int
    var date: LocalDate
  }

  private let zone: Zone
  private var names = ByteTable()
  private var rows: [Group: Int] = [:]
  /// The stretch of the last event: most events follow one another within one.
  private var span: OffsetSpan

  init(zone: Zone) {
    self.zone = zone
    span = zone.span(containing: Instant(seconds: 0))
  }

  mutating func add(_ name: UnsafeRawBufferPointer, at seconds: Int64) {
    let instant = Instant(seconds: seconds)
    if instant < span.from || instant >= span.until { span = zone.span(containing: instant) }
    let date = instant.localDateTime(utcOffset: span.offset).date
    rows[Group(name: names.insert(name), date: date), default: 0] += 1
  }

  /// In the order of name (by its bytes) and date.
  var counts: [EventCount] {
    rows.map { EventCount(name: names[$0.key.name], date: $0.key.date, rows: $0.value) }
      .sorted { a, b in
        a.name.utf8.elementsEqual(b.name.utf8)
          ? a.date < b.date : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
      }
  }
}
