import Compression
import ZoneTesting

/// What compressors are tried on.
enum Blocks {
  static func noise(_ count: Int) -> [UInt8] {
    var random = SeededRandom(seed: UInt64(count))
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  /// Records as an export writes them.
  static func records(_ count: Int) -> [UInt8] {
    var random = SeededRandom(seed: 7)
    var bytes: [UInt8] = []
    while bytes.count < count {
      let number = UInt32.random(in: 0 ... .max, using: &random)
      let record = """
        {"profile":{"objectId":"o-\(number % 200_000)","platform":"Android"},"ts":\(20_261_124_000_000 + bytes.count / 300),\
        "eventProps":{"Amount":\(number % 10_000_000).\(number % 100),"Category":"Electronics and gadgets","Product name":\
        "Chronograph watch \(String(number, radix: 16))","Quantity":\(number % 9),"ct_latitude":-6.\(number)}}

        """
      bytes += Array(record.utf8)
    }
    return Array(bytes.prefix(count))
  }

  static var all: [[UInt8]] {
    let sizes = [0, 1, 2, 17, 4095, 4096, 65_535, 65_536, 300_000, 1 << 20]
    return sizes.flatMap { [noise($0), records($0), [UInt8](repeating: 0, count: $0)] }
  }
}

extension BlockCompressor {
  /// The block, in a room of exactly the size that is promised to do.
  func compress(_ bytes: [UInt8]) -> [UInt8] {
    let bound = bound(bytes.count)
    return Array(unsafeUninitializedCapacity: bound) { room, count in
      let room = UnsafeMutableRawBufferPointer(start: room.baseAddress, count: bound)
      count = bytes.withUnsafeBytes { compress($0, into: room) }
    }
  }
}
