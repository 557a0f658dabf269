import ExportCore

/// Fields of CSV (RFC 4180 section 2), each with a comma behind it. One that has no value is empty; the empty text is
/// `""`, so that the two can be told apart. A field is put in quotes only when it must be.
struct CSVFields: Hashable, Sendable {
  /// Whether a text that a spreadsheet would take for a formula gets a `'` in front.
  let guardFormulas: Bool

  /// Appends a text, valid UTF-8.
  @inline(__always)
  func append(_ text: UnsafeRawBufferPointer?, to out: inout OutputBytes) {
    if let text { appendField(text, to: &out) }
    out.append(UInt8(ascii: ","))
  }

  /// Appends a text that is known at compile time and needs no quotes.
  @inline(__always)
  func append(literal text: StaticString, to out: inout OutputBytes) {
    out.append(literal: text)
    out.append(UInt8(ascii: ","))
  }

  /// Appends a value: a string as its text, a number or boolean as its JSON, a null as no value, an array or object as
  /// its compact JSON text.
  /// - Parameter index: of its token.
  @inline(__always)
  func append(_ value: JSONValue, at index: Int, to out: inout OutputBytes) {
    let token = value.tokens[index]
    switch token.kind {
    case .string where !token.hasEscapes:
      appendField(value.bytes(Int(token.start)..<Int(token.end)), to: &out)
    case .string: appendUnescaped(value.bytes(Int(token.start)..<Int(token.end)), to: &out)
    case .number, .true, .false: out.append(value.bytes(Int(token.start)..<Int(token.end)))
    case .null: break
    case .object, .array:
      let start = out.count
      out.append(value, at: index)
      quote(from: start, in: &out)
    }
    out.append(UInt8(ascii: ","))
  }

  /// Appends the whole value of a field that is one column.
  @inline(__always)
  func append(_ field: borrowing JSONField, to out: inout OutputBytes) {
    guard !field.isAbsent else { return out.append(UInt8(ascii: ",")) }
    field.withValue { append($0, at: 0, to: &out) }
  }

  /// Appends a column's name in a header. It never begins a formula: the name of its group does not.
  func append(_ name: UnsafeRawBufferPointer, in group: StaticString, to out: inout OutputBytes) {
    let start = out.count
    out.append(literal: group)
    out.append(name)
    quote(from: start, in: &out)
    out.append(UInt8(ascii: ","))
  }

  // MARK: Quotes

  @inline(__always)
  private func appendField(_ text: UnsafeRawBufferPointer, to out: inout OutputBytes) {
    guard text.count > 0 else { return out.append(literal: "\"\"") }
    let start = out.count
    if guardFormulas, CSVFields.beginsFormula(text[0]) { out.append(UInt8(ascii: "'")) }
    out.append(text)
    if CSVFields.needsQuotes(text) { quote(from: start, in: &out) }
  }

  @inline(never)
  private func appendUnescaped(_ inside: UnsafeRawBufferPointer, to out: inout OutputBytes) {
    let start = out.count
    out.append(unescaping: inside)
    if guardFormulas, CSVFields.beginsFormula(out.bytes[start]) { out.insert(UInt8(ascii: "'"), at: start) }
    quote(from: start, in: &out)
  }

  /// Puts what has been appended behind `start` in quotes if it must be.
  @inline(never)
  private func quote(from start: Int, in out: inout OutputBytes) {
    let text = UnsafeRawBufferPointer(rebasing: out.bytes[start...])
    guard CSVFields.needsQuotes(text) else { return }
    out.quote(from: start)
  }

  /// As spreadsheets do, and as OWASP counts them ("CSV Injection").
  @inline(__always)
  private static func beginsFormula(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0D: true
    default: false
    }
  }

  /// Whether a text holds a comma, a quote, or the end of a line.
  @inline(__always)
  private static func needsQuotes(_ text: UnsafeRawBufferPointer) -> Bool {
    var i = 0
    while i &+ 8 <= text.count {
      let word = EightBytes.load(text, at: i)
      let mask =
        EightBytes.zeros(word ^ 0x2C2C_2C2C_2C2C_2C2C) | EightBytes.zeros(word ^ 0x2222_2222_2222_2222)
        | EightBytes.zeros(word ^ 0x0A0A_0A0A_0A0A_0A0A) | EightBytes.zeros(word ^ 0x0D0D_0D0D_0D0D_0D0D)
      if mask != 0 { return true }
      i &+= 8
    }
    while i < text.count {
      switch text[i] {
      case UInt8(ascii: ","), UInt8(ascii: "\""), 0x0A, 0x0D: return true
      default: i &+= 1
      }
    }
    return false
  }
}

extension CSVFields {
  /// Appends the names of all columns of a group, for a header.
  func append(namesOf columns: borrowing ColumnGroup, in group: StaticString, to out: inout OutputBytes) {
    for column in 0..<columns.count { append(columns.name(of: column), in: group, to: &out) }
  }

  /// Appends the members of an object that has been placed in its columns; those that it does not have are empty.
  @inline(__always)
  func append(_ field: borrowing JSONField, in columns: borrowing ColumnGroup, to out: inout OutputBytes) {
    guard !field.isAbsent else { return out.append(UInt8(ascii: ","), times: columns.count) }
    field.withValue { object in
      var empty = 0
      for column in 0..<columns.count {
        let cell = columns.cell(column)
        if cell == 0 {
          empty += 1
        } else {
          if empty > 0 { out.append(UInt8(ascii: ","), times: empty) }
          empty = 0
          append(object, at: cell, to: &out)
        }
      }
      out.append(UInt8(ascii: ","), times: empty)
    }
  }
}
