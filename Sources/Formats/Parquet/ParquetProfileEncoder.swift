import ExportCore

/// Profiles as rows of Parquet files (``ParquetLayout``): structures of typed columns for the device, the communication
/// preferences and the properties, or with `asString` maps.
struct ParquetProfileEncoder: ProfileRecordEncoder {
  /// Whether members are entries of maps of strings.
  let asString: Bool

  let end: StaticString = ""

  func begin(_ columns: borrowing ProfileColumns, into out: inout OutputBytes) {
    out.append(.profiles, isMapped: asString)
    guard !asString else { return }
    out.append(layoutOf: columns.device)
    out.append(layoutOf: columns.communication)
    out.append(layoutOf: columns.properties)
  }

  func encode(
    _ profile: borrowing ProfileRecord, _ columns: borrowing ProfileColumns, into out: inout OutputBytes
  ) {
    typealias Column = ParquetLayout.Profile
    out.append(profile.identity, column: Column.identity)
    out.append(elementsOf: profile.allIdentities, column: Column.allIdentities)
    out.append(profile.objectId, column: Column.objectId)
    if profile.isDeleted {
      out.append(column: Column.deleted)
      out.append(1 as UInt8)
    }
    if asString {
      out.append(entriesOf: profile.device, key: Column.device)
      out.append(entriesOf: profile.communication, key: Column.device + 2)
      out.append(entriesOf: profile.properties, key: Column.device + 4)
    } else {
      let communication = Column.device + columns.device.count
      out.append(profile.device, in: columns.device, first: Column.device)
      out.append(profile.communication, in: columns.communication, first: communication)
      out.append(
        profile.properties, in: columns.properties, first: communication + columns.communication.count)
    }
    out.appendRowEnd()
  }
}
