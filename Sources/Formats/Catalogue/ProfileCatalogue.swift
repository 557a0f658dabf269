package import ExportCore

/// As ``EventCatalogue``, for profiles, which are all alike: a row that does not fit makes them grow, and the next pass
/// writes all of them anew.
///
/// It belongs to one task at a time.
package final class ProfileCatalogue {
  package let need: ColumnNeed
  /// Lies where it is as long as the catalogue does.
  let columns: UnsafeMutablePointer<ProfileColumns>
  /// Whether anything was known before the run's first row.
  package let isEmpty: Bool
  /// Whether this pass only looks at rows: one did not fit, or it is the look ahead.
  package private(set) var isGrown = true

  /// The communication preferences there are, in the order of their columns.
  private static let preferences = ["MSG-push", "MSG-email", "MSG-sms", "MSG-whatsapp", "subscriptionGroups"]

  /// - Parameters:
  ///   - revision: of the run.
  ///   - known: the columns that the ledger knows, in the order of positions.
  /// - Throws: ``ExportError`` when there are more than files can have.
  package init(_ revision: Revision, known: [CataloguedProperty]) throws(ExportError) {
    need = ColumnNeed(revision.definition)
    isEmpty = known.isEmpty
    columns = .allocate(capacity: 1)
    columns.initialize(to: ProfileColumns())
    guard need != .nothing else { return }
    for column in known { columns.pointee.add(column.name, column.group, column.type, isFresh: false) }
    if known.isEmpty { addKnown(revision.source.profiles?.properties.names ?? []) }
    try count()
  }

  /// What every profile may have, whatever the first rows hold.
  private func addKnown(_ properties: [String]) {
    columns.pointee.add("token", .device, .unknown, isFresh: true)
    for name in Self.preferences { columns.pointee.add(name, .commPrefs, .unknown, isFresh: true) }
    for name in properties { columns.pointee.add(name, .profileProps, .unknown, isFresh: true) }
  }

  deinit {
    columns.deinitialize(count: 1)
    columns.deallocate()
  }

  /// Begins the next pass over all rows.
  package func beginPass() { isGrown = false }

  /// A row did not fit, and the columns have been widened for it.
  /// - Throws: ``ExportError`` when there are more properties than files can have columns.
  func grow() throws(ExportError) {
    try count()
    isGrown = true
  }

  /// The columns that the ledger does not know as they are.
  package var changes: [CataloguedProperty] {
    var changes: [CataloguedProperty] = []
    columns.pointee.device.forEachFresh {
      changes.append(columns.pointee.device.catalogued($0, .device, of: ""))
    }
    columns.pointee.communication.forEachFresh {
      changes.append(columns.pointee.communication.catalogued($0, .commPrefs, of: ""))
    }
    columns.pointee.properties.forEachFresh {
      changes.append(columns.pointee.properties.catalogued($0, .profileProps, of: ""))
    }
    return changes
  }

  /// The ledger knows all columns.
  package func setRecorded() {
    columns.pointee.device.setRecorded()
    columns.pointee.communication.setRecorded()
    columns.pointee.properties.setRecorded()
  }

  private func count() throws(ExportError) {
    guard columns.pointee.count <= EventCatalogue.propertyLimit,
      columns.pointee.bytes <= EventCatalogue.memoryLimit
    else { throw ColumnLimit.exceeded("profiles", need, limit: EventCatalogue.propertyLimit) }
  }
}
