internal import CSQLite
internal import ExportCore

/// The mapping of a source's profiles as far as events borrow from them, resolved in one database.
struct ProfileIdentities {
  let relation: Relation
  let objectId: FieldExpression
  /// NULL for what profiles lack: identity, email, phone, allIdentities.
  let terms: [String]
  let deletedAt: FieldExpression?

  /// Nil when profiles have nothing to lend.
  init?(_ mapping: ProfileMapping, in connection: SQLiteConnection) throws {
    relation = try Relation(mapping.from, path: "profiles.from", in: connection)
    let resolver = ExpressionResolver(relation: relation, connection: connection)
    func field(_ field: ProfileField) throws -> FieldExpression? {
      try resolver.field(
        "profiles.columns.\(field.rawValue)", mapping.columns[field], defaultColumn: field.defaultColumn)
    }
    objectId = try resolver.required(
      "profiles.columns.objectId", mapping.columns[.objectId],
      defaultColumn: ProfileField.objectId.defaultColumn)
    deletedAt = try field(.deletedAt)
    let lent = try [ProfileField.identity, .email, .phone, .allIdentities].map { try field($0)?.sql }
    guard lent.contains(where: { $0 != nil }) else { return nil }
    terms = lent.map { $0 ?? "NULL" }
  }

  /// A deleted profile lends nothing: who asked to be forgotten is not named again.
  var isAlive: String { deletedAt.map { "(\($0.sql) IS NULL)" } ?? "1" }

  var lookup: String {
    "SELECT \(terms.joined(separator: ", ")) FROM \(relation.sql) "
      + "WHERE \(objectId.sql) = ?1 AND \(isAlive) LIMIT 1"
  }

  func isServedByIndex(in connection: SQLiteConnection) throws -> Bool {
    ReadPlan.isServedByIndex(try connection.plan(lookup))
  }
}

/// Completes events with the identities of their profiles. No join: SQLite would look up every row anew, and
/// most events belong to few profiles.
struct ProfileLookup: ~Copyable {
  private let statement: SQLiteStatement
  private var cache: ProfileCache
  /// The texts of the profile last read.
  private var texts: [UInt8] = []

  init(_ sql: String, in connection: SQLiteConnection) throws {
    statement = try connection.prepare(sql)
    cache = ProfileCache(capacity: connection.limits.profileCacheBytes)
    // So that it has an address from the beginning.
    texts.reserveCapacity(256)
  }

  /// Gives `row` those of its identity fields that it lacks and its profile has.
  mutating func complete(
    _ row: inout EventRow, of events: OpaquePointer, objectId column: Int32, in bytes: inout [UInt8]
  ) throws {
    guard row.identity.isAbsent || row.email.isAbsent || row.phone.isAbsent || row.allIdentities.isAbsent
    else {
      return
    }
    // The kind is part of the key: 7 and '7' need not be the same profile.
    let value = ColumnValue(events, column)
    let kind = value.type
    switch kind {
    case SQLITE_TEXT, SQLITE_BLOB:
      let key = value.bytes
      try complete(&row, key, ByteTable.hash(key) &+ UInt64(kind), events, column, &bytes)
    default:
      let number =
        kind == SQLITE_INTEGER ? UInt64(bitPattern: value.integer) : value.real.bitPattern
      try withUnsafeBytes(of: (number, Int64(kind))) { key in
        try complete(&row, key, ByteTable.hash(key), events, column, &bytes)
      }
    }
  }

  private mutating func complete(
    _ row: inout EventRow, _ key: UnsafeRawBufferPointer, _ hash: UInt64, _ events: OpaquePointer,
    _ column: Int32, _ bytes: inout [UInt8]
  ) throws {
    if let known = cache.find(key, hash: hash) {
      ProfileLookup.fill(&row, known, &bytes)
      return
    }
    texts.removeAll(keepingCapacity: true)
    sqlite3_bind_value(statement.pointer, 1, sqlite3_column_value(events, column))
    var counts: (Int?, Int?, Int?, Int?)
    if try statement.step() {
      counts = (take(0), take(1), take(2), take(3))
      statement.reset()
    }
    texts.withUnsafeBytes { texts in
      let found = ProfileCache.Identities(counts: counts, texts: texts.baseAddress!)
      cache.insert(key, hash: hash, found)
      ProfileLookup.fill(&row, found, &bytes)
    }
  }

  /// Appends a column of the profile to `texts`; its length, or nil for NULL.
  private mutating func take(_ column: Int32) -> Int? {
    guard !statement.isNull(column) else { return nil }
    let start = texts.count
    ValueText.append(ColumnValue(statement.pointer, column), to: &texts)
    return texts.count - start
  }

  private static func fill(
    _ row: inout EventRow, _ identities: ProfileCache.Identities, _ bytes: inout [UInt8]
  ) {
    var text = identities.texts
    func take(_ count: Int?, _ field: inout ByteRange) {
      guard let count else { return }
      if field.isAbsent {
        field = ByteRange(offset: UInt32(bytes.count), count: UInt32(count))
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: text, count: count))
      }
      text += count
    }
    take(identities.counts.0, &row.identity)
    take(identities.counts.1, &row.email)
    take(identities.counts.2, &row.phone)
    take(identities.counts.3, &row.allIdentities)
  }
}
