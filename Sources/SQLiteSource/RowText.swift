internal import CSQLite
internal import ExportCore

/// Copies the columns of the row at hand into a batch's bytes: straight from SQLite, as text that is valid UTF-8.
struct RowText {
  /// The most text of one row.
  private let limit: Int
  private let properties: PropertyColumns
  private let absent = ByteRange.absent
  /// Where the row begins in the bytes.
  private var start = 0
  private var scratch: [UInt8] = []

  init(_ properties: PropertyColumns, _ limits: ReadLimits) {
    limit = limits.rowBytes
    self.properties = properties
  }

  mutating func beginRow(in bytes: [UInt8]) { start = bytes.count }

  /// Takes back the bytes of the row that was begun.
  func dropRow(from bytes: inout [UInt8]) { bytes.removeLast(bytes.count - start) }

  /// Beyond the limit nothing more is copied: the row is to be rejected anyway.
  func isTooLarge(_ bytes: [UInt8]) -> Bool { bytes.count - start > limit }

  /// A column's value as text; absent for NULL and for a column below 0.
  func field(_ statement: OpaquePointer, _ column: Int32, to bytes: inout [UInt8]) -> ByteRange {
    guard column >= 0 else { return absent }
    let value = ColumnValue(statement, column)
    let type = value.type
    guard type != SQLITE_NULL, !isTooLarge(bytes) else { return absent }
    let start = bytes.count
    if type == SQLITE_TEXT {
      UTF8Text.append(value.text, to: &bytes)
    } else {
      ValueText.append(value, to: &bytes)
    }
    return ByteRange(offset: UInt32(start), count: UInt32(bytes.count - start))
  }

  /// The properties as one JSON object; absent when none has a value.
  mutating func properties(_ statement: OpaquePointer, to bytes: inout [UInt8]) -> ByteRange {
    guard properties.first >= 0 else { return field(statement, properties.whole, to: &bytes) }
    let start = bytes.count
    var column = properties.first
    for name in properties.names {
      let value = ColumnValue(statement, column)
      if !value.isNull, !isTooLarge(bytes) {
        bytes.append(bytes.count == start ? UInt8(ascii: "{") : UInt8(ascii: ","))
        bytes.append(contentsOf: name)
        ValueText.appendJSON(value, to: &bytes, scratch: &scratch)
      }
      column += 1
    }
    guard bytes.count > start else { return absent }
    bytes.append(UInt8(ascii: "}"))
    return ByteRange(offset: UInt32(start), count: UInt32(bytes.count - start))
  }
}
