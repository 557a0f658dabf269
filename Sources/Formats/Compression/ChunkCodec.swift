import ExportCore

/// How the bytes of a file are stored. A file is a sequence of chunks, each stored independently of all others,
/// so that many files can be under construction with the working memory of one.
protocol ChunkCodec: AnyObject {
  /// How many bytes a chunk should have, when memory allows.
  var chunkBytes: Int { get }

  /// Whether ``bound(_:)`` is what storing takes, to the byte.
  var isExact: Bool { get }

  /// The most bytes that storing `count` bytes takes, in two pieces at most beside the whole chunks in it.
  func bound(_ count: Int) -> Int

  /// Gives `write` what is to be stored for `bytes`, in one or more pieces. The same bytes give the same pieces.
  /// - Throws: what `write` throws.
  func store(
    _ bytes: UnsafeRawBufferPointer, _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError)
}

/// - Throws: ``ExportError`` for a codec or level that this format cannot have.
func makeCodec(_ compression: Compression) throws(ExportError) -> any ChunkCodec {
  guard compression.codec != .zstd else {
    throw ExportError(
      .configuration, .lasting, object: "compression", problem: "zstd is for parquet only",
      hint: "use gzip or none")
  }
  return try compression.makeCompressor().map { GzipCodec($0) } ?? PlainCodec()
}

/// Stores bytes as they are.
final class PlainCodec: ChunkCodec {
  /// Small enough for the chunks of many series to stay in a processor's cache until they are written.
  let chunkBytes = 64 << 10
  let isExact = true

  func bound(_ count: Int) -> Int { count }

  func store(
    _ bytes: UnsafeRawBufferPointer, _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError) {
    if !bytes.isEmpty { try write(bytes) }
  }
}
