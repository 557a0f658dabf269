/// A profile run whose manifest has appeared, with what its files hold, read from the delivered bytes alone.
struct CompleteProfileRun {
  struct Record: Hashable {
    var objectId: String
    /// Nil for one that has no properties: a profile that is gone.
    var content: Int?
    var isDeleted: Bool
  }

  var export: Int64
  var runTimestamp: Int64
  /// When its manifest first appeared.
  var moment: Int
  /// Of a recurring export and of `now`, the previous cut and this one; else the period.
  var from: Int64?
  var to: Int64
  /// The number of the revision it was made with.
  var revision: Int
  /// By database, in the order of the files.
  var records: [String: [Record]] = [:]
  /// When the first file of a database appeared: until then it had been read.
  var sentAt: [String: Int] = [:]
}

extension Delivered {
  mutating func take(
    _ files: [[String: Any]], of run: CompleteProfileRun, _ json: [String: Any], _ deposit: Testimony.Deposit
  ) {
    var run = run
    if !deposit.name.hasSuffix("\(run.export)-\(run.runTimestamp)-manifest.json") {
      complain("names are as they should be", deposit.name, "is of run \(run.runTimestamp)")
    }
    var (rows, size) = (0, 0)
    var indices: [String: Int] = [:]
    for file in files {
      guard let name = file["name"] as? String, file["kind"] as? String == "data",
        let databaseId = file["databaseId"] as? String, let count = file["rows"] as? Int
      else { return complain("a manifest is whole", deposit.name, "has a broken entry") }
      guard let (content, bytes) = freeze(name, file, deposit) else { continue }
      let index = indices[databaseId, default: 0]
      indices[databaseId] = index + 1
      let stem = "acme-\(run.export)-\(run.runTimestamp)-\(databaseId)"
      let end = index == 0 ? "\(stem)-json.gz" : "\(stem)-\(index)-json.gz"
      if !name.hasSuffix(end) { complain("names are as they should be", name, "should end in \(end)") }
      rows += count
      size += bytes
      let records = records(of: content, name)
      if records.count != count {
        complain("files are what the manifest says", name, "holds \(records.count) rows")
      }
      run.records[databaseId, default: []] += records
      let appeared = appearance(of: name, deposit) ?? run.moment
      run.sentAt[databaseId] = min(run.sentAt[databaseId] ?? appeared, appeared)
    }
    for (databaseId, records) in run.records {
      let ids = records.map(\.objectId)
      if !zip(ids, ids.dropFirst()).allSatisfy({ $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
        complain("profiles once and in order", deposit.name, "holds \(ids) of database \(databaseId)")
      }
    }
    if rows != json["rows"] as? Int || size != json["bytes"] as? Int || json["rejected"] as? Int != 0 {
      complain("files are what the manifest says", deposit.name, "has wrong totals")
    }
    add(run)
  }

  private mutating func records(of content: [UInt8], _ name: String) -> [CompleteProfileRun.Record] {
    guard let lines = gunzip(content) else {
      complain("nothing half-written", name, "is no whole gzip file")
      return []
    }
    return lines.split(separator: 0x0A).compactMap { line in
      guard let record = object(line), let objectId = record["objectId"] as? String else {
        complain("nothing half-written", name, String(decoding: line, as: UTF8.self))
        return nil
      }
      return CompleteProfileRun.Record(
        objectId: objectId, content: record["n"] as? Int, isDeleted: record["deleted"] as? Bool ?? false)
    }
  }
}
