package import ExportCore

/// A profile as a test puts it into a source.
package struct SourceProfile: Hashable, Sendable {
  package var objectId: String?
  /// Milliseconds since the epoch.
  package var updatedAt: Int64?
  /// Milliseconds since the epoch.
  package var deletedAt: Int64?
  package var identity: String?
  package var email: String?
  package var phone: String?
  package var allIdentities: String?
  package var device: String?
  package var communication: String?
  package var properties: String?

  package init(
    _ objectId: String?, updatedAt: Int64? = nil, deletedAt: Int64? = nil, identity: String? = nil,
    email: String? = nil, phone: String? = nil, allIdentities: String? = nil, device: String? = nil,
    communication: String? = nil, properties: String? = nil
  ) {
    self.objectId = objectId
    self.updatedAt = updatedAt
    self.deletedAt = deletedAt
    self.identity = identity
    self.email = email
    self.phone = phone
    self.allIdentities = allIdentities
    self.device = device
    self.communication = communication
    self.properties = properties
  }
}

/// Makes fresh sources of one kind without profiles in them.
package struct ProfileFixture: Sendable, CustomStringConvertible {
  package let description: String
  /// Whether those who write wait while profiles are read.
  package let holdsUpWriters: Bool
  /// With databases of these ids.
  package let make: @Sendable ([String]) throws -> any SourceUnderTest

  package init(
    _ description: String, holdsUpWriters: Bool = false,
    make: @escaping @Sendable ([String]) throws -> any SourceUnderTest
  ) {
    self.description = description
    self.holdsUpWriters = holdsUpWriters
    self.make = make
  }
}

/// One row as a test compares it: text instead of ranges.
package struct ReadProfile: Hashable, Sendable {
  package var key: ReadKey
  package var version: ProfileVersion?
  package var isDeleted: Bool
  package var objectKey: [UInt8]
  package var fields: [String: String]
  /// Why it was rejected.
  package var rejection: RejectedRow?

  package init(_ row: ProfileRow, _ batch: ProfileBatch) {
    func bytes(_ range: ByteRange) -> [UInt8] {
      Array(batch.bytes[Int(range.offset)..<Int(range.offset) + Int(range.count)])
    }
    key = row.key
    version = row.version
    isDeleted = row.isDeleted
    objectKey = row.objectKey.isAbsent ? [] : bytes(row.objectKey)
    rejection = row.rejection >= 0 ? batch.rejected[Int(row.rejection)] : nil
    fields = [:]
    for (name, range) in [
      ("objectId", row.objectId), ("identity", row.identity), ("email", row.email), ("phone", row.phone),
      ("allIdentities", row.allIdentities), ("device", row.device), ("communication", row.communication),
      ("properties", row.properties),
    ] where !range.isAbsent {
      fields[name] = String(validating: bytes(range), as: UTF8.self) ?? "(not UTF-8)"
    }
  }

  package var objectId: String? { fields["objectId"] }
  /// Milliseconds since the epoch.
  package var versionMilliseconds: Int64? {
    version.map { $0 == .unusable ? .max : $0.seconds * 1000 + Int64($0.nanoseconds) / 1_000_000 }
  }
}

/// All that one read of profiles gave.
package struct ProfileResult: Sendable {
  package var profiles: [ReadProfile] = []
  /// Rows without an objectId.
  package var nameless: [ReadProfile] = []
  package var rejected: [RejectedRow] = []
  package var batches = 0

  package init() {}

  package mutating func add(_ batch: ProfileBatch) {
    for row in batch.rows {
      if row.objectKey.isAbsent {
        nameless.append(ReadProfile(row, batch))
      } else {
        profiles.append(ReadProfile(row, batch))
      }
    }
    rejected += batch.rejected
    batches += 1
  }

  package var ids: [String] { profiles.map { $0.objectId ?? "" } }
}

extension Source {
  package func readAll(_ read: ProfileRead) async throws -> ProfileResult {
    var result = ProfileResult()
    try await readProfiles(read) { batch in result.add(batch) }
    return result
  }
}
