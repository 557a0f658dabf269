/// A JSON text as RFC 8259 has it, read by nothing that exportd is made of. Numbers keep their text, strings their UTF-16, in which a
/// lone surrogate is a unit like any other.
indirect enum DecodedJSON: Equatable {
  struct Member: Equatable {
    var name: [UInt16]
    var value: DecodedJSON
  }
  case null
  case bool(Bool)
  case number(String)
  case string([UInt16])
  case array([DecodedJSON])
  case object([Member])

  /// Nil for anything but one whole JSON text, and for one nested deeper than 512 levels.
  init?(_ text: some Sequence<UInt8>) {
    var decoder = Decoder(bytes: Array(text))
    guard let value = decoder.whole() else { return nil }
    self = value
  }

  /// The last of equal names, in its own place, in every object.
  var lastOfEachName: DecodedJSON {
    switch self {
    case .array(let elements): return .array(elements.map(\.lastOfEachName))
    case .object(let members):
      var names: Set<[UInt16]> = []
      return .object(
        members.reversed().filter { names.insert($0.name).inserted }.reversed().map {
          Member(name: $0.name, value: $0.value.lastOfEachName)
        })
    default: return self
    }
  }

  /// Every string and name through `change`.
  func mapStrings(_ change: ([UInt16]) -> [UInt16]) -> DecodedJSON {
    switch self {
    case .string(let units): .string(change(units))
    case .array(let elements): .array(elements.map { $0.mapStrings(change) })
    case .object(let members):
      .object(members.map { Member(name: change($0.name), value: $0.value.mapStrings(change)) })
    default: self
    }
  }
}

private struct Decoder {
  let bytes: [UInt8]
  var at = 0
  var depth = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func whole() -> DecodedJSON? {
    space()
    guard let value = value() else { return nil }
    space()
    return at == bytes.count ? value : nil
  }

  private var next: UInt8 { at < bytes.count ? bytes[at] : 0 }

  private mutating func space() {
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
  }

  private mutating func take(_ text: String) -> Bool {
    guard bytes[at...].starts(with: text.utf8) else { return false }
    at += text.utf8.count
    return true
  }

  private mutating func value() -> DecodedJSON? {
    switch next {
    case UInt8(ascii: "{"): return container("}") { $0.member() }.map { .object($0) }
    case UInt8(ascii: "["): return container("]") { $0.value() }.map { .array($0) }
    case UInt8(ascii: "\""): return string().map { .string($0) }
    default: break
    }
    if take("null") { return .null }
    if take("true") { return .bool(true) }
    if take("false") { return .bool(false) }
    return number()
  }

  private mutating func container<Part>(_ end: String, _ part: (inout Decoder) -> Part?) -> [Part]? {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 512 else { return nil }
    at += 1
    space()
    if take(end) { return [] }
    var parts: [Part] = []
    while true {
      space()
      guard let next = part(&self) else { return nil }
      parts.append(next)
      space()
      if take(end) { return parts }
      guard take(",") else { return nil }
    }
  }

  private mutating func member() -> DecodedJSON.Member? {
    guard next == UInt8(ascii: "\""), let name = string() else { return nil }
    space()
    guard take(":") else { return nil }
    space()
    return value().map { DecodedJSON.Member(name: name, value: $0) }
  }

  private mutating func number() -> DecodedJSON? {
    let start = at
    _ = take("-")
    if !take("0") { guard digits() else { return nil } }
    if take(".") { guard digits() else { return nil } }
    if take("e") || take("E") {
      _ = take("+") || take("-")
      guard digits() else { return nil }
    }
    return .number(String(decoding: bytes[start..<at], as: UTF8.self))
  }

  /// One at least.
  private mutating func digits() -> Bool {
    let start = at
    while UInt8(ascii: "0")...UInt8(ascii: "9") ~= next { at += 1 }
    return at > start
  }

  private mutating func string() -> [UInt16]? {
    at += 1
    var units: [UInt16] = []
    while at < bytes.count {
      let start = at
      while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\") {
        guard bytes[at] >= 0x20 else { return nil }
        at += 1
      }
      units += Array(String(decoding: bytes[start..<at], as: UTF8.self).utf16)
      if take("\"") { return units }
      guard let unit = escape() else { return nil }
      units.append(unit)
    }
    return nil
  }

  private mutating func escape() -> UInt16? {
    guard take("\\"), at < bytes.count else { return nil }
    let kind = bytes[at]
    at += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(kind)
    case UInt8(ascii: "b"): return 8
    case UInt8(ascii: "t"): return 9
    case UInt8(ascii: "n"): return 10
    case UInt8(ascii: "f"): return 12
    case UInt8(ascii: "r"): return 13
    case UInt8(ascii: "u"):
      let digits = bytes[at...].prefix(4)
      guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 })
      else { return nil }
      at += 4
      return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    default: return nil
    }
  }
}
