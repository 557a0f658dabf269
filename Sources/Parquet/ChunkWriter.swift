import Compression

/// Writes column chunks one after another: a dictionary page if there is one, then data pages. Its working memory is
/// shared by all columns, however many there are.
struct ChunkWriter: ~Copyable {
  /// What is to be said of a chunk in the file's metadata.
  struct Chunk {
    var encoding = ValueEncoding.plain
    /// Bytes of the dictionary page in front of the data pages; nil without one.
    var dictionaryBytes: Int?
    var dataPages = 0
    var entries = 0
    var nulls = 0
    var notNumbers = 0
    /// Bytes of all pages with their headers, before and after compression.
    var plainBytes = 0
    var storedBytes = 0
    var bounds: Bounds?
    /// False when some values have no order.
    var isOrdered = true
  }

  private let limits: PageLimits
  private var encoder: ChunkEncoder
  private var packer: PagePacker
  private var page = Bytes()
  private var header = ThriftWriter()

  var codec: Int32 { packer.codec }

  init(limits: PageLimits, encodings: EncodingSet, compression: CompressionFormat?) throws(CompressionError) {
    self.limits = limits
    encoder = ChunkEncoder(encodings)
    packer = try PagePacker(compression)
  }

  /// Writes the rows of one column.
  /// - Parameters:
  ///   - index: filled anew.
  ///   - write: takes each page.
  mutating func write<Failure: Error>(
    _ buffer: inout ColumnBuffer, _ type: ValueType, rows: Int, _ index: inout PageIndex,
    _ write: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> Chunk {
    let runs = buffer.finish(rows: rows)
    var chunk = Chunk()
    chunk.encoding = encoder.choose(buffer, limits: limits, &packer)
    index.begin(type)
    if chunk.encoding == .dictionary {
      try writeDictionary(&chunk, write)
      chunk.dictionaryBytes = chunk.storedBytes
    }
    let finder = BoundsFinder(type: type, values: buffer.values.bytes)
    var cutter = PageCutter(buffer, runs: runs, rows: rows, limits: limits)
    while let page = cutter.next() {
      let begin = chunk.storedBytes
      try writeData(page, of: buffer, runs, &chunk, write)
      index.append(page, at: begin, storedBytes: chunk.storedBytes - begin)
      let found = finder.find(page.bytes)
      index.append(found, of: page, finder)
      ChunkWriter.note(found, of: page, finder, &chunk)
    }
    return chunk
  }

  private static func note(
    _ found: BoundsFinder.Found, of page: Page, _ finder: BoundsFinder, _ chunk: inout Chunk
  ) {
    chunk.dataPages += 1
    chunk.entries += page.entries
    chunk.nulls += page.nulls
    switch found {
    case .none: break
    case .bounds(let bounds): chunk.bounds = chunk.bounds.map { finder.union($0, bounds) } ?? bounds
    case .unordered(let count):
      chunk.notNumbers += count
      chunk.isOrdered = false
    }
  }

  private mutating func writeDictionary<Failure: Error>(
    _ chunk: inout Chunk, _ write: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    page.removeAll()
    page.append(encoder.dictionary.values.bytes)
    let count = encoder.dictionary.count
    try writePage(&chunk, type: 2, write) { header in
      header.structure(7) {
        $0.i32(1, Int32(count))
        $0.i32(2, ValueEncoding.plain.rawValue)
      }
    }
  }

  private mutating func writeData<Failure: Error>(
    _ part: Page, of buffer: borrowing ColumnBuffer, _ runs: UnsafeBufferPointer<LevelRuns.Run>?,
    _ chunk: inout Chunk, _ write: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    page.removeAll(keepingCapacityUpTo: 4 << 20)
    if let runs {
      if buffer.maxRepetition > 0 {
        appendLevels(runs, of: part, max: buffer.maxRepetition) { $0.repetition }
      }
      appendLevels(runs, of: part, max: buffer.maxDefinition) { $0.definition }
    }
    let encoding = chunk.encoding
    encoder.encode(buffer, values: part.values, bytes: part.bytes, encoding, to: &page)
    try writePage(&chunk, type: 0, write) { header in
      header.structure(5) {
        $0.i32(1, Int32(part.entries))
        $0.i32(2, encoding.rawValue)
        $0.i32(3, ValueEncoding.levels)
        $0.i32(4, ValueEncoding.levels)
      }
    }
  }

  /// Levels of a page under their length, as data pages of version 1 have them.
  private mutating func appendLevels(
    _ runs: UnsafeBufferPointer<LevelRuns.Run>, of part: Page, max: Int, _ level: (LevelRuns.Run) -> Int
  ) {
    let length = page.count
    page.append(0 as UInt32)
    var hybrid = HybridEncoder(width: HybridEncoder.width(of: max))
    var run = part.firstRun
    var left = part.entries
    var skipped = part.entriesBefore
    while left > 0 {
      let count = min(left, runs[run].count - skipped)
      hybrid.append(UInt32(level(runs[run])), count: count, to: &page)
      left -= count
      skipped = 0
      run += 1
    }
    hybrid.finish(&page)
    page.replace(at: length, with: UInt32(page.count - length - 4))
  }

  /// Writes what lies in `page` under its header.
  private mutating func writePage<Failure: Error>(
    _ chunk: inout Chunk, type: Int32, _ write: (UnsafeRawBufferPointer) throws(Failure) -> Void,
    _ describe: (inout ThriftWriter) -> Void
  ) throws(Failure) {
    let plain = page.count
    header.output.removeAll()
    let outcome: Result<Int, Failure> = packer.pack(page.bytes) { stored in
      header.element {
        $0.i32(1, type)
        $0.i32(2, Int32(plain))
        $0.i32(3, Int32(stored.count))
        describe(&$0)
      }
      do throws(Failure) {
        try write(header.output.bytes)
        try write(stored)
        return .success(stored.count)
      } catch {
        return .failure(error)
      }
    }
    let stored = try outcome.get()
    chunk.plainBytes += header.output.count + plain
    chunk.storedBytes += header.output.count + stored
  }
}
