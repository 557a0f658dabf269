import ExportCore
import Glibc

/// Which members of a profile cannot stand under their own names in a flat record, beside the record's own keys
/// and one another. They get the name of their group in front. So does every name that begins like that, whether
/// anything else has it or not, so that two names never become one.
struct FlatNames: ~Copyable {
  /// Of a property that cannot stand under its own name.
  static let propertiesGroup: StaticString = "profileProps."
  /// Of a communication preference that cannot stand under its own name.
  static let communicationGroup: StaticString = "commPrefs."

  /// Indices of the names' tokens, ascending.
  private(set) var communication: [UInt32] = []
  /// Indices of the names' tokens, ascending.
  private(set) var properties: [UInt32] = []

  /// Looks through the members of the profile at hand.
  mutating func find(
    communication: borrowing JSONField, properties: borrowing JSONField, _ names: inout MemberNames
  ) {
    self.communication.removeAll(keepingCapacity: true)
    self.properties.removeAll(keepingCapacity: true)
    if communication.isAbsent { return find(properties: properties, beside: nil, &names) }
    communication.withValue { value in
      FlatNames.append(namesOf: value, takenBy: nil, &names, to: &self.communication)
      find(properties: properties, beside: value, &names)
    }
  }

  private mutating func find(
    properties: borrowing JSONField, beside communication: JSONValue?, _ names: inout MemberNames
  ) {
    guard !properties.isAbsent else { return }
    properties.withValue {
      FlatNames.append(namesOf: $0, takenBy: communication, &names, to: &self.properties)
    }
  }

  private static func append(
    namesOf object: JSONValue, takenBy other: JSONValue?, _ names: inout MemberNames, to found: inout [UInt32]
  ) {
    if let other { names.takeUp(other) }
    object.forEachName { name in
      if names.withText(of: name, in: object, isReserved)
        || other.map({ names.hasTakenUp(name, of: object, in: $0) }) ?? false
      {
        found.append(UInt32(name))
      }
    }
  }

  @inline(__always)
  private static func isReserved(_ name: UnsafeRawBufferPointer) -> Bool {
    switch name.count {
    case 6: name.begins(with: "device")
    case 7: name.begins(with: "deleted")
    case 8: name.begins(with: "identity") || name.begins(with: "objectId")
    case 14: name.begins(with: "all_identities") || beginsWithGroup(name)
    default: beginsWithGroup(name)
    }
  }

  @inline(__always)
  private static func beginsWithGroup(_ name: UnsafeRawBufferPointer) -> Bool {
    name.begins(with: propertiesGroup) || name.begins(with: communicationGroup)
  }
}

extension UnsafeRawBufferPointer {
  @inline(__always)
  fileprivate func begins(with text: StaticString) -> Bool {
    guard let baseAddress, count >= text.utf8CodeUnitCount else { return false }
    return memcmp(baseAddress, text.utf8Start, text.utf8CodeUnitCount) == 0
  }
}
