import Compression

/// Compresses pages, or leaves them as they are.
struct PagePacker: ~Copyable {
  /// What readers are told (parquet.thrift, `CompressionCodec`).
  let codec: Int32
  private let compressor: (any BlockCompressor)?
  private var packed = Bytes()

  /// What a page that has grown beyond it is not allowed to hold for ever.
  private static let keptBytes = 4 << 20

  /// - Parameter format: nil leaves pages as they are.
  /// - Throws: ``CompressionError`` when there is no compressor for it.
  init(_ format: CompressionFormat?) throws(CompressionError) {
    compressor = try format?.makeCompressor()
    codec =
      switch format {
      case nil: 0
      case .gzip: 2
      case .zstd: 6
      }
  }

  var compresses: Bool { compressor != nil }

  /// Gives `body` the bytes as they are to be stored.
  mutating func pack<Result>(
    _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    guard let compressor else { return body(bytes) }
    packed.removeAll(keepingCapacityUpTo: PagePacker.keptBytes)
    packed.append(upTo: compressor.bound(bytes.count)) { compressor.compress(bytes, into: $0) }
    return body(packed.bytes)
  }

  /// What the bytes take when they are stored.
  mutating func size(_ bytes: UnsafeRawBufferPointer) -> Int { pack(bytes) { $0.count } }
}
