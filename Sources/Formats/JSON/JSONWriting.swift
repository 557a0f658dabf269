import ExportCore

extension OutputBytes {
  /// A member with a comma behind it, when it has a value.
  /// - Parameter key: with its quotes and the colon.
  @inline(__always)
  mutating func append(key: StaticString, _ text: UnsafeRawBufferPointer?) {
    guard let text else { return }
    append(literal: key)
    append(jsonString: text)
    append(UInt8(ascii: ","))
  }

  /// A member with a comma behind it, when it has a value.
  /// - Parameter key: with its quotes and the colon.
  @inline(__always)
  mutating func append(key: StaticString, _ field: borrowing JSONField) {
    guard !field.isAbsent else { return }
    append(literal: key)
    field.withValue { append($0) }
    append(UInt8(ascii: ","))
  }

  /// `text`, valid UTF-8, as a JSON string with its quotes (RFC 8259 section 7): only what must be escaped is.
  mutating func append(jsonString text: UnsafeRawBufferPointer) {
    append(UInt8(ascii: "\""))
    var clean = 0
    var i = 0
    while i < text.count {
      if i + 8 <= text.count {
        let stop = EightBytes.first(EightBytes.bytesToEscape(EightBytes.load(text, at: i)))
        i += stop
        if stop == 8 { continue }
      }
      let byte = text[i]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        append(UnsafeRawBufferPointer(rebasing: text[clean..<i]))
        JSONText.escape(byte) { append($0) }
        clean = i + 1
      }
      i += 1
    }
    append(UnsafeRawBufferPointer(rebasing: text[clean...]))
    append(UInt8(ascii: "\""))
  }

  /// Bytes of a JSON text as the inside of a JSON string: a text that was read holds no control characters
  /// in its strings, so only quotes and backslashes need an escape.
  mutating func append(quotingJSON text: UnsafeRawBufferPointer) {
    var clean = 0
    var i = 0
    while i < text.count {
      if i + 8 <= text.count {
        let stop = EightBytes.first(EightBytes.quotesAndBackslashes(EightBytes.load(text, at: i)))
        i += stop
        if stop == 8 { continue }
      }
      let byte = text[i]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        append(UnsafeRawBufferPointer(rebasing: text[clean..<i]))
        append(UInt8(ascii: "\\"))
        clean = i
      }
      i += 1
    }
    append(UnsafeRawBufferPointer(rebasing: text[clean...]))
  }
}
