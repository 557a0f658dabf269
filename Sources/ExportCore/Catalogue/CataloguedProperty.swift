/// The parts of a record that have a column for each property.
package enum PropertyGroup: String, Hashable, Sendable, Codable, CaseIterable {
  /// Of events.
  case eventProps, sessionProps
  /// Of profiles.
  case device, commPrefs, profileProps
}

/// One property that an export has had: a column of its files, in formats that have columns.
package struct CataloguedProperty: Hashable, Sendable {
  /// Empty for profiles, which are all alike.
  package var eventName: String
  package var group: PropertyGroup
  package var name: String
  /// In its group, from 0 in the order of first appearance; it never changes.
  package var position: Int
  package var type: PropertyType

  package init(eventName: String, group: PropertyGroup, name: String, position: Int, type: PropertyType) {
    self.eventName = eventName
    self.group = group
    self.name = name
    self.position = position
    self.type = type
  }
}
