/// JSON for people to edit: everything as it was written, on lines of its own and indented by two.
enum JSONIndenting {
  /// - Parameter json: valid JSON, with or without white space.
  static func indented(_ json: String) -> String {
    var out: [UInt8] = []
    var depth = 0
    var isInString = false
    var isEscaped = false
    var isOpen = false
    func newline(_ out: inout [UInt8]) {
      out.append(UInt8(ascii: "\n"))
      out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }
    for byte in json.utf8 {
      if isInString {
        out.append(byte)
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
        continue
      }
      if byte <= 0x20 { continue }
      let closes = byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
      // An empty object or list stays on its line.
      if closes { depth -= 1 }
      if closes != isOpen { newline(&out) }
      isOpen = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
      out.append(byte)
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: ","): newline(&out)
      case UInt8(ascii: ":"): out.append(UInt8(ascii: " "))
      case UInt8(ascii: "\""): isInString = true
      default: break
      }
    }
    return String(decoding: out, as: UTF8.self) + "\n"
  }
}
