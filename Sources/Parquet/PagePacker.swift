/// Compresses pages, or leaves them as they are.
struct PagePacker: ~Copyable {
  private let compressor: (any PageCompressor)?
  private var packed = Bytes()

  init(_ compressor: (any PageCompressor)?) { self.compressor = compressor }

  var codec: CompressionCodec { compressor?.codec ?? .uncompressed }
  var compresses: Bool { compressor != nil }

  /// Gives `body` the bytes as they are to be stored.
  mutating func pack<Result>(
    _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    guard let compressor else { return body(bytes) }
    packed.removeAll(keepingCapacityUpTo: 4 << 20)
    packed.append(upTo: compressor.bound(bytes.count)) { compressor.compress(bytes, into: $0) }
    return body(packed.bytes)
  }

  /// What the bytes take when they are stored.
  mutating func size(_ bytes: UnsafeRawBufferPointer) -> Int { pack(bytes) { $0.count } }
}
