import ExportCore

/// How the bytes of a file are stored. A file is a sequence of chunks, each stored independently of all others,
/// so that many files can be under construction with the working memory of one. Files under construction are told apart by
/// numbers. What is static can be asked anywhere; an instance belongs to one thread at a time.
protocol ChunkCodec: AnyObject {
  /// How many bytes a chunk should have, when memory allows.
  static var chunkBytes: Int { get }

  /// Whether ``bound(_:overhead:)`` is what storing takes, to the byte.
  static var isExact: Bool { get }

  /// A chunk smaller than this does not shrink by enough to be worth it.
  static var smallestChunk: Int { get }

  /// Whether chunks are worth so much that bytes which memory has no room for wait on the disk as they are, until there
  /// are enough of them. Otherwise a smaller chunk is stored.
  static var waitsAside: Bool { get }

  /// Whether the beginning of a file is stored like all that follows. Otherwise the codec is told of it.
  static var storesBeginning: Bool { get }

  /// How many instances may be at work at once: more than one where storing takes most of the time and little memory.
  static var lanes: Int { get }

  /// What storing in a file that begins like this takes beyond its bytes, for ``bound(_:overhead:)``.
  static func overhead(_ beginning: UnsafeRawBufferPointer) -> Int

  /// The most bytes that storing `count` more bytes of a file takes, in two pieces at most beside the whole chunks in it, and
  /// then ending the file; beyond what ``heldBytes(of:)`` takes already.
  static func bound(_ count: Int, overhead: Int) -> Int

  /// Begins a file whose beginning is not stored.
  func begin(_ beginning: UnsafeRawBufferPointer, of file: Int)

  /// Gives `write` what is to be stored for `bytes`, in one or more pieces. The same bytes give the same pieces.
  /// - Throws: what `write` throws.
  func store(
    _ bytes: UnsafeRawBufferPointer, of file: Int,
    _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError)

  /// The most bytes that the end of a file takes for what has been stored so far.
  func heldBytes(of file: Int) -> Int

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
  static var smallestChunk: Int { 16 << 10 }
  static var waitsAside: Bool { false }
  static var storesBeginning: Bool { true }
  static func overhead(_ beginning: UnsafeRawBufferPointer) -> Int { 0 }
  func begin(_ beginning: UnsafeRawBufferPointer, of file: Int) {}
  func heldBytes(of file: Int) -> Int { 0 }
  func end(_ file: Int, _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void) {}
  func drop(_ file: Int) {}
}

/// One codec for each lane.
/// - Throws: ``ExportError`` for a codec or level that this format cannot have.
func makeCodecs(_ format: Format, _ compression: Compression) throws(ExportError) -> [any ChunkCodec] {
  let codec = try makeCodec(format, compression)
  var codecs = [codec]
  while codecs.count < type(of: codec).lanes { codecs.append(try makeCodec(format, compression)) }
  return codecs
}

private func makeCodec(_ format: Format, _ compression: Compression) throws(ExportError) -> any ChunkCodec {
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
  static let chunkBytes = 64 << 10
  static let isExact = true
  static let lanes = 1

  static func bound(_ count: Int, overhead: Int) -> Int { count }

  func store(
    _ bytes: UnsafeRawBufferPointer, of file: Int,
    _ write: (UnsafeRawBufferPointer) throws(ExportError) -> Void
  ) throws(ExportError) {
    if !bytes.isEmpty { try write(bytes) }
  }
}
