/// `exportd.json`, validated.
package struct Configuration: Sendable {
  package var account: String
  /// IANA name.
  package var timeZone: String
  /// Which identifiers the account uses, in default order; never empty.
  package var identifiers: [Identifier]
  package var stateDirectory: String
  package var maxConcurrentRuns: Int
  /// Seconds without progress before an attempt is failed.
  package var stallTimeout: Int
  package var keepHistoryDays: Int
  package var onFailure: FailureNotice?
  package var sources: [String: SourceConfiguration]
  package var destinations: [String: DestinationConfiguration]

  /// The state directory of a configuration that names none.
  package static let usualStateDirectory = "/var/lib/exportd"

  package init(
    account: String, timeZone: String, identifiers: [Identifier], stateDirectory: String,
    maxConcurrentRuns: Int, stallTimeout: Int, keepHistoryDays: Int, onFailure: FailureNotice?,
    sources: [String: SourceConfiguration], destinations: [String: DestinationConfiguration]
  ) {
    self.account = account
    self.timeZone = timeZone
    self.identifiers = identifiers
    self.stateDirectory = stateDirectory
    self.maxConcurrentRuns = maxConcurrentRuns
    self.stallTimeout = stallTimeout
    self.keepHistoryDays = keepHistoryDays
    self.onFailure = onFailure
    self.sources = sources
    self.destinations = destinations
  }
}

/// Whom to tell when a run becomes FAILED or an export recovers.
package struct FailureNotice: Hashable, Sendable {
  /// An http or https address, which may carry a token.
  package var webhook: Secret?
  package var command: [String]?

  package init(webhook: Secret?, command: [String]?) {
    self.webhook = webhook
    self.command = command
  }
}

/// Where records come from. One case a kind of source: the compiler then finds every place that a new
/// kind needs.
package enum SourceConfiguration: Hashable, Sendable, Codable {
  case sqlite(SQLiteSourceConfiguration)

  package var events: EventMapping? {
    switch self {
    case .sqlite(let sqlite): sqlite.events
    }
  }
  package var profiles: ProfileMapping? {
    switch self {
    case .sqlite(let sqlite): sqlite.profiles
    }
  }
  package var databaseIds: [String] {
    switch self {
    case .sqlite(let sqlite): sqlite.databases.map(\.id)
    }
  }
}

package struct SQLiteSourceConfiguration: Hashable, Sendable, Codable {
  package struct Database: Hashable, Sendable, Codable {
    package var id: String
    /// Absolute.
    package var path: String

    package init(id: String, path: String) {
      self.id = id
      self.path = path
    }
  }
  /// Ids are unique; never empty.
  package var databases: [Database]
  package var events: EventMapping?
  package var profiles: ProfileMapping?
  /// Whether a rollback-journal database without a sequence may be read, which holds up its writers.
  package var mayBlockWriters: Bool

  package init(
    databases: [Database], events: EventMapping?, profiles: ProfileMapping?, mayBlockWriters: Bool = false
  ) {
    self.databases = databases
    self.events = events
    self.profiles = profiles
    self.mayBlockWriters = mayBlockWriters
  }
}

/// A field of an event; the raw value is its key under `columns`.
package enum EventField: String, Hashable, Sendable, Codable, CaseIterable {
  case ts, name, objectId, id, identity, email, phone, profileName, platform, pushToken, allIdentities
  case device, session, controlGroup

  /// The column a field takes when the mapping does not name one.
  package var defaultColumn: String {
    switch self {
    case .objectId: "object_id"
    case .profileName: "profile_name"
    case .pushToken: "push_token"
    case .allIdentities: "all_identities"
    case .controlGroup: "control_group"
    default: rawValue
    }
  }
}

/// A field of a profile; the raw value is its key under `columns`.
package enum ProfileField: String, Hashable, Sendable, Codable, CaseIterable {
  case objectId, identity, email, phone, allIdentities, device, communication, updatedAt, deletedAt

  /// The column a field takes when the mapping does not name one.
  package var defaultColumn: String {
    switch self {
    case .objectId: "object_id"
    case .allIdentities: "all_identities"
    case .updatedAt: "updated_at"
    case .deletedAt: "deleted_at"
    default: rawValue
    }
  }
}

/// How the events of a source lie in its schema.
package struct EventMapping: Hashable, Sendable, Codable {
  /// A table, a view, or a parenthesised SELECT.
  package var from: String
  /// SQL expressions over `from`.
  package var columns: [EventField: String]
  package var properties: PropertyMapping
  package var tsUnit: TimeUnit
  /// IANA name of the zone of `iso8601` times without an offset; nil is UTC.
  package var tsTimeZone: String?
  /// An integer SQL expression that grows with every insertion and never changes.
  package var sequence: String?

  package init(
    from: String, columns: [EventField: String] = [:], properties: PropertyMapping = .defaultColumn,
    tsUnit: TimeUnit = .milliseconds, tsTimeZone: String? = nil, sequence: String? = nil
  ) {
    self.from = from
    self.columns = columns
    self.properties = properties
    self.tsUnit = tsUnit
    self.tsTimeZone = tsTimeZone
    self.sequence = sequence
  }
}

/// How the profiles of a source lie in its schema.
package struct ProfileMapping: Hashable, Sendable, Codable {
  package var from: String
  package var columns: [ProfileField: String]
  package var properties: PropertyMapping
  package var updatedAtUnit: TimeUnit
  /// IANA name of the zone of `iso8601` times without an offset; nil is UTC.
  package var tsTimeZone: String?
  /// How late a transaction may commit after its `updatedAt`, in seconds.
  package var lookback: Int

  package init(
    from: String, columns: [ProfileField: String] = [:], properties: PropertyMapping = .defaultColumn,
    updatedAtUnit: TimeUnit = .milliseconds, tsTimeZone: String? = nil, lookback: Int = 3600
  ) {
    self.from = from
    self.columns = columns
    self.properties = properties
    self.updatedAtUnit = updatedAtUnit
    self.tsTimeZone = tsTimeZone
    self.lookback = lookback
  }
}

package enum PropertyMapping: Hashable, Sendable, Codable {
  /// The column `properties`, if there is one.
  case defaultColumn
  /// A column that holds one JSON object, by name; it must exist.
  case column(String)
  /// Property name → SQL expression, in the order written.
  case expressions([Property])
  /// `"*"`: every column that is not by its plain name the value of another field.
  case everyOtherColumn

  package struct Property: Hashable, Sendable, Codable {
    package var name: String
    package var expression: String

    package init(name: String, expression: String) {
      self.name = name
      self.expression = expression
    }
  }
}

package enum TimeUnit: String, Hashable, Sendable, Codable, CaseIterable {
  case milliseconds, seconds, microseconds, nanoseconds, iso8601
}
