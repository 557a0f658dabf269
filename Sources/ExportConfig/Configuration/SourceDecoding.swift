import ExportCore
import TimeZones

extension ConfigurationDecoder {
  private enum SourceType: String, CaseIterable { case sqlite }

  func source(_ field: Field) -> SourceConfiguration? {
    field.object { fields in
      guard let type = fields.required("type", { $0.oneOf("source type", SourceType.allCases) }) else {
        fields.leaveRest()
        return nil
      }
      return switch type {
      case .sqlite: sqliteSource(fields).map(SourceConfiguration.sqlite)
      }
    }
  }

  private func sqliteSource(_ fields: Fields) -> SQLiteSourceConfiguration? {
    let databases = fields.required("databases", databases)
    let events = fields.optional("events", eventMapping)
    let profiles = fields.optional("profiles", profileMapping)
    let mayBlockWriters = fields.optional("mayBlockWriters", default: false) { $0.bool() }
    guard let databases else { return nil }
    return SQLiteSourceConfiguration(
      databases: databases, events: events, profiles: profiles, mayBlockWriters: mayBlockWriters)
  }

  private func databases(_ field: Field) -> [SQLiteSourceConfiguration.Database]? {
    var ids: Set<String> = []
    return field.list(#"a list of databases, as in [{"id": "0", "path": "/srv/app/shard0.db"}]"#) { field in
      field.object(#"a database, as in {"id": "0", "path": "/srv/app/shard0.db"}"#) { fields in
        let id: String? = fields.required("id") { field in
          guard let id = field.text("1 to 32 letters, digits or _", Self.shortName) else { return nil }
          guard ids.insert(id).inserted else {
            field.fail("the database id \(id.quoted) is taken by another database of this source")
            return nil
          }
          return id
        }
        let path = fields.required("path") { $0.path(in: folder) }
        guard let id, let path else { return nil }
        return SQLiteSourceConfiguration.Database(id: id, path: path)
      }
    }
  }

  // MARK: Mappings

  private func eventMapping(_ field: Field) -> EventMapping? {
    field.object { fields in
      let from = fields.required("from", rows)
      let columns = fields.optional("columns", default: [:]) { expressions($0, EventField.allCases) }
      let properties = fields.optional("properties", default: .defaultColumn, properties)
      let unit = fields.optional("tsUnit", default: .milliseconds) { $0.oneOf("unit", TimeUnit.allCases) }
      let zone = timeZone(fields, unit, unitKey: "tsUnit")
      let sequence = fields.optional("sequence", expression)
      return from.map {
        EventMapping(
          from: $0, columns: columns, properties: properties, tsUnit: unit, tsTimeZone: zone,
          sequence: sequence)
      }
    }
  }

  private func profileMapping(_ field: Field) -> ProfileMapping? {
    field.object { fields in
      let from = fields.required("from", rows)
      let columns = fields.optional("columns", default: [:]) { expressions($0, ProfileField.allCases) }
      let properties = fields.optional("properties", default: .defaultColumn, properties)
      let unit = fields.optional("updatedAtUnit", default: .milliseconds) {
        $0.oneOf("unit", TimeUnit.allCases)
      }
      let zone = timeZone(fields, unit, unitKey: "updatedAtUnit")
      let lookback = fields.optional("lookback", default: 3600) { $0.duration() }
      return from.map {
        ProfileMapping(
          from: $0, columns: columns, properties: properties, updatedAtUnit: unit, tsTimeZone: zone,
          lookback: lookback)
      }
    }
  }

  /// What stands behind FROM: the name of a table or a view, or a SELECT, which needs its parentheses there.
  private func rows(_ field: Field) -> String? {
    guard let from = field.text("a table, a view or a SELECT in parentheses") else { return nil }
    let words = from.lowercased().split(whereSeparator: \.isWhitespace)
    if let first = words.first, words.count > 1, first == "select" || first == "with" {
      field.fail("a SELECT stands in parentheses here: \"(SELECT …)\"")
      return nil
    }
    return from
  }

  private func expression(_ field: Field) -> String? { field.text("an SQL expression") }

  private func expressions<Name>(_ field: Field, _ names: [Name]) -> [Name: String]?
  where Name: RawRepresentable<String> & Hashable {
    field.object("an object of SQL expressions by field") { fields in
      names.reduce(into: [:]) { columns, name in columns[name] = fields.optional(name.rawValue, expression) }
    }
  }

  private func properties(_ field: Field) -> PropertyMapping? {
    let allowed = #"the name of a column of JSON objects, "*", or an object of SQL expressions by property"#
    if case .string = field.node.value {
      return field.text(allowed).map { $0 == "*" ? .everyOtherColumn : .column($0) }
    }
    return field.entries(allowed) { expression($1) }.map { entries in
      .expressions(
        entries.compactMap { entry in
          entry.value.map { PropertyMapping.Property(name: entry.name, expression: $0) }
        })
    }
  }

  private func timeZone(_ fields: Fields, _ unit: TimeUnit, unitKey: String) -> String? {
    let zone = fields.optional("tsTimeZone") { $0.zoneName(in: zones) }
    if zone != nil, unit != .iso8601 {
      fields.warn("tsTimeZone", "\"tsTimeZone\" has no effect without \"\(unitKey)\": \"iso8601\"")
    }
    return zone
  }
}
