package import ExportCore

/// A profile as a test writes it down; JSON fields hold raw text, broken or not.
package struct SampleProfile: Codable, Sendable {
  package var key: ReadKey
  package var isDeleted = false
  /// A source rejects a row without.
  package var objectId: String?
  package var identity: String?
  package var email: String?
  package var phone: String?
  package var allIdentities: String?
  package var device: String?
  package var communication: String?
  package var properties: String?
  /// Why the source cannot convert it, when it cannot.
  package var rejection: String?

  package init(sequence: Int64, objectId: String? = "o", properties: String? = nil) {
    key = ReadKey(pass: 0, order: 0, sequence: sequence)
    self.objectId = objectId
    self.properties = properties
  }
}

extension ProfileBatch {
  package init(_ profiles: some Sequence<SampleProfile>) {
    self.init()
    for profile in profiles { append(profile) }
  }

  private mutating func append(_ profile: SampleProfile) {
    var row = ProfileRow(key: profile.key)
    if let reason = profile.rejection ?? (profile.objectId == nil ? "there is no objectId" : nil) {
      row.rejection = Int32(rejected.count)
      rejected.append(
        RejectedRow(key: profile.key, id: profile.objectId, name: nil, reason: reason, value: nil))
    }
    row.isDeleted = profile.isDeleted
    row.objectId = range(profile.objectId)
    row.objectKey = row.objectId
    row.identity = range(profile.identity)
    row.email = range(profile.email)
    row.phone = range(profile.phone)
    row.allIdentities = range(profile.allIdentities)
    row.device = range(profile.device)
    row.communication = range(profile.communication)
    row.properties = range(profile.properties)
    rows.append(row)
  }

  private mutating func range(_ text: String?) -> ByteRange {
    guard let text else { return .absent }
    let offset = bytes.count
    bytes.append(contentsOf: text.utf8)
    return ByteRange(offset: UInt32(offset), count: UInt32(bytes.count - offset))
  }
}

/// Random profiles with everything that sources hold, and names that meet in a flat record.
package struct SampleProfiles<Random: RandomNumberGenerator> {
  private var wild: WildValues<Random>
  private var sequence: Int64 = 0

  package init(random: Random) { wild = WildValues(random: random) }

  package mutating func next() -> SampleProfile {
    sequence += Int64.random(in: 1...3, using: &wild.random)
    var profile = SampleProfile(sequence: sequence, objectId: wild.chance(95) ? wild.text() : nil)
    profile.isDeleted = wild.chance(15)
    profile.rejection = wild.chance(5) ? "updatedAt cannot be read" : nil
    profile.identity = wild.maybe { $0.text() }
    profile.email = wild.maybe { $0.text() }
    profile.phone = wild.maybe { $0.text() }
    profile.allIdentities = wild.maybe { $0.perhapsBroken { $0.array(depth: 1) } }
    profile.device = wild.maybe { $0.perhapsBroken { $0.object(depth: 1) } }
    profile.communication = wild.maybe { $0.perhapsBroken { $0.object(depth: 2, names: Self.names) } }
    profile.properties = wild.maybe { wild in
      let names = wild.chance(50) ? Self.names : WildValues<Random>.names
      return wild.perhapsBroken { $0.object(depth: 4, names: names) }
    }
    return profile
  }

  private static var names: [String] {
    [
      "MSG-push", "MSG-\\u0070ush", "MSG-email", "subscriptionGroups", "identity", "\\u0069dentity",
      "all_identities", "objectId", "device", "deleted", "d\\u0065leted", "Identity", "devices", "a",
      "profileProps.identity", "profileProps.profileProps.identity", "profileProps\\u002ea", "profileProps.a",
      "profileProps", "commPrefs.device", "commPrefs.MSG-push",
    ].map { "\"\($0)\"" }
  }
}
