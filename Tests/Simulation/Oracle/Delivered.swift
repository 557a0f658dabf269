import Crypto
import Foundation

/// A run whose manifest has appeared, with what its files hold, read from the delivered bytes alone.
struct CompleteRun {
  struct Record: Hashable {
    var number: Int
    var version: Int
    /// `yyyyMMddHHmmss`.
    var ts: Int64
    var eventName: String
    var databaseId: String
  }

  var export: Int64
  var runTimestamp: Int64
  /// When its manifest first appeared.
  var moment: Int
  /// The highest that the wall clock had shown when the first of its names appeared.
  var begunBy: Int64
  var from: Int64
  var to: Int64
  /// The number of the revision it was made with.
  var revision: Int
  var records: [Record] = []
  /// Numbers of the rows that were rejected.
  var rejected: [Int] = []
}

/// Reads all that lies at the destinations, and holds every file against its manifest.
struct Delivered {
  /// In the order in which they became complete.
  private(set) var runs: [CompleteRun] = []
  private(set) var profileRuns: [CompleteProfileRun] = []
  private(set) var violations: [Violation] = []
  private var objects: [String: [UInt8]] = [:]
  private struct Appearance {
    var moment: Int
    var highWater: Int64
  }
  /// When they appeared, by place.
  private var appeared: [String: Appearance] = [:]
  /// Names that belong to complete runs.
  private var frozen: [String: [UInt8]] = [:]

  init(_ testimony: Testimony) {
    for deposit in testimony.deposits {
      let place = "\(deposit.store)/\(deposit.name)"
      if let bytes = frozen[place], deposit.bytes != bytes {
        violations.append(
          Violation(
            "a complete run never changes",
            "\(place) was \(deposit.bytes == nil ? "removed" : "replaced") at \(deposit.elapsed) ms"))
      }
      objects[place] = deposit.bytes
      appeared[place] = Appearance(moment: deposit.moment, highWater: deposit.highWater)
      guard deposit.name.hasSuffix("-manifest.json"), let bytes = deposit.bytes, frozen[place] == nil else {
        continue
      }
      frozen[place] = bytes
      take(bytes, deposit)
    }
    let moved = testimony.exports.filter(\.hasMoved).map { String($0.id) }
    // An export that has left a destination is not held up by it: one try at deleting is all that is promised.
    let isForgotten = { (place: String) in
      testimony.unwilling.contains(place)
        && moved.contains {
          place.split(separator: "/").last!.split(separator: "-").prefix(2).contains($0[...])
        }
    }
    for place in objects.keys.sorted() where frozen[place] == nil {
      let name = place[place.index(after: place.firstIndex(of: "/")!)...]
      if !testimony.undeletable.contains(String(name)), !isForgotten(place) {
        violations.append(Violation("nothing stray lies at a destination", place))
      }
    }
    violations += testimony.uploads.filter { !isForgotten($0) }.map {
      Violation("no upload stays at a destination", $0)
    }
  }

