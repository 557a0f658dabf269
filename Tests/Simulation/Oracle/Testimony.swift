/// What a history leaves behind for the oracle: what people, applications and the clock did, what lies and lay at the
/// destinations, and what `status` would tell. Plain values; nothing here knows the code that is judged.
package struct Testimony: Sendable {
  /// One row that an application wrote. Its time and name never change.
  package struct Row: Hashable, Sendable {
    package var databaseId: String
    package var sequence: Int64
    /// Unique in the history; stands in the row's properties.
    package var number: Int
    /// Milliseconds since the epoch; nil is NULL.
    package var ts: Int64?
    package var name: String?
    package var insertedAt: Int
    /// When it was updated, ascending.
    package var versions: [Int] = []
    package var deletedAt: Int?

    package init(
      databaseId: String, sequence: Int64, number: Int, ts: Int64?, name: String?, insertedAt: Int
    ) {
      self.databaseId = databaseId
      self.sequence = sequence
      self.number = number
      self.ts = ts
      self.name = name
      self.insertedAt = insertedAt
    }
  }

  /// An object that appeared at a destination, or went (`bytes` nil).
  package struct Deposit: Sendable {
    package var moment: Int
    /// Milliseconds since the history began.
    package var elapsed: Int64
    /// The highest that the wall clock had shown by then.
    package var highWater: Int64
    package var store: String
    package var name: String
    package var bytes: [UInt8]?

    package init(
      moment: Int, elapsed: Int64, highWater: Int64, store: String, name: String, bytes: [UInt8]?
    ) {
      self.moment = moment
      self.elapsed = elapsed
      self.highWater = highWater
      self.store = store
      self.name = name
      self.bytes = bytes
    }
  }

  /// A data file that stood as delivered in the state database when a process began or was over; its run is not complete yet.
  package struct Recorded: Hashable, Sendable {
    package var moment: Int
    package var export: Int64
    package var name: String

    package init(moment: Int, export: Int64, name: String) {
      self.moment = moment
      self.export = export
      self.name = name
    }
  }

  /// A definition that was accepted for an export.
  package struct Revision: Hashable, Sendable {
    package var number: Int
    /// As the person wrote it.
    package var definition: String
    /// The account's zone at that time.
    package var accountZone: String
    /// What the wall clock showed.
    package var acceptedAt: Int64
    /// The highest that the wall clock had shown by then.
    package var highWater: Int64
    /// Whether the export was stopped then, so that nothing was planned for it.
    package var wasStopped: Bool

    package init(
      number: Int, definition: String, accountZone: String, acceptedAt: Int64, highWater: Int64,
      wasStopped: Bool
    ) {
      self.number = number
      self.definition = definition
      self.accountZone = accountZone
      self.acceptedAt = acceptedAt
      self.highWater = highWater
      self.wasStopped = wasStopped
    }
  }

  package struct Export: Sendable {
    package var id: Int64
    package var name: String
    package var createdAt: Int64
    /// When it was seen for the first time.
    package var seenAt: Int
    package var isStopped: Bool
    package var isDeleted: Bool
    /// From number 1 on, without a gap.
    package var revisions: [Revision]
    package let nature: Nature

    /// Whether its revisions name more than one destination.
    var hasMoved: Bool {
      Set(revisions.compactMap { $0.definition.firstMatch(of: /"destination":"([a-z]+)"/)?.1 }).count > 1
    }

    package init(
      id: Int64, name: String, createdAt: Int64, seenAt: Int, isStopped: Bool, isDeleted: Bool,
      revisions: [Revision]
    ) {
      self.id = id
      self.name = name
      self.createdAt = createdAt
      self.seenAt = seenAt
      self.isStopped = isStopped
      self.isDeleted = isDeleted
      self.revisions = revisions
      nature = Nature(revisions[0].definition)
    }
  }

  /// A run as `status` shows it at the end.
  package struct Run: Hashable, Sendable {
    package var id: Int64
    package var export: Int64
    /// Nil for a run that has no window: of profiles, as they are at one moment.
    package var from: Int64?
    package var to: Int64
    package var isVoided: Bool
    package var state: String
    /// Why it stands so, or what was wrong with its last attempt.
    package var reason: String?
    package var scheduledAt: Int64
    package var runTimestamp: Int64?
    package var finishedAt: Int64?

    package init(
      id: Int64, export: Int64, from: Int64?, to: Int64, isVoided: Bool, state: String, reason: String?,
      scheduledAt: Int64, runTimestamp: Int64?, finishedAt: Int64?
    ) {
      self.id = id
      self.export = export
      self.from = from
      self.to = to
      self.isVoided = isVoided
      self.state = state
      self.reason = reason
      self.scheduledAt = scheduledAt
      self.runTimestamp = runTimestamp
      self.finishedAt = finishedAt
    }
  }

  /// Something that a person asked of an export and that was granted.
  package struct Deed: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
      case stop, start, run, rebase, delete
      /// Its file was written anew or removed: a reload, or the next start, takes it.
      case file

      /// Whether windows that had failed or were stopped are owed again.
      var reopens: Bool { self == .start || self == .run || self == .rebase }
    }
    package var kind: Kind
    package var export: Int64
    package var moment: Int
    package var elapsed: Int64
    /// The highest that the wall clock had shown by then.
    package var highWater: Int64

    package init(kind: Kind, export: Int64, moment: Int, elapsed: Int64, highWater: Int64) {
      self.kind = kind
      self.export = export
      self.moment = moment
      self.elapsed = elapsed
      self.highWater = highWater
    }
  }

  package var rows: [Row] = []
  /// In the order in which they came.
  package var profileStates: [ProfileState] = []
  /// Whether profiles have `updatedAt`.
  package var hasVersions = false
  /// Ids of the databases, by source.
  package var databases: [String: [String]] = [:]
  package var glances: [Glance] = []
  package var readings: [Reading] = []
  package var deposits: [Deposit] = []
  package var recorded: [Recorded] = []
  package var exports: [Export] = []
  /// Deleted ones that are no longer in the state database.
  package var prunedExports: [Export] = []
  package var runs: [Run] = []
  package var deeds: [Deed] = []
  /// Names that `status` lists as refused by the destination.
  package var undeletable: Set<String> = []
  /// Of which a destination refused a deletion at least once, as `store/name`.
  package var unwilling: Set<String> = []
  /// Uploads that nobody has ended, as `store/name`.
  package var uploads: [String] = []
  /// What is left in the staging directory.
  package var staged: [String] = []
  /// Watermarks that had moved without a committed manifest, whenever it was looked.
  package var strayWatermarks: [String] = []
  /// What the wall clock showed when faults stopped.
  package var faultsEnd: Int64 = 0
  /// What the wall clock shows at the end, and the highest that it ever showed.
  package var end: Int64 = 0
  package var highWater: Int64 = 0
  /// Whether everything that was due has had all the time it needs, with nothing in its way.
  package var cameToRest = true

  package init() {}
}

/// A rule that a history has broken.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
  /// In a few words, the same for all violations of one rule.
  package var rule: String
  package var detail: String

  package init(_ rule: String, _ detail: String) {
    self.rule = rule
    self.detail = detail
  }

  package var description: String { "\(rule): \(detail)" }
}
