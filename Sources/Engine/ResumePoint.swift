import ExportCore
import Ledger

/// Where an interrupted run goes on.
enum ResumePoint {
  /// The delivered files that may stay: those of a series that no undelivered one precedes, because a series is gone on
  /// with behind its last kept key. The others are made again under their old names, or deleted before the manifest.
  static func kept(of files: [FileRecord]) -> [FileRecord] {
    struct Series: Hashable {
      var databaseId: String
      var eventName: String?
      var date: String?
    }
    var firstGap: [Series: ReadKey] = [:]
    for file in files where file.kind == .data && file.state != .delivered {
      guard let key = file.firstKey else { continue }
      let series = Series(databaseId: file.databaseId, eventName: file.eventName, date: file.date)
      firstGap[series] = min(firstGap[series] ?? key, key)
    }
    return files.filter { file in
      guard file.state == .delivered, file.kind == .data, let last = file.lastKey else { return false }
      let series = Series(databaseId: file.databaseId, eventName: file.eventName, date: file.date)
      return firstGap[series].map { last < $0 } ?? true
    }
  }
}
