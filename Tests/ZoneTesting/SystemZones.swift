import Foundation
package import TimeZones

/// The zones of the system whose files differ in content, each under the first of its names.
package func distinctZones() throws -> [Zone] {
  let database = ZoneDatabase()
  var contents: Set<Data> = []
  return try database.names().compactMap { name in
    let file = URL(fileURLWithPath: "\(database.directory)/\(name)")
    return contents.insert(try Data(contentsOf: file)).inserted ? try database.zone(named: name) : nil
  }
}

extension Zone {
  /// All changes of the offset from 1800 to 2100.
  package var transitionsUpTo2100: [OffsetTransition] {
    transitions(in: Instant(rfc3339: "1800-01-01T00:00:00Z")!..<Instant(rfc3339: "2100-01-01T00:00:00Z")!)
  }
}
