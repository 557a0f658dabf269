/// Writing and unescaping JSON strings (RFC 8259 section 7).
package enum JSONText {
  static func hexDigit(_ byte: UInt8) -> UInt16? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  /// What becomes of a lone surrogate, which UTF-8 cannot hold.
  package enum LoneSurrogate: Sendable {
    /// U+FFFD stands for it.
    case replaced
    /// It keeps its number, in the three bytes that its bits make of it: two strings give the same bytes exactly when they
    /// are the same.
    case kept
  }

  /// Appends the text that the inside of a JSON string stands for, as UTF-8.
  /// - Parameter inside: the bytes between the quotes, as ``JSONTokens`` accepted them.
  package static func unescape(
    _ inside: UnsafeRawBufferPointer, into out: inout [UInt8], _ loneSurrogate: LoneSurrogate = .replaced
  ) {
    var i = 0
    while i < inside.count {
      guard inside[i] == UInt8(ascii: "\\") else {
        out.append(inside[i])
        i += 1
        continue
      }
      let digits = i + 2
      if let scalar = scalarIfAny(ofEscapeIn: inside, at: &i) {
        out.append(contentsOf: Unicode.UTF8.encode(scalar)!)
      } else if loneSurrogate == .replaced {
        out.append(contentsOf: "\u{FFFD}".utf8)
      } else {
        let surrogate = unit(inside, digits)
        out.append(0xE0 | UInt8(surrogate >> 12))
        out.append(0x80 | UInt8(surrogate >> 6 & 0x3F))
        out.append(0x80 | UInt8(surrogate & 0x3F))
      }
    }
  }

  /// What the escape at `position` stands for; U+FFFD for a lone surrogate. The position moves behind it.
  /// - Parameter inside: as for ``unescape(_:into:)``.
  package static func scalar(
    ofEscapeIn inside: UnsafeRawBufferPointer, at position: inout Int
  ) -> Unicode.Scalar {
    scalarIfAny(ofEscapeIn: inside, at: &position) ?? "\u{FFFD}"
  }

  /// As ``scalar(ofEscapeIn:at:)``, but nil for a lone surrogate.
  package static func scalarIfAny(
    ofEscapeIn inside: UnsafeRawBufferPointer, at position: inout Int
  ) -> Unicode.Scalar? {
    let kind = inside[position + 1]
    position += 2
    switch kind {
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var scalar = UInt32(unit(inside, position))
      position += 4
      if scalar & 0xFC00 == 0xD800, position + 6 <= inside.count, inside[position] == UInt8(ascii: "\\"),
        inside[position + 1] == UInt8(ascii: "u"), case let low = unit(inside, position + 2),
        low & 0xFC00 == 0xDC00
      {
        scalar = 0x10000 + (scalar & 0x3FF) << 10 + UInt32(low & 0x3FF)
        position += 6
      }
      return Unicode.Scalar(scalar)
    default: return Unicode.Scalar(kind)
    }
  }

  private static func unit(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt16 {
    var value: UInt16 = 0
    for i in 0..<4 { value = value << 4 | (hexDigit(bytes[at + i]) ?? 0) }
    return value
  }

  /// Appends `text`, valid UTF-8, as a JSON string with its quotes: only what must be escaped is.
  package static func appendString(_ text: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    var clean = 0
    for i in 0..<text.count {
      let byte = text[i]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      out.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[clean..<i]))
      clean = i + 1
      escape(byte) { out.append($0) }
    }
    out.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[clean...]))
    out.append(UInt8(ascii: "\""))
  }

  /// As ``appendString(_:to:)-(UnsafeRawBufferPointer,_)`` for what is not on a hot path.
  package static func appendString(_ text: String, to out: inout [UInt8]) {
    var text = text
    text.withUTF8 { appendString(UnsafeRawBufferPointer($0), to: &out) }
  }

  /// The escape of a byte that cannot stand in a JSON string as it is: a quote, a backslash, or a control
  /// character.
  @inlinable
  package static func escape(_ byte: UInt8, _ emit: (UInt8) -> Void) {
    emit(UInt8(ascii: "\\"))
    switch byte {
    case 0x08: emit(UInt8(ascii: "b"))
    case 0x09: emit(UInt8(ascii: "t"))
    case 0x0A: emit(UInt8(ascii: "n"))
    case 0x0C: emit(UInt8(ascii: "f"))
    case 0x0D: emit(UInt8(ascii: "r"))
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): emit(byte)
    default:
      emit(UInt8(ascii: "u"))
      emit(UInt8(ascii: "0"))
      emit(UInt8(ascii: "0"))
      let digits: StaticString = "0123456789abcdef"
      emit(digits.utf8Start[Int(byte >> 4)])
      emit(digits.utf8Start[Int(byte & 15)])
    }
  }
}
