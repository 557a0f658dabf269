internal import ExportCore

/// Where each field stands among the columns of a statement; -1 where it has none. `ts` is always the first
/// column and the sequence the second.
struct EventColumns {
  var name: Int32 = -1
  var id: Int32 = -1
  var objectId: Int32 = -1
  var identity: Int32 = -1
  var email: Int32 = -1
  var phone: Int32 = -1
  var profileName: Int32 = -1
  var platform: Int32 = -1
  var pushToken: Int32 = -1
  var allIdentities: Int32 = -1
  var device: Int32 = -1
  var session: Int32 = -1
  var controlGroup: Int32 = -1
  var properties = PropertyColumns()

  static let ts: Int32 = 0
  static let sequence: Int32 = 1
}

/// The statements over the events of one database.
struct EventQuery {
  /// How much of a row a statement gives.
  enum Width {
    /// `ts` and the sequence.
    case position
    /// The name too.
    case name
    /// The name and the label in rejected rows.
    case label
    case whole
  }

  let schema: EventSchema
  let unit: TimeUnit

  init(_ schema: EventSchema, unit: TimeUnit) {
    self.schema = schema
    self.unit = unit
  }

  private var from: String { schema.relation.sql }
  private var ts: String { schema.ts.sql }
  private var sequence: String { schema.sequence.expression?.sql ?? "NULL" }

  /// Rows with the sequence beyond ?1 and up to ?2, in its order.
  func bySequence(_ width: Width) -> String {
    "SELECT \(terms(width).sql) FROM \(from) WHERE \(sequence) > ?1 AND \(sequence) <= ?2 ORDER BY \(sequence)"
  }

  /// Rows with `ts` beyond ?1 and below ?2, in the order of `ts` and then the sequence.
  func byTime(_ width: Width) -> String {
    "SELECT \(terms(width).sql) FROM \(from) WHERE \(ts) > ?1 AND \(ts) < ?2 ORDER BY \(ts), \(sequence)"
  }

  /// Rows with `ts` equal to ?1 and the sequence beyond ?2: where ``byTime(_:)`` stopped among rows of one time.
  /// Apart, because SQLite finds the place at once only for an equality.
  func byTimeRest(_ width: Width) -> String {
    "SELECT \(terms(width).sql) FROM \(from) WHERE \(ts) = ?1 AND \(sequence) > ?2 ORDER BY \(sequence)"
  }

  /// All rows that may lie beyond ?1 and below ?2, in an order that nothing but a change of their content alters.
  func withoutSequence(_ width: Width, _ order: DatabaseCut.ReadOrder) -> String {
    let terms = terms(width)
    let condition =
      switch (order, unit) {
      case (.timestamp, _): "WHERE \(ts) > ?1 AND \(ts) < ?2"
      // Times that are texts say nothing by their order; both parameters are then of no use.
      case (.sequence, .iso8601): "WHERE ?1 < ?2"
      // Without its affinity: texts in between are looked at one by one.
      case (.sequence, _): "WHERE (+\(ts) > ?1 AND +\(ts) < ?2) OR typeof(\(ts)) NOT IN ('integer', 'real')"
      }
    var order = [1]
    if terms.columns.id >= 0 { order.append(Int(terms.columns.id) + 1) }
    order += (3..<max(terms.count + 1, 3)).filter { !order.contains($0) }
    return "SELECT \(terms.sql) FROM \(from) \(condition) "
      + "ORDER BY \(order.map(String.init).joined(separator: ", "))"
  }

  /// The highest row.
  var top: String {
    "SELECT \(sequence) FROM \(from) ORDER BY \(sequence) DESC LIMIT 1"
  }

  /// What a fingerprint is taken from, for the sequence ?1.
  var fingerprint: String {
    "SELECT \(ts), \(schema.name.sql) FROM \(from) WHERE \(sequence) = ?1"
  }

  var withoutSequenceValue: String { "SELECT 1 FROM \(from) WHERE \(sequence) IS NULL LIMIT 1" }

  /// Any row whose `ts` is a text or a BLOB: these sort behind all numbers.
  var textTime: String { "SELECT 1 FROM \(from) WHERE \(ts) >= '' LIMIT 1" }

  func columns(_ width: Width) -> EventColumns { terms(width).columns }

  private func terms(_ width: Width) -> (sql: String, columns: EventColumns, count: Int) {
    var columns = EventColumns()
    var terms = [ts, sequence]
    func add(_ field: EventField) -> Int32 {
      guard let expression = schema.fields[field] else { return -1 }
      terms.append(expression.sql)
      return Int32(terms.count - 1)
    }
    if width != .position { columns.name = add(.name) }
    if width == .label || width == .whole { columns.id = add(.id) }
    if width == .whole {
      columns.objectId = add(.objectId)
      columns.identity = add(.identity)
      columns.email = add(.email)
      columns.phone = add(.phone)
      columns.profileName = add(.profileName)
      columns.platform = add(.platform)
      columns.pushToken = add(.pushToken)
      columns.allIdentities = add(.allIdentities)
      columns.device = add(.device)
      columns.session = add(.session)
      columns.controlGroup = add(.controlGroup)
      columns.properties = PropertyColumns(schema.properties, to: &terms)
    }
    return (terms.joined(separator: ", "), columns, terms.count)
  }
}
