internal import ExportCore
internal import TimeZones

/// Where each field stands among the columns of a statement; -1 where it has none. The first three are always there.
struct ProfileColumns {
  static let objectKey: Int32 = 0
  static let updatedAt: Int32 = 1
  static let deletedAt: Int32 = 2

  var identity: Int32 = -1
  var email: Int32 = -1
  var phone: Int32 = -1
  var allIdentities: Int32 = -1
  var device: Int32 = -1
  var communication: Int32 = -1
  var properties = PropertyColumns()
  /// Whether a value of the row is too large and was left out.
  var isCut: Int32 = -1
}

/// The statement over the profiles of one database that a read takes.
struct ProfileQuery {
  let schema: ProfileSchema
  let unit: TimeUnit
  let order: ObjectOrder
  let span: ProfileRead.Span

  /// Every row of the span, and some that are not: those must be told by their times. In the order of their object
  /// keys, and then in one that only their content decides.
  /// - Parameter limit: when given, values of more bytes are left out and ``ProfileColumns/isCut`` says so.
  func rows(limit: Int32? = nil) -> (sql: String, columns: ProfileColumns) {
    var (values, columns) = terms
    // Content that is the same needs no order. `COLLATE BINARY`, because to others different texts are equal.
    let content = order.isUnique ? [] : (2...values.count).map(String.init)
    let kinds = order.isUnique ? [] : ProfileFunctions.kinds(Array(values.dropFirst(heads.count)))
    // Also where an objectId is left out, its row stays at its place: rows before it may have been taken already.
    let key = order.isByColumn && limit != nil ? values[0] : "1"
    if let limit {
      let guarded = values.indices.filter { $0 != ProfileColumns.updatedAt && $0 != ProfileColumns.deletedAt }
      let fits = guarded.map { ProfileFunctions.fits(values[$0], limit: limit) }
      for (index, fits) in zip(guarded, fits) {
        values[index] = "CASE WHEN \(fits) THEN \(values[index]) END"
      }
      columns.isCut = Int32(values.count)
      values.append("0 IN (\(fits.joined(separator: ", ")))")
    }
    let terms = ([key] + content).map { $0 + " COLLATE BINARY" } + kinds
    return (
      "SELECT \(values.joined(separator: ", ")) FROM \(schema.relation.sql)\(condition) "
        + "ORDER BY \(terms.joined(separator: ", "))", columns
    )
  }

  /// What tells which row it is, and whether it is one of the span.
  private var heads: [String] {
    [objectKey, schema.fields[.updatedAt]?.sql ?? "NULL", schema.fields[.deletedAt]?.sql ?? "NULL"]
  }

  private var objectKey: String {
    guard order.isByColumn else { return ProfileFunctions.objectKey(schema.objectId.sql) }
    // An index on the objectId must not keep SQLite from finding few rows by their times: the plus hides it.
    return span == .everything ? schema.objectId.sql : "+\(schema.objectId.sql)"
  }

  private var terms: (values: [String], columns: ProfileColumns) {
    var values = heads
    var columns = ProfileColumns()
    func add(_ field: ProfileField) -> Int32 {
      guard let expression = schema.fields[field] else { return -1 }
      values.append(expression.sql)
      return Int32(values.count - 1)
    }
    columns.identity = add(.identity)
    columns.email = add(.email)
    columns.phone = add(.phone)
    columns.allIdentities = add(.allIdentities)
    columns.device = add(.device)
    columns.communication = add(.communication)
    columns.properties = PropertyColumns(schema.properties, to: &values)
    return (values, columns)
  }

  // MARK: Times

  /// Gives the parameters of ``condition`` their values.
  func bind(to statement: SQLiteStatement) {
    let instants =
      switch span {
      case .everything: [Instant]()
      case .since(let instant): [instant]
      case .updated(let window): [window.from, window.to, Instant(seconds: RowTime.usableSeconds.upperBound)]
      }
    for (index, instant) in instants.enumerated() {
      statement.bind(RawTime.position(of: instant, unit), at: Int32(index + 1))
    }
  }

  private var condition: String {
    let arms = arms
    return arms.isEmpty ? "" : " WHERE " + arms.joined(separator: " OR ")
  }

  /// Each by an index where there is one. SQLite keeps in memory which rows it has found by all but the last: the
  /// one that finds most is the last.
  private var arms: [String] {
    switch span {
    case .everything: []
    case .since: ProfileField.times.flatMap { arms($0) { [rare("\($0) >= ?1")] } }
    case .updated: arms(.updatedAt) { [rare("\($0) >= ?3"), "(\(rare("\($0) >= ?1")) AND \($0) < ?2)"] }
    }
  }

  /// Rows whose `field` is asked for, or may be: texts are read one by one, and numbers before 1970 are no times.
  private func arms(_ field: ProfileField, _ wanted: (String) -> [String]) -> [String] {
    guard let field = schema.fields[field] else { return [] }
    guard ordersTimes(field) else { return ["\(field.sql) IS NOT NULL"] }
    return [rare("\(field.sql) < 0"), rare("\(field.sql) >= ''")] + wanted(field.sql)
  }

  /// Whether numbers stand in the order of time: among texts they do not, and in a column of texts they are texts.
  func ordersTimes(_ field: FieldExpression) -> Bool {
    unit != .iso8601 && schema.relation.affinity(of: field) != .text
  }

  /// Told that few rows fulfil a condition, SQLite takes the index; by itself it thinks that a quarter does.
  private func rare(_ condition: String) -> String { "likelihood(\(condition), 0.001)" }
}

extension ProfileField {
  /// What a version is made of.
  fileprivate static let times: [ProfileField] = [.deletedAt, .updatedAt]
}
