/// CSV as RFC 4180 has it, with ends of lines that are LF alone, read by nothing that exportd is made of.
struct DecodedCSV {
  /// Fields of each line; nil for one that is empty and not in quotes.
  var rows: [[[UInt8]?]] = []

  /// Nil for anything but whole lines in UTF-8, all of one length, with quotes where they must be and nowhere else.
  init?(_ text: some Sequence<UInt8>) {
    let bytes = Array(text)
    guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
    var row: [[UInt8]?] = []
    var at = 0
    while at < bytes.count {
      guard
        let field = bytes[at] == UInt8(ascii: "\"")
          ? DecodedCSV.quoted(bytes, &at) : DecodedCSV.bare(bytes, &at)
      else { return nil }
      row.append(field.isMissing ? nil : field.text)
      guard at < bytes.count else { return nil }
      switch bytes[at] {
      case UInt8(ascii: ","): break
      case 0x0A:
        guard row.count == rows.first?.count ?? row.count else { return nil }
        rows.append(row)
        row = []
      default: return nil
      }
      at += 1
    }
    guard row.isEmpty else { return nil }
  }

  private static func bare(_ bytes: [UInt8], _ at: inout Int) -> (text: [UInt8], isMissing: Bool)? {
    let text = Array(bytes[at...].prefix { !isSpecial($0) })
    at += text.count
    return (text, text.isEmpty)
  }

  private static func quoted(_ bytes: [UInt8], _ at: inout Int) -> (text: [UInt8], isMissing: Bool)? {
    let quote = UInt8(ascii: "\"")
    var text: [UInt8] = []
    at += 1
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      if byte == quote {
        guard at < bytes.count, bytes[at] == quote else {
          return text.isEmpty || text.contains(where: isSpecial) ? (text, false) : nil
        }
        at += 1
      }
      text.append(byte)
    }
    return nil
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    [UInt8(ascii: "\""), UInt8(ascii: ","), 0x0D, 0x0A].contains(byte)
  }
}
