package import ExportCore

/// What happens in a history from outside, made up from its seed before it begins: what people, applications, the clock
/// and the weather do, and when processes start and die.
package struct History: Sendable {
  package var seed: UInt64
  /// The account's zone at the beginning.
  package var zone: String
  /// What the wall clock shows at the beginning.
  package var start: Int64
  package var databases: [String]
  package var order: DatabaseCut.ReadOrder
  /// Whether the rows lie in real SQLite files, read by the real source.
  package var isOnFiles: Bool
  /// Of the files.
  package var isWAL: Bool
  package var maxConcurrentRuns: Int
  package var stallTimeout: Int
  /// The prefix of each destination.
  package var prefixes: [String: String]
  /// Percent of turns in which another than the oldest ready job runs.
  package var disorder: Int
  /// Whether whoever is stopped is started again when the faults are over.
  package var startsAllAtTheEnd: Bool
  /// Of a history of profiles.
  package var profiles: Profiles?
  package var steps: [Step]

  /// The most hours that a window of any of its exports takes.
  package var longestWindow: Int {
    steps.compactMap { step in
      switch step.act {
      case .create(_, let writing), .edit(_, let writing), .file(_, let writing?): writing.everyHours
      default: nil
      }
    }.max() ?? 0
  }

  package struct Step: Sendable {
    /// Milliseconds since the history began.
    package var at: Int64
    /// Points that the process may still pass once that time has come, if it is busy then.
    package var points: Int
    /// What it waits for instead, if the process is busy then.
    package var occasion: Occasion?
    package var act: Act
  }

  /// A moment of a run that chance alone would seldom meet.
  package enum Occasion: String, Hashable, Sendable, CaseIterable {
    /// A file has arrived at the destination, and nobody knows of it yet.
    case file
    /// A run is committed and its manifest is to be sent.
    case manifest
  }

  package struct NewRow: Hashable, Sendable {
    package var databaseId: String
    package var ts: Int64?
    package var name: String?
  }

  /// How the profiles of its sources lie there.
  package struct Profiles: Hashable, Sendable {
    package var hasVersions: Bool
    /// In seconds.
    package var lookback: Int
    /// Databases of a second source, whose exports have nothing to do with those of the first.
    package var others: [String]
    /// How many days of history are kept.
    package var keepDays: Int
  }

  package struct ProfileWrite: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
      /// A new one, or new content; alive.
      case put
      /// A new `updatedAt` and nothing else.
      case touch
      /// New content under the old `updatedAt`.
      case silent
      /// What it held before.
      case revert
      /// `deletedAt` is set.
      case bury
      /// The row is deleted.
      case remove
    }
    package var databaseId: String
    package var objectId: String
    package var kind: Kind
    /// How long before the commit its time was set, in seconds.
    package var age: Int64
  }

  package enum Act: Sendable {
    case insert([NewRow])
    /// Rows with the times and names of so many that are there, the latest in time before now.
    case repeatRows(Int)
    /// One transaction in each database.
    case write([ProfileWrite])
    /// The row at this place among those that are there, counted round.
    case update(Int)
    case delete(Int)
    case setClock(by: Int64)
    case create(String, Writing)
    case edit(String, Writing)
    /// A definition file, nil removes it; then a reload.
    case file(String, Writing?)
    case accountZone(String)
    case stop(String)
    case start(String, skippingMissed: Bool)
    case again(String)
    case remove(String)
    case run(String, restart: Bool, rebase: Bool)
    case source(Weather.Mood)
    case destination(Weather.Mood)
    /// So many of a thousand statements of the daemon's ledger fail.
    case ledger(failing: Int)
    /// The process dies after so many further points, and the next starts so many milliseconds later.
    case crash(points: Int, downtime: Int64)
    /// SIGTERM.
    case terminate(downtime: Int64)
    /// At the same moment, one behind the other.
    indirect case together(Act, Act)
  }
}

