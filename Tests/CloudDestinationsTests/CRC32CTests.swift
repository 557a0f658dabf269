import ExportTesting
import Foundation
import Testing

@testable import CloudDestinations

@Suite struct CRC32CTests {
  private static func checksum(_ bytes: [UInt8], piece: Int = .max) -> UInt32 {
    var checksum = CRC32C()
    bytes.withUnsafeBytes { all in
      var start = 0
      while start < all.count {
        let end = start + min(piece, all.count - start)
        checksum.update(UnsafeRawBufferPointer(rebasing: all[start..<end]))
        start = end
      }
    }
    return checksum.value
  }

  /// RFC 3720 appendix B.4, and the check value of the catalogue of CRCs.
  @Test func isWhatTheDocumentsSay() {
    #expect(Self.checksum([]) == 0)
    #expect(Self.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(Self.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(Self.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(Self.checksum((0..<32).map { $0 }) == 0x46DD_794E)
    #expect(Self.checksum((0..<32).reversed().map { $0 }) == 0x113F_DB5C)
  }

  /// Of every length and however it is cut, as Google's own library has it.
  @Test func isWhatGooglesLibrarySays() throws {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    let theirs = try Python.run(
      """
      import google_crc32c, sys
      data = sys.stdin.buffer.read()
      print(*[google_crc32c.value(data[:length]) for length in range(len(data) + 1)])
      """, input: bytes, needsReaders: true
    ).split(whereSeparator: \.isWhitespace).map { UInt32($0) }
    #expect(theirs.count == 1001)
    for length in 0...1000 {
      let prefix = Array(bytes[..<length])
      #expect(Self.checksum(prefix) == theirs[length])
      #expect(Self.checksum(prefix, piece: length % 13 + 1) == theirs[length])
    }
  }
}
