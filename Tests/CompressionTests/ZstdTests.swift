import Compression
import Testing

#if Fast
  import CZstd

  @Suite struct ZstdTests {
    @Test(arguments: 1...22) func whatWasCompressedIsReadBack(level: Int) throws {
      let compressor = try CompressionFormat.zstd(level: level).makeCompressor()
      for bytes in level < 16 ? Blocks.all : [Blocks.records(300_000)] {
        let frame = compressor.compress(bytes)
        #expect(frame.count <= compressor.bound(bytes.count))
        // RFC 8878, section 3.1.1: the magic number, little endian.
        #expect(frame.prefix(4) == [0x28, 0xB5, 0x2F, 0xFD])
        #expect(ZSTD_getFrameContentSize(frame, frame.count) == bytes.count)
        let read = [UInt8](unsafeUninitializedCapacity: bytes.count + 1) { room, count in
          let room = UnsafeMutableRawBufferPointer(room)
          count = ZSTD_decompress(room.baseAddress, room.count, frame, frame.count)
        }
        #expect(read == bytes)
      }
    }

    @Test func theSameBytesGiveTheSameFrame() throws {
      let bytes = Blocks.records(100_000)
      let used = try CompressionFormat.zstd().makeCompressor()
      _ = used.compress(Blocks.noise(70_000))
      let frame = try CompressionFormat.zstd(level: 3).makeCompressor().compress(bytes)
      #expect(used.compress(bytes) == frame)
    }

    @Test(arguments: [0, 23, .min]) func otherLevelsAreRefused(level: Int) {
      #expect(throws: CompressionError.level(level, allowed: 1...22)) {
        try CompressionFormat.zstd(level: level).makeCompressor()
      }
    }
  }
#else
  @Suite struct ZstdTests {
    @Test func itIsRefused() {
      #expect(!CompressionFormat.hasZstd)
      #expect(throws: CompressionError.zstdIsNotBuiltIn) { try CompressionFormat.zstd().makeCompressor() }
    }
  }
#endif