  private mutating func take(_ bytes: [UInt8], _ deposit: Testimony.Deposit) {
    guard let json = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
      let window = json["window"] as? [String: Any], let files = json["files"] as? [[String: Any]],
      let export = json["requestId"] as? Int, let timestamp = json["runTimestamp"] as? Int,
      let to = (window["to"] as? String).flatMap(instant),
      let revision = json["definitionRevision"] as? Int
    else { return complain("a manifest is whole", deposit.name, "cannot be read") }
    let from = (window["from"] as? String).flatMap(instant)
    if json["dataType"] as? String == "profiles" {
      let run = CompleteProfileRun(
        export: Int64(export), runTimestamp: Int64(timestamp), moment: deposit.moment, from: from, to: to,
        revision: revision)
      return take(files, of: run, json, deposit)
    }
    guard let from else { return complain("a manifest is whole", deposit.name, "has no window") }
    var run = CompleteRun(
      export: Int64(export), runTimestamp: Int64(timestamp), moment: deposit.moment,
      begunBy: deposit.highWater, from: from, to: to, revision: revision)
    if !deposit.name.hasSuffix("\(export)-\(timestamp)-manifest.json") {
      complain("names are as they should be", deposit.name, "is of run \(timestamp)")
    }
    var (rows, size, rejected) = (0, 0, 0)
    var seen: Set<String> = []
    for file in files {
      guard let name = file["name"] as? String, let kind = file["kind"] as? String,
        let databaseId = file["databaseId"] as? String, let count = file["rows"] as? Int
      else { return complain("a manifest is whole", deposit.name, "has a broken entry") }
      if !seen.insert(name).inserted { complain("names are unique", name, "twice in one manifest") }
      guard let (content, fileSize) = freeze(name, file, deposit) else { continue }
      run.begunBy = min(run.begunBy, appeared["\(deposit.store)/\(name)"]?.highWater ?? .max)
      let lines = content.split(separator: 0x0A)
      if kind == "rejected" {
        if name.hasSuffix("\(export)-\(timestamp)-rejected-\(databaseId).jsonl") == false {
          complain("names are as they should be", name, "is of a rejected file")
        }
        rejected += count
        if lines.count != count {
          complain("files are what the manifest says", name, "holds \(lines.count) rows")
        }
        run.rejected += lines.compactMap { (object($0)?["id"] as? String).flatMap { Int($0) } }
        continue
      }
      rows += count
      size += fileSize
      let records = data(lines, file, databaseId, name)
      if records.count != count {
        complain("files are what the manifest says", name, "holds \(records.count) rows")
      }
      let date = (file["date"] as? String ?? "").filter { $0 != "-" }
      let event = (file["eventName"] as? String ?? "").map { $0 == " " || $0 == "/" ? "-" : String($0) }
        .joined()
      let end = "\(export)-\(timestamp)-\(event)-\(date)-\(file["index"] as? Int ?? -1)-\(databaseId).json"
      if !name.hasSuffix(end) { complain("names are as they should be", name, "should end in \(end)") }
      run.records += records
    }
    if rows != json["rows"] as? Int || size != json["bytes"] as? Int || rejected != json["rejected"] as? Int {
      complain("files are what the manifest says", deposit.name, "has wrong totals")
    }
    runs.append(run)
  }

  /// The bytes of a file of a complete run, which never change any more.
  mutating func freeze(
    _ name: String, _ file: [String: Any], _ deposit: Testimony.Deposit
  ) -> (bytes: [UInt8], size: Int)? {
    let place = "\(deposit.store)/\(name)"
    guard let size = file["bytes"] as? Int, let sha256 = file["sha256"] as? String else {
      complain("a manifest is whole", deposit.name, "has a broken entry")
      return nil
    }
    guard let content = objects[place] else {
      complain("a complete run has all its files", name, "is not there")
      return nil
    }
    if frozen.updateValue(content, forKey: place) != nil {
      complain("names are unique", name, "belongs to two complete runs")
    }
    if content.count != size || hexadecimal(SHA256.hash(data: content)) != sha256 {
      complain("files are what the manifest says", name, "differs in size or digest")
    }
    return (content, size)
  }

  /// When a file appeared as it is.
  func appearance(of name: String, _ deposit: Testimony.Deposit) -> Int? {
    appeared["\(deposit.store)/\(name)"]?.moment
  }

  mutating func add(_ run: CompleteProfileRun) { profileRuns.append(run) }

  private mutating func data(
    _ lines: [ArraySlice<UInt8>], _ file: [String: Any], _ databaseId: String, _ name: String
  ) -> [CompleteRun.Record] {
    guard let eventName = file["eventName"] as? String, let first = lines.first,
      String(decoding: first, as: UTF8.self) == "\"\(eventName)\""
    else {
      complain("nothing half-written", name, "does not begin with its event")
      return []
    }
    let date = Int((file["date"] as? String ?? "").filter { $0 != "-" })
    return lines.dropFirst().compactMap { line in
      guard let record = object(line), let ts = record["ts"] as? Int,
        let properties = record["eventProps"] as? [String: Int], let number = properties["n"],
        let version = properties["v"]
      else {
        complain("nothing half-written", name, String(decoding: line, as: UTF8.self))
        return nil
      }
      if ts / 1_000_000 != date { complain("files hold one local date", name, "holds \(ts)") }
      return CompleteRun.Record(
        number: number, version: version, ts: Int64(ts), eventName: eventName, databaseId: databaseId)
    }
  }

  mutating func complain(_ rule: String, _ name: String, _ detail: String) {
    violations.append(Violation(rule, "\(name) \(detail)"))
  }

  func object(_ line: ArraySlice<UInt8>) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any]
  }

  private func hexadecimal(_ digest: SHA256.Digest) -> String {
    digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// Seconds since the epoch of `2026-11-24T05:30:00Z`.
func instant(_ text: String) -> Int64? {
  let parts = text.dropLast().split(separator: "T")
  guard parts.count == 2, text.last == "Z" else { return nil }
  let clock = parts[1].split(separator: ":").compactMap { Int64($0) }
  guard clock.count == 3 else { return nil }
  return Int64(Calendar.days(parts[0])) * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
}
