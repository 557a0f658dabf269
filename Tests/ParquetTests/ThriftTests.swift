import Testing

@testable import Parquet

/// The compact protocol, byte by byte.
@Suite struct ThriftTests {
  static func bytes(_ body: (inout ThriftWriter) -> Void) -> [UInt8] {
    var thrift = ThriftWriter()
    thrift.element(body)
    return thrift.output.array
  }

  @Test func fieldsAreShortOrLong() {
    #expect(Self.bytes { _ in } == [0])
    #expect(Self.bytes { $0.i32(1, 1) } == [0x15, 2, 0])
    #expect(Self.bytes { $0.i32(16, -1) } == [0x05, 32, 1, 0])
    #expect(
      Self.bytes {
        $0.bool(1, true)
        $0.bool(2, false)
        $0.i16(4, -300)
      } == [0x11, 0x12, 0x24, 0xD7, 0x04, 0])
    #expect(Self.bytes { $0.i64(2, .min) } == [0x26] + Array(repeating: 0xFF, count: 9) + [0x01, 0])
    #expect(Self.bytes { $0.string(4, "né") } == [0x48, 3, 0x6E, 0xC3, 0xA9, 0])
  }

  @Test func structuresCountTheirOwnFields() {
    let bytes = Self.bytes {
      $0.structure(5) {
        $0.i32(3, 0)
        $0.structure(4) { _ in }
      }
      $0.i32(6, 0)
    }
    #expect(bytes == [0x5C, 0x35, 0, 0x1C, 0, 0, 0x15, 0, 0])
  }

  @Test func listsTellTypeAndCount() {
    #expect(
      Self.bytes {
        $0.list(1, of: .i32, count: 2)
        $0.element(1 as Int32)
        $0.element(-1 as Int32)
      } == [0x19, 0x25, 2, 1, 0])
    let long = Self.bytes {
      $0.list(1, of: .bool, count: 300)
      for i in 0..<300 { $0.element(i % 2 == 0) }
    }
    #expect(long.prefix(5) == [0x19, 0xF1, 0xAC, 0x02, 1])
    #expect(long.count == 4 + 300 + 1)
  }
}
