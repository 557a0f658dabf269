/// What SQLite makes of a value that is stored in a column (Datatypes in SQLite, section 3.1).
enum Affinity {
  case integer, real, numeric, text, none

  init(declaredType: String) {
    let type = declaredType.uppercased()
    self =
      if type.contains("INT") {
        .integer
      } else if type.contains("CHAR") || type.contains("CLOB") || type.contains("TEXT") {
        .text
      } else if type.contains("BLOB") || type.isEmpty || type == "ANY" {
        // ANY converts nothing in a STRICT table, and like NUMERIC elsewhere: nothing may be built on it.
        .none
      } else if type.contains("REAL") || type.contains("FLOA") || type.contains("DOUB") {
        .real
      } else {
        .numeric
      }
  }

  /// Whether every text that looks like a number has become one.
  var makesNumbers: Bool { self == .integer || self == .real || self == .numeric }
}

extension Relation {
  /// How SQLite compares the values of a field, where that is certain: only for a plain column of a table is the
  /// declared type the type of all values. Nil for what has to be looked at.
  func affinity(of field: FieldExpression) -> Affinity? {
    guard kind == .table, let name = field.column, let column = column(name) else { return nil }
    return Affinity(declaredType: column.type)
  }
}
