/// The Castagnoli CRC that Google Cloud Storage keeps of each object (RFC 3720 section 12.1; "Data validation and change
/// detection" in its documentation). Our own, since neither swift-crypto nor NIO nor zlib has it: zlib's is of another
/// polynomial. Eight bytes at a time by tables, which keeps up with SHA-256, and with any network.
struct CRC32C: Hashable, Sendable {
  private var register: UInt32 = .max

  /// Eight tables of 256 words, one behind the other: of a byte, and of a byte with one to seven zeros behind it.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      tables[byte] = (0..<8).reduce(UInt32(byte)) { value, _ in
        // The polynomial 0x1EDC6F41, its bits reversed.
        value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1
      }
    }
    for index in 256..<tables.count {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    Self.tables.withUnsafeBufferPointer { tables in
      var value = register
      var index = 0
      while bytes.count - index >= 8 {
        let word =
          UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ UInt64(value)
        value = 0
        for place in 0..<8 {
          value ^= tables[(7 - place) << 8 | Int(truncatingIfNeeded: word >> (8 * UInt64(place)) & 0xFF)]
        }
        index += 8
      }
      while index < bytes.count {
        value = value >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: value) ^ bytes[index])]
        index += 1
      }
      register = value
    }
  }

  /// Of everything so far.
  var value: UInt32 { ~register }
}
