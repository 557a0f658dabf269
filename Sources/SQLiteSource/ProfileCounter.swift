internal import CSQLite
internal import ExportCore

/// Counts the profiles of a read without reading them: by their objects and times alone.
struct ProfileCounter {
  let read: ProfileRead
  let plan: ProfilePlan
  let connection: SQLiteConnection

  func count() throws -> Int {
    let query = plan.query(read.span)
    let statement = try connection.prepare(query.positions)
    query.bind(to: statement)
    defer { statement.reset() }
    var count = 0
    while try statement.step() {
      let times = ProfileTimes(statement.pointer, plan.timestamps)
      guard case .take(let version) = times.verdict(for: read), version != .unusable,
        !ValueText.raw(statement.pointer, ProfileColumns.objectKey).isEmpty
      else { continue }
      count += 1
    }
    return count
  }
}
