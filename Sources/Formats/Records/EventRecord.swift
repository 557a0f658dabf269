import ExportCore
import TimeZones

/// One event at a time as encoders see it: checked, with what all formats share already decided. Its
/// storage is used over and over; what it gives is valid until the next row is loaded.
struct EventRecord: ~Copyable {
  private let identityColumn: IdentityColumn
  private let includeObjectId: Bool
  private var clock: LocalClock
  private var names = MemberNames()

  private var text = RowText.none
  private var row = EventRow(ts: 0, key: ReadKey(pass: 0, order: 0, sequence: 0))
  private var identityRange = ByteRange.absent

  /// An array.
  private(set) var allIdentities = JSONField()
  /// An object.
  private(set) var device = JSONField()
  /// An object.
  private(set) var session = JSONField(kinds: EventRecord.kinds)
  /// An object.
  private(set) var properties = JSONField(kinds: EventRecord.kinds)

  /// Of ``device``, once it has been placed.
  private(set) var deviceInfo = DeviceInfo()

  /// Into how many kinds events fall by their names.
  private static let kinds = 32

  @inline(__always)
  private static func kind(_ name: UnsafeRawBufferPointer) -> Int {
    guard let first = name.first, let last = name.last else { return 0 }
    return name.count &* 7 &+ Int(first) &* 3 &+ Int(last)
  }

  /// - Parameter identifiers: which of them fill the identity column, first choice first.
  init(zone: Zone, identifiers: [Identifier], includeObjectId: Bool) {
    identityColumn = IdentityColumn(identifiers: identifiers)
    self.includeObjectId = includeObjectId
    clock = LocalClock(zone: zone)
  }

  var key: ReadKey { row.key }
  /// Of the event, in the export's zone.
  var date: LocalDate { clock.date }
  /// Milliseconds since 1970-01-01T00:00:00Z.
  var milliseconds: Int64 { row.ts }
  /// `yyyyMMddHHmmss` in the export's zone.
  var timestamp: Int { clock.timestamp }
  var name: UnsafeRawBufferPointer { text[row.name] ?? UnsafeRawBufferPointer(start: nil, count: 0) }

  /// The value of the identity column.
  var identity: UnsafeRawBufferPointer? { text[identityRange] }
  var objectId: UnsafeRawBufferPointer? { includeObjectId ? text[row.objectId] : nil }
  var platform: UnsafeRawBufferPointer? { text[row.platform] }
  var phone: UnsafeRawBufferPointer? { text[row.phone] }
  var profileName: UnsafeRawBufferPointer? { text[row.profileName] }
  var email: UnsafeRawBufferPointer? { text[row.email] }
  var pushToken: UnsafeRawBufferPointer? { text[row.pushToken] }
  var controlGroup: UnsafeRawBufferPointer? { text[row.controlGroup] }

  /// How many members of JSON objects another one of the same name has replaced, in all rows so far.
  var replacedMembers: Int { names.replaced }

  /// Takes up a row of a batch whose bytes these are. A row that cannot be converted is given back with the
  /// reason, and the record is then of no use.
  mutating func load(_ row: EventRow, of bytes: UnsafeRawBufferPointer) -> RejectedRow? {
    self.row = row
    text = RowText(bytes)
    guard !row.name.isAbsent else { return rejected("there is no event name", value: nil) }
    guard clock.set(milliseconds: row.ts) else {
      return rejected("ts lies outside of the years 1970 to 9999", value: nil)
    }
    let kind = EventRecord.kind(self.name)
    var field = row.properties
    var column: StaticString = "properties"
    do throws(JSONFieldError) {
      try properties.load(text[field], kind: .object, row: kind, names: &names)
      (field, column) = (row.device, "device")
      try device.load(text[field], kind: .object, row: kind, names: &names)
      (field, column) = (row.session, "session")
      try session.load(text[field], kind: .object, row: kind, names: &names)
      (field, column) = (row.allIdentities, "allIdentities")
      try allIdentities.load(text[field], kind: .array, names: &names)
    } catch {
      return rejected("\(column) \(error.description)", value: field)
    }
    identityRange = identityColumn.choose(identity: row.identity, email: row.email, phone: row.phone)
    return nil
  }

  /// Finds the fields of the device that have columns, for formats that have any.
  @inline(__always)
  mutating func placeDevice() { deviceInfo.place(device, &names) }

  private func rejected(_ reason: String, value: ByteRange?) -> RejectedRow {
    RejectedRow(
      key: row.key, id: text.excerpt(row.id), name: text.excerpt(row.name), reason: reason,
      value: value.flatMap { text.excerpt($0) })
  }
}
