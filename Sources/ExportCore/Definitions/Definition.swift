package import TimeZones

/// What one definition file or one `exportd create` asks for, as written: names are not yet resolved and
/// dates not yet judged. A resolved one is a ``Revision``.
package struct Definition: Hashable, Sendable, Codable {
  /// The name of the source in the configuration.
  package var source: String
  /// The name of the destination in the configuration.
  package var destination: String
  package var data: DataSelection
  /// Priority of identifiers for this export; nil takes the account's.
  package var identifiers: [Identifier]?
  package var frequency: Frequency
  package var format: Format
  package var asString: Bool
  package var includeObjectId: Bool
  package var compression: Compression
  /// The size as stored that no file exceeds unless a single record does, in bytes.
  package var maxFileBytes: Int
  package var guardFormulas: Bool
  package var stopRecurring: Bool
  package var resumeRecurring: Bool
  /// IANA name; nil takes the account's.
  package var timeZone: String?

  package init(
    source: String, destination: String, data: DataSelection, identifiers: [Identifier]? = nil,
    frequency: Frequency, format: Format, asString: Bool = false, includeObjectId: Bool = true,
    compression: Compression = Compression(codec: .none), maxFileBytes: Int = 100_000_000,
    guardFormulas: Bool = false, stopRecurring: Bool = false, resumeRecurring: Bool = false,
    timeZone: String? = nil
  ) {
    self.source = source
    self.destination = destination
    self.data = data
    self.identifiers = identifiers
    self.frequency = frequency
    self.format = format
    self.asString = asString
    self.includeObjectId = includeObjectId
    self.compression = compression
    self.maxFileBytes = maxFileBytes
    self.guardFormulas = guardFormulas
    self.stopRecurring = stopRecurring
    self.resumeRecurring = resumeRecurring
    self.timeZone = timeZone
  }
}

/// Which records an export carries.
package enum DataSelection: Hashable, Sendable, Codable {
  case allEvents
  /// The named events; never empty.
  case events([String])
  case profiles

  package var dataType: DataType {
    switch self {
    case .allEvents, .events: .events
    case .profiles: .profiles
    }
  }
}

/// The two kinds of data; an export never changes from one to the other.
package enum DataType: String, Hashable, Sendable, Codable { case events, profiles }

/// The values an account may use for the identity column.
package enum Identifier: String, Hashable, Sendable, Codable, CaseIterable { case identity, email, phone }

package enum Format: String, Hashable, Sendable, Codable, CaseIterable { case json, csv, xml, parquet }

package struct Compression: Hashable, Sendable, Codable {
  package enum Codec: String, Hashable, Sendable, Codable, CaseIterable { case none, gzip, zstd }
  package var codec: Codec
  /// The codec's own level; nil takes its default.
  package var level: Int?

  package init(codec: Codec, level: Int? = nil) {
    self.codec = codec
    self.level = level
  }
}

/// When an export runs.
package enum Frequency: Hashable, Sendable, Codable {
  case recurring(Recurrence)
  case once(Period)

  package var isRecurring: Bool { if case .recurring = self { true } else { false } }
}

package struct Recurrence: Hashable, Sendable, Codable {
  /// Whole hours, 4 ... 24.
  package var everyHours: Int
  /// `yyyy-MM-dd`, local; nil is the day of creation.
  package var from: LocalDate?
  package var at: LocalTime
  /// The last local day, inclusive.
  package var until: LocalDate?
  /// How long after its end a window is due, in minutes; nil leaves it to the rule (0, or 5 without a sequence).
  package var delayMinutes: Int?
  package var profiles: ProfileMode

  package init(
    everyHours: Int, from: LocalDate? = nil, at: LocalTime, until: LocalDate? = nil,
    delayMinutes: Int? = nil, profiles: ProfileMode = .changed
  ) {
    self.everyHours = everyHours
    self.from = from
    self.at = at
    self.until = until
    self.delayMinutes = delayMinutes
    self.profiles = profiles
  }
}

/// How a recurring profile export finds what to send.
package enum ProfileMode: String, Hashable, Sendable, Codable, CaseIterable { case changed, compared, full }

/// The stretch of local days that a one-time export covers.
package enum Period: Hashable, Sendable, Codable {
  case today, yesterday, currentWeek, previousWeek, currentMonth, previousMonth
  case day(LocalDate)
  /// Both days inclusive.
  case days(from: LocalDate, to: LocalDate)
  case lastDays(Int)
  /// Profiles only: every profile as it is.
  case now
}
