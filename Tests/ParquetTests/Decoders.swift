@testable import Parquet

/// Reads what the encodings write, by the words of Encodings.md, byte by byte.
struct ByteReader {
  let bytes: [UInt8]
  var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func byte() -> UInt8 {
    defer { offset += 1 }
    return bytes[offset]
  }

  mutating func varint() -> UInt64 {
    var (value, shift): (UInt64, UInt64) = (0, 0)
    while true {
      let next = byte()
      value |= UInt64(next & 127) << shift
      if next < 128 { return value }
      shift += 7
    }
  }

  mutating func zigzag() -> Int64 {
    let value = varint()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// Numbers of `width` bits, the lowest bit first.
  mutating func packed(_ count: Int, width: Int) -> [UInt64] {
    var values: [UInt64] = []
    for i in 0..<count {
      var value: UInt64 = 0
      for bit in 0..<width {
        let position = i * width + bit
        value |= UInt64(bytes[offset + position / 8] >> UInt8(position % 8) & 1) << UInt64(bit)
      }
      values.append(value)
    }
    offset += (count * width + 7) / 8
    return values
  }

  /// Runs and packed groups of the RLE encoding.
  mutating func hybrid(_ count: Int, width: Int) -> [UInt32] {
    var values: [UInt32] = []
    while values.count < count {
      let header = varint()
      if header & 1 == 1 {
        values += packed(Int(header >> 1) * 8, width: width).map { UInt32($0) }
      } else {
        var value: UInt32 = 0
        for i in 0..<(width + 7) / 8 { value |= UInt32(byte()) << UInt32(8 * i) }
        values += Array(repeating: value, count: Int(header >> 1))
      }
    }
    return Array(values.prefix(count))
  }

  /// DELTA_BINARY_PACKED; numbers of 32 bits wrap around in them.
  mutating func delta(bits: Int) -> [Int64] {
    let blockValues = Int(varint())
    let miniblocks = Int(varint())
    let count = Int(varint())
    var values = [zigzag()]
    while values.count < count {
      let smallest = zigzag()
      let widths = (0..<miniblocks).map { _ in Int(byte()) }
      for width in widths where values.count < count {
        precondition(width <= bits)
        for above in packed(blockValues / miniblocks, width: width) where values.count < count {
          let next = values.last! &+ smallest &+ Int64(bitPattern: above)
          values.append(bits == 32 ? Int64(Int32(truncatingIfNeeded: next)) : next)
        }
      }
    }
    return Array(values.prefix(count))
  }

  mutating func deltaLengths() -> [[UInt8]] {
    let lengths = delta(bits: 32)
    return lengths.map { length in
      defer { offset += Int(length) }
      return Array(bytes[offset..<offset + Int(length)])
    }
  }

  mutating func deltaByteArrays() -> [[UInt8]] {
    let prefixes = delta(bits: 32)
    let rests = deltaLengths()
    var previous: [UInt8] = []
    return zip(prefixes, rests).map { prefix, rest in
      previous = previous.prefix(Int(prefix)) + rest
      return previous
    }
  }
}

extension Bytes {
  /// A copy, to be looked at.
  var array: [UInt8] { Array(bytes) }

  /// Byte arrays as a column holds them.
  mutating func append(byteArrays: [[UInt8]]) {
    for value in byteArrays {
      append(UInt32(value.count))
      append(value)
    }
  }
}

/// Numbers that are the same in every run.
struct SeededRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
