internal import ExportCore
internal import TimeZones

/// Which rows a read wants, decided on whole seconds and on bytes.
struct EventFilter {
  private let names: ByteTable
  private let since: [Int64]
  private let allSince: Int64?
  /// The earliest instant from which anything is wanted.
  private let earliest: Int64
  private let lateFrom: [Int64]
  private let lateTo: [Int64]

  init(_ read: EventRead) {
    var names = ByteTable()
    var since: [Int64] = []
    for (name, instant) in read.selection.names {
      let index = Array(name.utf8).withUnsafeBytes { names.insert($0) }
      if index == since.count { since.append(instant.seconds) } else { since[index] = instant.seconds }
    }
    self.names = names
    self.since = since
    allSince = read.selection.allSince?.seconds
    earliest = ([allSince].compactMap { $0 } + since).min() ?? .max
    lateFrom = read.lateWindows.map(\.from.seconds)
    lateTo = read.lateWindows.map(\.to.seconds)
  }

  /// Whether an event of this name at this time is wanted.
  func wants(_ name: UnsafeRawBufferPointer, at seconds: Int64) -> Bool {
    if let allSince, allSince <= seconds { return true }
    guard let index = names.index(of: name) else { return false }
    return since[index] <= seconds
  }

  /// Whether an event whose time is unknown may be wanted: its name alone does not say that it is not.
  func mayWant(_ name: UnsafeRawBufferPointer) -> Bool { allSince != nil || names.index(of: name) != nil }

  /// Whether an event whose name is unknown may be wanted.
  func mayWant(at seconds: Int64) -> Bool { earliest <= seconds }

  func isLate(_ seconds: Int64) -> Bool {
    var (low, high) = (0, lateFrom.count)
    while low < high {
      let middle = (low + high) / 2
      if lateFrom[middle] <= seconds { low = middle + 1 } else { high = middle }
    }
    return low > 0 && seconds < lateTo[low - 1]
  }
}
