import ExportCore

/// Text in the content of an XML 1.0 element (section 2.4). What a parser would take for markup is escaped, and so is the
/// carriage return, which it would turn into a line feed (section 2.11). Characters that XML 1.0 cannot hold at all
/// (section 2.2), escaped or not, become `?`.
extension OutputBytes {
  /// - Parameter text: valid UTF-8.
  mutating func append(xmlText text: UnsafeRawBufferPointer) {
    var clean = 0
    var i = 0
    while i < text.count {
      if i + 8 <= text.count {
        let stop = EightBytes.first(OutputBytes.bytesToWatch(EightBytes.load(text, at: i)))
        i += stop
        if stop == 8 { continue }
      }
      if let (replacement, length) = OutputBytes.xmlReplacement(in: text, at: i) {
        append(UnsafeRawBufferPointer(rebasing: text[clean..<i]))
        append(literal: replacement)
        i += length
        clean = i
      } else {
        i += 1
      }
    }
    append(UnsafeRawBufferPointer(rebasing: text[clean...]))
  }

  /// The text that the inside of a JSON string stands for; a lone surrogate becomes `?`.
  /// - Parameter inside: the bytes between the quotes, as ``JSONTokens`` accepted them.
  mutating func append(xmlUnescaping inside: UnsafeRawBufferPointer) {
    var clean = 0
    var i = 0
    while i < inside.count {
      guard inside[i] == UInt8(ascii: "\\") else {
        i += 1
        continue
      }
      append(xmlText: UnsafeRawBufferPointer(rebasing: inside[clean..<i]))
      if let scalar = JSONText.scalarIfAny(ofEscapeIn: inside, at: &i) {
        append(xmlScalar: scalar)
      } else {
        append(UInt8(ascii: "?"))
      }
      clean = i
    }
    append(xmlText: UnsafeRawBufferPointer(rebasing: inside[clean...]))
  }

  private mutating func append(xmlScalar scalar: Unicode.Scalar) {
    var bytes = (UInt8(0), UInt8(0), UInt8(0), UInt8(0))
    withUnsafeMutableBytes(of: &bytes) { bytes in
      var count = 0
      for byte in Unicode.UTF8.encode(scalar)! {
        bytes[count] = byte
        count += 1
      }
      append(xmlText: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    }
  }

  /// Bytes that may not stand as they are: controls, `<`, `>`, `&`, and 0xEF, with which U+FFFE and U+FFFF begin.
  @inline(__always)
  private static func bytesToWatch(_ word: UInt64) -> UInt64 {
    EightBytes.zeros(word ^ 0x3C3C_3C3C_3C3C_3C3C) | EightBytes.zeros(word ^ 0x3E3E_3E3E_3E3E_3E3E)
      | EightBytes.zeros(word ^ 0x2626_2626_2626_2626) | EightBytes.zeros(word ^ 0xEFEF_EFEF_EFEF_EFEF)
      | (word &- 0x2020_2020_2020_2020) & ~word & 0x8080_8080_8080_8080
  }

  /// - Returns: what stands for the character at `i` and how many bytes it replaces; nil where the byte stays.
  @inline(__always)
  private static func xmlReplacement(
    in text: UnsafeRawBufferPointer, at i: Int
  ) -> (StaticString, length: Int)? {
    switch text[i] {
    case UInt8(ascii: "<"): return ("&lt;", 1)
    case UInt8(ascii: ">"): return ("&gt;", 1)
    case UInt8(ascii: "&"): return ("&amp;", 1)
    case 0x0D: return ("&#13;", 1)
    case 0x09, 0x0A: return nil
    case 0..<0x20: return ("?", 1)
    case 0xEF where i + 2 < text.count && text[i + 1] == 0xBF && text[i + 2] >= 0xBE: return ("?", 3)
    default: return nil
    }
  }
}