/// A definition as a person writes it.
package struct Writing: Hashable, Sendable {
  package var source = "main"
  package var destination = "lake"
  /// Nil is all events.
  package var names: [String]?
  /// Of a profile export: the mode, or `once`.
  package var profiles: String?
  package var stopRecurring = false
  package var resumeRecurring = false
  package var everyHours: Int?
  package var from: String?
  package var at: String?
  package var until: String?
  package var delayMinutes: Int?
  /// Of a one-time export, as JSON.
  package var once: String?
  package var zone: String?
  package var maxFileBytes: Int?

  package init() {}

  package var json: String {
    var frequency: [String] = []
    if let everyHours { frequency.append("\"everyHours\":\(everyHours)") }
    if let from { frequency.append("\"from\":\"\(from)\"") }
    if let at { frequency.append("\"at\":\"\(at)\"") }
    if let until { frequency.append("\"until\":\"\(until)\"") }
    if let delayMinutes { frequency.append("\"delayMinutes\":\(delayMinutes)") }
    if let profiles, once == nil { frequency.append("\"profiles\":\"\(profiles)\"") }
    if let once { frequency.append("\"once\":\(once)") }
    let events = names.map { "[" + $0.map { "\"\($0)\"" }.joined(separator: ",") + "]" } ?? "\"all\""
    var members = [
      "\"source\":\"\(source)\"", "\"destination\":\"\(destination)\"",
      "\"data\":{\(profiles == nil ? "\"events\":\(events)" : "\"profiles\":\"all\"")}",
      "\"frequency\":{\(frequency.joined(separator: ","))}", "\"format\":\"json\"",
    ]
    if let zone { members.append("\"timeZone\":\"\(zone)\"") }
    if let maxFileBytes { members.append("\"maxFileBytes\":\(maxFileBytes)") }
    if stopRecurring { members.append("\"stopRecurring\":true") }
    if resumeRecurring { members.append("\"resumeRecurring\":true") }
    return "{\(members.joined(separator: ","))}"
  }
}

extension History: CustomStringConvertible {
  package var description: String {
    let head = """
      history \(seed): zone \(zone), begins at \(start), databases \(databases.joined(separator: " ")) \
      \(isOnFiles ? "in \(isWAL ? "WAL" : "rollback-journal") files " : "")read by \(order), \
      at most \(maxConcurrentRuns) runs at once, stall timeout \(stallTimeout) s, disorder \(disorder)%\
      \(startsAllAtTheEnd ? ", all are started at the end" : ""), prefixes \(prefixes.sorted { $0.key < $1.key })\
      \(profiles.map { ", \($0)" } ?? "")
      """
    return head + steps.enumerated().map { "\n\($0) \($1)" }.joined()
  }
}

extension History.Profiles: CustomStringConvertible {
  package var description: String {
    "profiles \(hasVersions ? "with" : "without") updatedAt, lookback \(lookback) s, other source \(others), "
      + "history kept \(keepDays) days"
  }
}

extension History.Step: CustomStringConvertible {
  package var description: String {
    let time = "\(at / 86_400_000)d \(at / 3_600_000 % 24):\(at / 60000 % 60):\(at / 1000 % 60).\(at % 1000)"
    let wait = occasion.map { ", next \($0.rawValue)" } ?? (points > 0 ? " +\(points) points" : "")
    return "\(time)\(wait): \(act)"
  }
}

extension History.Act: CustomStringConvertible {
  package var description: String {
    switch self {
    case .insert(let rows):
      "insert "
        + rows.map { "\($0.databaseId):\($0.ts.map(String.init) ?? "NULL"):\($0.name ?? "NULL")" }.joined(
          separator: " ")
    case .repeatRows(let count): "insert \(count) rows again"
    case .write(let writes):
      "write "
        + writes.map { "\($0.kind.rawValue) \($0.databaseId):\($0.objectId) \($0.age) s ago" }
        .joined(separator: ", ")
    case .update(let place): "update row \(place)"
    case .delete(let place): "delete row \(place)"
    case .setClock(let seconds): "the clock is set by \(seconds) s"
    case .create(let name, let writing): "create \(name) \(writing.json)"
    case .edit(let name, let writing): "edit \(name) \(writing.json)"
    case .file(let name, let writing): "file \(name) \(writing?.json ?? "is removed"), reload"
    case .accountZone(let zone): "the account's zone becomes \(zone), reload"
    case .stop(let name): "stop \(name)"
    case .start(let name, let skips): "start \(name)\(skips ? " --skip-missed" : "")"
    case .again(let name): "start \(name) --again"
    case .remove(let name): "delete \(name)"
    case .run(let name, let restart, let rebase):
      "run \(name)\(restart ? " --restart" : "")\(rebase ? " --rebase" : "")"
    case .source(let mood): "the source \(mood)"
    case .destination(let mood): "the destination \(mood)"
    case .ledger(let failing): "the state database fails \(failing) of 1000 statements"
    case .crash(let points, let downtime): "crash after \(points) points, down for \(downtime) ms"
    case .terminate(let downtime): "SIGTERM, down for \(downtime) ms"
    case .together(let one, let other): "\(one), and \(other)"
    }
  }
}
