import SimulationOracle
import TimeZones

/// The rows of one database, in the order of their sequence. Every row that ever was is kept for the oracle.
struct SourceTable: Sendable {
  private(set) var rows: [Testimony.Row] = []
  let databaseId: String

  init(databaseId: String) { self.databaseId = databaseId }

  /// Rows that are there now.
  var present: [Testimony.Row] { rows.filter { $0.deletedAt == nil } }

  /// The highest sequence now; nil when there is no row.
  var top: Int64? { rows.last { $0.deletedAt == nil }?.sequence }

  func row(_ sequence: Int64) -> Testimony.Row? {
    guard sequence >= 1, sequence <= rows.count else { return nil }
    let row = rows[Int(sequence) - 1]
    return row.deletedAt == nil ? row : nil
  }

  /// Inserts a row under the next sequence, which no row has had before.
  mutating func insert(number: Int, ts: Int64?, name: String?, at moment: Int) -> Testimony.Row {
    let row = Testimony.Row(
      databaseId: databaseId, sequence: Int64(rows.count) + 1, number: number, ts: ts, name: name,
      insertedAt: moment)
    rows.append(row)
    return row
  }

  mutating func update(_ sequence: Int64, at moment: Int) { rows[Int(sequence) - 1].versions.append(moment) }

  mutating func delete(_ sequence: Int64, at moment: Int) { rows[Int(sequence) - 1].deletedAt = moment }
}

/// What applications do to the source.
extension World {
  func insert(_ rows: [History.NewRow]) throws {
    let moment = happen()
    var inserted: [Testimony.Row] = []
    for row in rows {
      let number = tables.values.reduce(1) { $0 + $1.rows.count }
      inserted.append(
        tables[row.databaseId]!.insert(number: number, ts: row.ts, name: row.name, at: moment))
    }
    try files?.insert(inserted)
  }

  /// The latest rows in time, up to now.
  func latest(_ count: Int) -> [History.NewRow] {
    let now = clock.now().seconds * 1000
    let past = tables.values.flatMap(\.present).filter { $0.ts.map { $0 <= now } ?? false }
    return past.sorted { ($0.ts!, $0.number) > ($1.ts!, $1.number) }.prefix(count).map {
      History.NewRow(databaseId: $0.databaseId, ts: $0.ts, name: $0.name)
    }
  }

  func update(_ sequence: Int64, in databaseId: String) throws {
    tables[databaseId]!.update(sequence, at: happen())
    try files?.update(tables[databaseId]!.row(sequence)!)
  }

  func delete(_ sequence: Int64, from databaseId: String) throws {
    tables[databaseId]!.delete(sequence, at: happen())
    try files?.delete(sequence, from: databaseId)
  }
}
