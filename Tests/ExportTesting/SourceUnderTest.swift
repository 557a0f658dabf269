package import ExportCore

/// An event as a test puts it into a source.
package struct SourceEvent: Hashable, Sendable {
  /// Nil leaves it to the source.
  package var sequence: Int64?
  /// Milliseconds since the epoch; nil is no time at all.
  package var ts: Int64?
  package var name: String?
  package var id: String?
  package var objectId: String?
  package var identity: String?
  package var email: String?
  package var device: String?
  package var properties: String?

  package init(
    _ name: String?, ts: Int64?, sequence: Int64? = nil, id: String? = nil, objectId: String? = nil,
    identity: String? = nil, email: String? = nil, device: String? = nil, properties: String? = nil
  ) {
    self.sequence = sequence
    self.ts = ts
    self.name = name
    self.id = id
    self.objectId = objectId
    self.identity = identity
    self.email = email
    self.device = device
    self.properties = properties
  }
}

/// A real source with a way to write into it, as its application would: through a connection of its own.
package protocol SourceUnderTest: Sendable {
  var source: any Source { get }

  /// Appends events in one transaction.
  func insert(_ events: [SourceEvent], into databaseId: String) throws
  func delete(sequence: Int64, from databaseId: String) throws
  /// Writes profiles in one transaction, each in place of the one of its objectId.
  func upsert(_ profiles: [SourceProfile], into databaseId: String) throws
  /// Removes the rows of an object altogether.
  func deleteProfile(_ objectId: String, from databaseId: String) throws
  /// How often a write had to wait because a reader was in the way.
  var blockedWrites: Int { get }
}

/// Makes fresh, empty sources of one kind.
package struct SourceFixture: Sendable, CustomStringConvertible {
  package let description: String
  package let hasSequence: Bool
  /// With databases of these ids.
  package let make: @Sendable ([String]) throws -> any SourceUnderTest

  package init(
    _ description: String, hasSequence: Bool,
    make: @escaping @Sendable ([String]) throws -> any SourceUnderTest
  ) {
    self.description = description
    self.hasSequence = hasSequence
    self.make = make
  }
}

/// One row as a test compares it: text instead of ranges.
package struct ReadEvent: Hashable, Sendable {
  package var key: ReadKey
  package var ts: Int64
  package var fields: [String: String]

  package init(_ row: EventRow, _ bytes: [UInt8]) {
    key = row.key
    ts = row.ts
    fields = [:]
    for (name, range) in [
      ("name", row.name), ("id", row.id), ("objectId", row.objectId), ("identity", row.identity),
      ("email", row.email), ("phone", row.phone), ("profileName", row.profileName),
      ("platform", row.platform), ("pushToken", row.pushToken), ("allIdentities", row.allIdentities),
      ("device", row.device), ("session", row.session), ("controlGroup", row.controlGroup),
      ("properties", row.properties),
    ] where !range.isAbsent {
      let start = Int(range.offset)
      fields[name] =
        String(validating: bytes[start..<start + Int(range.count)], as: UTF8.self) ?? "(not UTF-8)"
    }
  }

  package var id: String? { fields["id"] }
  package var name: String? { fields["name"] }
}

/// All that one read gave.
package struct ReadResult: Sendable {
  package var events: [ReadEvent] = []
  package var rejected: [RejectedRow] = []
  package var batches = 0
  package var lastKey: ReadKey?

  package init() {}

  package mutating func add(_ batch: EventBatch) {
    events += batch.rows.map { ReadEvent($0, batch.bytes) }
    rejected += batch.rejected
    batches += 1
    lastKey = batch.lastKey ?? lastKey
  }

  package var ids: [String] { events.map { $0.id ?? "" } }
}

extension Source {
  package func readAll(_ read: EventRead) async throws -> ReadResult {
    var result = ReadResult()
    try await self.read(read) { batch in result.add(batch) }
    return result
  }
}
