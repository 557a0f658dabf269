/// A value in the compact protocol of Thrift (thrift-compact-protocol.md), read by nothing that exportd is made of.
indirect enum DecodedThrift {
  case integer(Int64)
  case bool(Bool)
  case binary([UInt8])
  case list([DecodedThrift])
  case structure([Int: DecodedThrift])

  var integer: Int? { if case .integer(let value) = self { Int(value) } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var binary: [UInt8]? { if case .binary(let value) = self { value } else { nil } }
  var list: [DecodedThrift] { if case .list(let elements) = self { elements } else { [] } }

  /// A field of a structure; nil when it is missing, and for anything but a structure.
  subscript(_ field: Int) -> DecodedThrift? {
    if case .structure(let fields) = self { fields[field] } else { nil }
  }
}

/// Bytes that are read from the front; nil once there are too few of them.
struct ByteCursor {
  let bytes: ArraySlice<UInt8>
  private(set) var at: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    at = bytes.startIndex
  }

  var isAtEnd: Bool { at == bytes.endIndex }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= bytes.endIndex - at else { return nil }
    at += count
    return bytes[at - count..<at]
  }

  mutating func byte() -> UInt8? { take(1)?.first }

  /// A number whose lowest byte comes first.
  mutating func littleEndian(_ count: Int) -> UInt64? {
    take(count)?.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = byte() else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  mutating func zigzag() -> Int64? {
    varint().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
  }

  mutating func structure() -> DecodedThrift? {
    var fields: [Int: DecodedThrift] = [:]
    var last = 0
    while let head = byte() {
      guard head != 0 else { return .structure(fields) }
      if head >> 4 != 0 {
        last += Int(head >> 4)
      } else {
        guard let number = zigzag() else { return nil }
        last = Int(number)
      }
      let type = head & 15
      // Of a field, not of an element, the type is the value.
      guard let value = type == 1 || type == 2 ? .bool(type == 1) : thrift(type),
        fields.updateValue(value, forKey: last) == nil
      else { return nil }
    }
    return nil
  }

  private mutating func thrift(_ type: UInt8) -> DecodedThrift? {
    switch type {
    case 1, 2: return byte().map { .bool($0 == 1) }
    case 3: return byte().map { .integer(Int64(Int8(bitPattern: $0))) }
    case 4, 5, 6: return zigzag().map { .integer($0) }
    case 8: return varint().flatMap { take(Int($0)) }.map { .binary(Array($0)) }
    case 9, 10:
      guard let head = byte() else { return nil }
      guard let count = head >> 4 == 15 ? varint() : UInt64(head >> 4) else { return nil }
      var elements: [DecodedThrift] = []
      for _ in 0..<count {
        guard let element = thrift(head & 15) else { return nil }
        elements.append(element)
      }
      return .list(elements)
    case 12: return structure()
    default: return nil
    }
  }
}
