import Compression
import ExportTesting
import Foundation
import Testing

/// Gzip members of both makers, read by Python.
@Suite struct GzipTests {
  /// The compressors that this build has for a level of zlib's.
  static func compressors(_ level: Int) throws -> [any BlockCompressor] {
    #if Fast
      [try ZlibCompressor(level: level), try DeflateCompressor(zlibLevel: level)]
    #else
      [try ZlibCompressor(level: level)]
    #endif
  }

  @Test(arguments: 0...9) func pythonReadsWhatWasCompressed(level: Int) throws {
    for compressor in try Self.compressors(level) {
      // All in one file, as members of it: a reader sees them as one, and says which is not whole.
      let members = Blocks.all.map(compressor.compress)
      #expect(zip(members, Blocks.all).allSatisfy { $0.count <= compressor.bound($1.count) })
      let output = try Python.run(
        "import gzip, hashlib, sys\nprint(hashlib.sha256(gzip.decompress(sys.stdin.buffer.read())).hexdigest())",
        input: members.flatMap { $0 })
      let expected = try Python.run(
        "import hashlib, sys\nprint(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())",
        input: Blocks.all.flatMap { $0 })
      #expect(output == expected)
    }
  }

  /// What has been compressed before leaves no trace, nor do time and place.
  @Test(arguments: [0, 1, 6, 9]) func theSameBytesGiveTheSameMember(level: Int) throws {
    let bytes = Blocks.records(100_000)
    for (used, new) in zip(try Self.compressors(level), try Self.compressors(level)) {
      _ = used.compress(Blocks.noise(70_000))
      let member = used.compress(bytes)
      #expect(member == new.compress(bytes))
      // RFC 1952, section 2.3: deflate, no flags, no time.
      #expect(member.prefix(8) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
    }
  }

  @Test(arguments: [-1, 10, 12, .max]) func otherLevelsAreRefused(level: Int) {
    #expect(throws: CompressionError.level(level, allowed: 0...9)) {
      try CompressionFormat.gzip(level: level).makeCompressor()
    }
    #expect(throws: CompressionError.level(level, allowed: 0...9)) { try ZlibCompressor(level: level) }
  }

  /// A definition means the same with any build.
  @Test(arguments: 0...9) func noBuildMakesMoreThanZlibDoes(level: Int) throws {
    let bytes = Blocks.records(1 << 20)
    let zlib = try ZlibCompressor(level: level).compress(bytes)
    // Stored, all that differs is how the bytes are cut into blocks.
    let allowance = level == 0 ? 256 : 0
    #expect(try CompressionFormat.gzip(level: level).makeCompressor().compress(bytes).count <= zlib.count + allowance)
  }

  @Test func withoutALevelItIsThatOfGzip() throws {
    let bytes = Blocks.records(200_000)
    #expect(
      try CompressionFormat.gzip().makeCompressor().compress(bytes)
        == CompressionFormat.gzip(level: 6).makeCompressor().compress(bytes))
  }
}
