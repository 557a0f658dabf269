internal import CSQLite
internal import ExportCore

/// Writes one column's value as text or as JSON into a batch's bytes.
enum ValueText {
  /// Appends the value as text: numbers with every digit, a BLOB as the UTF-8 it is taken for. Nothing for NULL.
  static func append(_ value: ColumnValue, to bytes: inout [UInt8]) {
    switch value.type {
    case SQLITE_TEXT, SQLITE_BLOB: UTF8Text.append(value.bytes, to: &bytes)
    case SQLITE_INTEGER: append(value.integer, to: &bytes)
    case SQLITE_FLOAT: append(value.real, to: &bytes)
    default: break
    }
  }

  /// Appends the value as JSON (RFC 8259): text as a string, a BLOB as a string in base64, infinities as the
  /// strings "Infinity" and "-Infinity". Not for NULL.
  /// - Parameter scratch: only for mending text; its content is of no use afterwards.
  static func appendJSON(_ value: ColumnValue, to bytes: inout [UInt8], scratch: inout [UInt8]) {
    switch value.type {
    case SQLITE_INTEGER: append(value.integer, to: &bytes)
    case SQLITE_FLOAT:
      let real = value.real
      if real.isFinite {
        append(real, to: &bytes)
      } else {
        JSONText.appendString(real < 0 ? "-Infinity" : "Infinity", to: &bytes)
      }
    case SQLITE_BLOB:
      bytes.append(UInt8(ascii: "\""))
      Base64.append(value.bytes, to: &bytes)
      bytes.append(UInt8(ascii: "\""))
    default:
      let text = value.text
      if UTF8Text.isValid(text) {
        JSONText.appendString(text, to: &bytes)
      } else {
        scratch.removeAll(keepingCapacity: true)
        UTF8Text.append(text, to: &scratch)
        scratch.withUnsafeBytes { JSONText.appendString($0, to: &bytes) }
      }
    }
  }

  static func append(_ value: Int64, to bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: digitLimit) { digits in
      let start = decimal(value, digits)
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
    }
  }

  /// As many bytes as the longest number takes, the lowest.
  static let digitLimit = 20

  /// Writes the number at the end of ``digitLimit`` bytes; where it begins.
  static func decimal(_ value: Int64, _ digits: UnsafeMutableBufferPointer<UInt8>) -> Int {
    var start = digits.count
    var rest = value.magnitude
    repeat {
      start -= 1
      digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    if value < 0 {
      start -= 1
      digits[start] = UInt8(ascii: "-")
    }
    return start
  }

  /// The shortest digits that give the same number back; SQLite's own text keeps 15 of up to 17.
  static func append(_ value: Double, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: value.description.utf8)
  }
}

/// RFC 4648, section 4.
enum Base64 {
  static func append(_ data: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
    let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    let digits = alphabet.utf8Start
    var i = 0
    while i < data.count {
      let left = min(3, data.count - i)
      var group: UInt32 = 0
      for k in 0..<3 { group = group << 8 | (k < left ? UInt32(data[i + k]) : 0) }
      for k in 0..<4 {
        let digit = digits[Int(group >> UInt32(18 - 6 * k) & 63)]
        bytes.append(k <= left ? digit : UInt8(ascii: "="))
      }
      i += 3
    }
  }
}
