extension Testimony {
  /// What a profile became by one write that was committed. Its number says what a record of it shows.
  package struct ProfileState: Hashable, Sendable {
    package var databaseId: String
    package var objectId: String
    /// When it was committed.
    package var moment: Int
    /// Stands in the profile's properties; nil when its row was deleted.
    package var content: Int?
    /// Milliseconds since the epoch.
    package var updatedAt: Int64
    package var deletedAt: Int64?
    /// Whether it was committed within the source's `lookback` after its version, by the highest that the wall clock had
    /// shown.
    package var isPunctual = false

    package init(databaseId: String, objectId: String, moment: Int, updatedAt: Int64) {
      self.databaseId = databaseId
      self.objectId = objectId
      self.moment = moment
      self.updatedAt = updatedAt
    }

    /// In milliseconds; nil when the row is gone.
    package var version: Int64? { content == nil ? nil : max(updatedAt, deletedAt ?? .min) }
    package var isAlive: Bool { content != nil && deletedAt == nil }
  }

  /// What `status` would have told of all profile exports at one moment.
  package struct Glance: Hashable, Sendable {
    package struct Standing: Hashable, Sendable {
      package var export: Int64
      /// Neither STOPPED nor DONE, nor waiting for a one-time export to end.
      package var isActive: Bool
      /// Whether a run of it is open that may read and send.
      package var isAdmitted: Bool
      /// Whether a run of it is RUNNING, or has its manifest to deliver.
      package var isInFlight: Bool
      package var isDone: Bool
      /// Why it is STOPPED.
      package var reason: String?

      package init(
        export: Int64, isActive: Bool, isAdmitted: Bool, isInFlight: Bool, isDone: Bool, reason: String?
      ) {
        self.export = export
        self.isActive = isActive
        self.isAdmitted = isAdmitted
        self.isInFlight = isInFlight
        self.isDone = isDone
        self.reason = reason
      }
    }

    /// It holds until the next one.
    package var moment: Int
    package var standings: [Standing]

    package init(moment: Int, standings: [Standing]) {
      self.moment = moment
      self.standings = standings
    }
  }

  /// Profiles were read from a database.
  package struct Reading: Hashable, Sendable {
    package var moment: Int
    package var databaseId: String
    /// The exports whose runs may have been those that read; nearly always one.
    package var exports: [Int64]

    package init(moment: Int, databaseId: String, exports: [Int64]) {
      self.moment = moment
      self.databaseId = databaseId
      self.exports = exports
    }
  }
}

extension Testimony.Export {
  /// What its definition says that no edit changes.
  package struct Nature: Hashable, Sendable {
    var isOfProfiles: Bool
    var isRecurring: Bool
    var source: String
    /// Of a one-time profile export: whether it has recurring ones stopped, and started again at its end.
    var stopsRecurring: Bool
    var resumesRecurring: Bool

    init(_ definition: String) {
      isOfProfiles = definition.contains(#""data":{"profiles""#)
      isRecurring = !definition.contains(#""once":"#)
      source = definition.contains(#""source":"other""#) ? "other" : "main"
      stopsRecurring = definition.contains(#""stopRecurring":true"#)
      resumesRecurring = stopsRecurring && definition.contains(#""resumeRecurring":true"#)
    }
  }

  var isOfProfiles: Bool { nature.isOfProfiles }
  var isRecurring: Bool { nature.isRecurring }
  var source: String { nature.source }
}

extension Testimony.Deposit {
  /// Whether its name is one of an export: the request id comes first, of profiles behind the account.
  func isOf(_ export: Testimony.Export) -> Bool {
    let last = name[(name.lastIndex(of: "/").map(name.index(after:)) ?? name.startIndex)...]
    return last.hasPrefix("\(export.id)-") || last.hasPrefix("acme-\(export.id)-")
  }
}
