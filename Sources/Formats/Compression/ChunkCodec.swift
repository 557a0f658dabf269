import ExportCore

/// How the bytes of a file are stored. A file is a sequence of chunks, each stored independently of all others,
/// so that many files can be under construction with the working memory of one. Files under construction are told apart by
/// the number of their series.
protocol ChunkCodec: AnyObject {
  /// How many bytes a chunk should have, when memory allows.
  var chunkBytes: Int { get }

  /// Whether ``bound(_:)`` is what storing takes, to the byte.
  var isExact: Bool { get }

  /// A chunk smaller than this does not shrink by enough to be worth it.
  var smallestChunk: Int { get }

  /// Whether chunks are worth so much that bytes which memory has no room for wait on the disk as they are, until there
  /// are enough of them. Otherwise a smaller chunk is stored.
  var waitsAside: Bool { get }

  /// Begins a file.
  /// - Returns: what of its beginning is stored like all that follows.
  func begin(_ beginning: UnsafeRawBufferPointer, of file: Int) -> UnsafeRawBufferPointer

  /// The most bytes that storing `count` more bytes of a file takes, in two pieces at most beside the whole chunks in it, and
  /// then ending the file.
  func bound(_ count: Int, of file: Int) -> Int

  /// Gives `write` what is to be stored for `bytes`, in one or more pieces. The same bytes give the same pieces.
  /// - Throws: what `write` throws.
  func store(
    _ bytes: UnsafeRawBufferPointer, of file: Int,
    _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError)

  /// Gives `write` what a file ends with beyond its chunks.
  /// - Throws: what `write` throws.
  func end(
    _ file: Int, _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError)

  /// Forgets a file under construction.
  func drop(_ file: Int)
}

/// Codecs that know nothing of files but their bytes.
extension ChunkCodec {
  var smallestChunk: Int { 16 << 10 }
  var waitsAside: Bool { false }
  func begin(_ beginning: UnsafeRawBufferPointer, of file: Int) -> UnsafeRawBufferPointer { beginning }
  func end(_ file: Int, _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void) {}
  func drop(_ file: Int) {}
}

/// - Throws: ``ExportError`` for a codec or level that this format cannot have.
func makeCodec(_ format: Format, _ compression: Compression) throws(ExportError) -> any ChunkCodec {
  guard format != .parquet else { return try ParquetCodec(compression) }
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

  func bound(_ count: Int, of file: Int) -> Int { count }

  func store(
    _ bytes: UnsafeRawBufferPointer, of file: Int,
    _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError) {
    if !bytes.isEmpty { try write(bytes) }
  }
}
