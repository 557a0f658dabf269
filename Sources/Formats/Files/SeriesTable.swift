import ExportCore
import TimeZones

/// Which series there are: the events of one name on one local date, numbered from 0 in the order of their
/// first row. It knows which rows and file indices an earlier attempt has used.
struct SeriesTable: ~Copyable {
  private struct Series {
    let name: UInt32
    let date: LocalDate
    /// Series whose names are equal in file names count their files together.
    let counter: UInt32
    var hasDelivered = false
  }

  private struct UsedIndex: Hashable {
    let counter: UInt32
    let index: Int
  }

  private var names = NameTable()
  private var safeNames = NameTable()
  /// For each name, its number among `safeNames`.
  private var safeNumbers: [UInt32] = []
  private var numbers = NameDayTable()
  private var series: [Series] = []
  private var counterNumbers = NameDayTable()
  /// For each counter, the lowest index that no file has been given yet.
  private var nextIndices: [Int] = []
  private var deliveredIndices: Set<UsedIndex> = []
  private var deliveredKeys: [UInt32: [ClosedRange<ReadKey>]] = [:]

  init(delivered: [DeliveredEventFile]) {
    for file in delivered {
      var name = file.eventName
      let number = name.withUTF8 { self.number(of: UnsafeRawBufferPointer($0), file.date) }
      series[Int(number)].hasDelivered = true
      deliveredKeys[number, default: []].append(file.keys)
      deliveredIndices.insert(UsedIndex(counter: series[Int(number)].counter, index: file.index))
    }
  }

  var count: Int { series.count }
  func date(of number: Int) -> LocalDate { series[number].date }
  /// The event's name in UTF-8; valid until a series is added.
  func name(of number: Int) -> UnsafeRawBufferPointer { names[series[number].name] }

  /// The number of a series, which is added when it is new.
  @inline(__always)
  mutating func number(of name: UnsafeRawBufferPointer, _ date: LocalDate) -> UInt32 {
    let name = names.number(of: name)
    let number = numbers.number(of: name, day: date.daysSinceEpoch)
    if number == series.count { add(name, date) }
    return number
  }

  @inline(never)
  private mutating func add(_ name: UInt32, _ date: LocalDate) {
    if name == safeNumbers.count {
      var safe = SafeEventName(names[name]).text
      safeNumbers.append(safe.withUTF8 { safeNames.number(of: UnsafeRawBufferPointer($0)) })
    }
    let counter = counterNumbers.number(of: safeNumbers[Int(name)], day: date.daysSinceEpoch)
    if counter == nextIndices.count { nextIndices.append(0) }
    series.append(Series(name: name, date: date, counter: counter))
  }

  /// Whether an earlier attempt has delivered this row.
  @inline(__always)
  func isDelivered(_ key: ReadKey, in number: UInt32) -> Bool {
    series[Int(number)].hasDelivered && isWithinDelivered(key, number)
  }

  private func isWithinDelivered(_ key: ReadKey, _ number: UInt32) -> Bool {
    deliveredKeys[number, default: []].contains { $0.contains(key) }
  }

  /// The lowest index that no other file of the same name and date has, for a new file of a series.
  mutating func takeIndex(for number: Int) -> Int {
    let counter = series[number].counter
    var index = nextIndices[Int(counter)]
    while deliveredIndices.contains(UsedIndex(counter: counter, index: index)) { index += 1 }
    nextIndices[Int(counter)] = index + 1
    return index
  }
}
