import ExportCore

/// One profile at a time as encoders see it: checked, with what all formats share already decided. Its storage is
/// used over and over; what it gives is valid until the next row is loaded.
struct ProfileRecord: ~Copyable {
  private let identityColumn: IdentityColumn
  private let includeObjectId: Bool
  private var names = MemberNames()

  private var text = RowText.none
  private var row = ProfileRow(key: ReadKey(pass: 0, order: 0, sequence: 0))
  private var identityRange = ByteRange.absent

  /// An array.
  private(set) var allIdentities = JSONField()
  /// An object.
  private(set) var device = JSONField()
  /// An object.
  private(set) var communication = JSONField()
  /// An object.
  private(set) var properties = JSONField()
  /// Of the members of ``communication`` and ``properties``.
  private(set) var flatNames = FlatNames()

  /// - Parameter identifiers: which of them fill the identity column, first choice first.
  init(identifiers: [Identifier], includeObjectId: Bool) {
    identityColumn = IdentityColumn(identifiers: identifiers)
    self.includeObjectId = includeObjectId
  }

  /// A profile that is gone has an objectId, perhaps an identity, and nothing else.
  var isDeleted: Bool { row.isDeleted }
  /// The value of the identity column.
  var identity: UnsafeRawBufferPointer? { text[identityRange] }
  /// Nothing else would say which profile is gone, so that it stands in a deleted one whatever the export wants.
  var objectId: UnsafeRawBufferPointer? { includeObjectId || isDeleted ? text[row.objectId] : nil }

  /// How many members of JSON objects another one of the same name has replaced, in all rows so far.
  var replacedMembers: Int { names.replaced }

  /// Takes up a row of a batch whose bytes these are. A row that cannot be converted is given back with the
  /// reason, and the record is then of no use.
  mutating func load(_ row: ProfileRow, of bytes: UnsafeRawBufferPointer) -> RejectedRow? {
    self.row = row
    text = RowText(bytes)
    guard !row.objectId.isAbsent else { return rejected("there is no objectId", value: nil) }
    // What is not told of a profile that is gone cannot be wrong with it either.
    if row.isDeleted { self.row.dropContent() }
    var field = self.row.properties
    var column: StaticString = "properties"
    do throws(JSONFieldError) {
      try properties.load(text[field], kind: .object, names: &names)
      (field, column) = (self.row.communication, "communication")
      try communication.load(text[field], kind: .object, names: &names)
      (field, column) = (self.row.device, "device")
      try device.load(text[field], kind: .object, names: &names)
      (field, column) = (self.row.allIdentities, "allIdentities")
      try allIdentities.load(text[field], kind: .array, names: &names)
    } catch {
      return rejected("\(column) \(error.description)", value: field)
    }
    identityRange = identityColumn.choose(identity: row.identity, email: row.email, phone: row.phone)
    flatNames.find(communication: communication, properties: properties, &names)
    return nil
  }

  private func rejected(_ reason: String, value: ByteRange?) -> RejectedRow {
    RejectedRow(
      key: row.key, id: text.excerpt(row.objectId), name: nil, reason: reason,
      value: value.flatMap { text.excerpt($0) })
  }
}

extension ProfileRow {
  fileprivate mutating func dropContent() {
    allIdentities = .absent
    device = .absent
    communication = .absent
    properties = .absent
  }
}
