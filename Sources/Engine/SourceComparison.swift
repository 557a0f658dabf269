import ExportCore
import TimeZones

/// What one run delivered of a database, and what the source holds of the same rows now.
struct SourceComparison {
  private struct Series: Hashable, Comparable {
    let name: String
    let date: LocalDate

    static func < (a: Self, b: Self) -> Bool { (a.name, a.date) < (b.name, b.date) }
  }

  private let databaseId: String
  private let hasSequence: Bool
  private var delivered: [Series: Int] = [:]
  private var held: [Series: Int] = [:]
  private var rejected = 0

  init(_ files: [Manifest.File], _ counts: [EventCount], _ cut: DatabaseCut) {
    databaseId = cut.databaseId
    hasSequence = cut.bound != nil
    for file in files where file.databaseId == cut.databaseId {
      switch file.content {
      case .events(let name, let date, _): delivered[Series(name: name, date: date), default: 0] += file.rows
      case .rejected: rejected += file.rows
      case .profiles: break
      }
    }
    for count in counts { held[Series(name: count.name, date: count.date), default: 0] += count.rows }
  }

  /// Rows that the source holds and no file has may be the rejected ones, which do not say of which event they are: as
  /// many as were rejected are taken for them.
  func note(in verified: inout VerifiedRun) {
    let series = Set(delivered.keys).union(held.keys).sorted()
    let surplus = series.reduce(0) { $0 + max(0, held[$1, default: 0] - delivered[$1, default: 0]) }
    for series in series {
      let (sent, there) = (delivered[series, default: 0], held[series, default: 0])
      let object = "database \(databaseId), \(series.name), \(series.date)"
      if there < sent {
        verified.note(
          .source, object,
          "\(sent) rows were delivered and the source holds \(there): rows have been deleted or changed since"
        )
      } else if there > sent, surplus > rejected {
        verified.note(.source, object, "the source holds \(there) rows and \(sent) were delivered" + late)
      }
    }
    if surplus > rejected, rejected > 0 {
      verified.note(
        .source, "database \(databaseId)",
        "\(rejected) rows were rejected, and \(surplus) are in the source and in no file")
    }
  }

  private var late: String {
    hasSequence ? "" : "; of a source without a sequence, rows that come late are not sent"
  }
}
