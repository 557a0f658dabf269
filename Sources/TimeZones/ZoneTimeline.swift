/// The whole time line of a zone as sorted spans, one local time type each.
///
/// The Gregorian calendar, weekdays included, repeats every 400 years, and so does a footer's rule. It is laid
/// out for that long once, so that every question is the same binary search, and a time behind it is asked
/// as its counterpart whole cycles earlier.
final class ZoneTimeline: Sendable {
  /// Where each span begins, rising. The first has no beginning: `Int64.min`.
  private let starts: [Int64]
  /// For each span, its index in `types`.
  private let spanTypes: [UInt16]
  private let types: [LocalTimeType]
  /// 400 years in which only the footer's rule holds; nil when the last type goes on for ever.
  private let cycle: Range<Int64>?
  /// Whether the rule also holds for all time before `cycle`: the file has no transitions.
  private let cyclesBackwards: Bool

  private static let cycleLength = Int64(LocalDate.daysPer400Years) * 86400
  /// No instant is looked up farther out than this; keeps the arithmetic in range.
  private static let limit: Int64 = 1 << 60

  init(_ file: TZifFile) {
    var builder = Builder(first: file.types[0])
    for transition in file.transitions { builder.append(transition.at, file.types[transition.type]) }
    var cycle: Range<Int64>?
    if let footer = file.footer {
      let last = file.transitions.last?.at
      let year = Instant(seconds: last ?? 0).localDateTime(utcOffset: 0).date.year
      let changes = footer.changes(in: year - 2...year + 403)
      if last == nil { builder = Builder(first: changes.isEmpty ? footer.standard : changes[0].type) }
      for change in changes where change.at > last ?? .min { builder.append(change.at, change.type) }
      if changes.count > 1 {
        // The second year after the last transition is the first that begins under the rule alone.
        let begin = Int64(LocalDate(unchecked: year + 2, 1, 1).daysSinceEpoch) * 86400
        cycle = begin..<begin + ZoneTimeline.cycleLength
      }
    }
    self.cycle = cycle
    cyclesBackwards = file.transitions.isEmpty
    (starts, spanTypes, types) = (builder.starts, builder.spanTypes, builder.types)
  }

  /// One type for all time.
  init(always type: LocalTimeType) {
    (starts, spanTypes, types) = ([.min], [0], [type])
    (cycle, cyclesBackwards) = (nil, false)
  }

  func type(at seconds: Int64) -> LocalTimeType {
    types[Int(spanTypes[index(at: laidOut(seconds).seconds)])]
  }

  /// Offset at `seconds`, and the seconds from which and until which it holds without a break.
  func span(at seconds: Int64) -> (offset: Int, from: Int64, until: Int64) {
    let (seconds, shift) = laidOut(seconds)
    let index = index(at: seconds)
    return (
      types[Int(spanTypes[index])].offset,
      index == 0 ? .min : starts[index] + shift,
      index + 1 == starts.count ? .max : starts[index + 1] + shift
    )
  }

  /// The counterpart of `seconds` in what is laid out, and how many seconds before it that lies: a multiple of
  /// 400 years.
  private func laidOut(_ seconds: Int64) -> (seconds: Int64, shift: Int64) {
    guard let cycle, seconds >= cycle.upperBound || (cyclesBackwards && seconds < cycle.lowerBound) else {
      return (seconds, 0)
    }
    let seconds = min(max(seconds, -ZoneTimeline.limit), ZoneTimeline.limit)
    let cycles = Int(seconds - cycle.lowerBound).dividedDown(by: Int(ZoneTimeline.cycleLength)).quotient
    let shift = Int64(cycles) * ZoneTimeline.cycleLength
    return (seconds - shift, shift)
  }

  /// The last span that begins at or before `seconds`.
  private func index(at seconds: Int64) -> Int {
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= seconds { low = middle } else { high = middle }
    }
    return low
  }

  /// Appends spans, and keeps only those that change something.
  private struct Builder {
    var starts: [Int64] = [.min]
    var spanTypes: [UInt16] = [0]
    var types: [LocalTimeType]

    init(first: LocalTimeType) { types = [first] }

    mutating func append(_ start: Int64, _ type: LocalTimeType) {
      guard type != types[Int(spanTypes[spanTypes.count - 1])] else { return }
      let index = types.firstIndex(of: type) ?? types.count
      if index == types.count { types.append(type) }
      starts.append(start)
      spanTypes.append(UInt16(index))
    }
  }
}

extension ZoneTimeline: Hashable {
  static func == (a: ZoneTimeline, b: ZoneTimeline) -> Bool {
    a === b
      || (a.starts == b.starts && a.spanTypes == b.spanTypes && a.types == b.types && a.cycle == b.cycle
        && a.cyclesBackwards == b.cyclesBackwards)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(types)
    hasher.combine(starts.last)
  }
}
