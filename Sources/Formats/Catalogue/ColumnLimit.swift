import ExportCore

/// More properties than a file with a column for each can be expected to have.
enum ColumnLimit {
  static func exceeded(_ object: String, _ need: ColumnNeed, limit: Int) -> ExportError {
    ExportError(
      .encoding, .lasting, object: object,
      problem: "has more distinct properties than files can have columns (\(limit) of one event at most)",
      hint: need == .types
        ? "set asString, which needs no columns, or use json; names that hold a value, such as an id, belong into a value"
        : "use json, which needs no columns; names that hold a value, such as an id, belong into a value")
  }
}

extension ColumnGroup {
  func catalogued(_ column: Int, _ group: PropertyGroup, of eventName: String) -> CataloguedProperty {
    CataloguedProperty(
      eventName: eventName, group: group, name: String(decoding: name(of: column), as: UTF8.self),
      position: column, type: type(of: column))
  }
}
