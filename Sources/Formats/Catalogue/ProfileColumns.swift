import ExportCore

/// The columns of profiles.
struct ProfileColumns: ~Copyable {
  var device = ColumnGroup()
  var communication = ColumnGroup()
  var properties = ColumnGroup()

  /// Finds the column of each member of a profile's objects.
  /// - Returns: whether all of them had one.
  @inline(__always)
  mutating func place(_ profile: borrowing ProfileRecord, typed: Bool) -> Bool {
    let device = self.device.place(profile.device, typed: typed)
    let communication = self.communication.place(profile.communication, typed: typed)
    let properties = self.properties.place(profile.properties, typed: typed)
    return device && communication && properties
  }

  mutating func add(_ name: String, _ group: PropertyGroup, _ type: PropertyType, isFresh: Bool) {
    var name = name
    name.withUTF8 {
      let name = UnsafeRawBufferPointer($0)
      switch group {
      case .device: device.add(name, type, isFresh: isFresh)
      case .commPrefs: communication.add(name, type, isFresh: isFresh)
      case .profileProps, .eventProps, .sessionProps: properties.add(name, type, isFresh: isFresh)
      }
    }
  }

  var count: Int { device.count + communication.count + properties.count }
  /// How much memory it takes, about, in bytes.
  var bytes: Int { device.bytes + communication.bytes + properties.bytes }
}
