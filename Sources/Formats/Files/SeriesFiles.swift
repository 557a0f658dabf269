import Crypto
import ExportCore

/// The files of all series of one run and database while they are being written. A series has at most one
/// file under construction; what waits to be written takes a fixed amount of memory and one descriptor,
/// however many series there are. What it does hangs on the sequence of records alone, so that the same
/// records make the same files.
struct SeriesFiles<Series: FileSeries & ~Copyable>: ~Copyable {
  private struct File {
    var pending = PendingPages.Chain()
    /// Nil while there is none under construction.
    var index: Int32?
    /// In the staging area; 0 until its first chunk is written.
    var number: UInt32 = 0
    /// What waits on the disk, before what is pending, and where; 0 where nothing does.
    var aside: UInt32 = 0
    var asideBytes = 0
    var written = 0
    var rows = 0
    var first = ReadKey(pass: 0, order: 0, sequence: 0)
    var last = ReadKey(pass: 0, order: 0, sequence: 0)
    var digest: SHA256?

    /// What waits to be stored.
    var waitingBytes: Int { asideBytes + pending.bytes }
  }

  var series: Series
  private let databaseId: String
  private let end: StaticString
  private let codec: any ChunkCodec
  private let staging: StagingArea
  private let maxFileBytes: Int
  private let chunkBytes: Int
  /// Whether a file's end takes more than a few bytes.
  private let asksAlways: Bool

  /// By the number of the series.
  private var files: [File] = []
  private var pages: PendingPages
  private var chunk = OutputBytes()
  /// How many series have been finished.
  private var finished = 0

  /// - Parameter memory: how many bytes may wait to be written.
  init(
    _ series: consuming Series, databaseId: String, codec: any ChunkCodec, maxFileBytes: Int,
    staging: StagingArea, memory: Int
  ) {
    self.databaseId = databaseId
    self.codec = codec
    self.staging = staging
    self.maxFileBytes = maxFileBytes
    end = series.end
    pages = PendingPages(bytes: memory)
    chunkBytes = min(codec.chunkBytes, memory / 4)
    asksAlways = codec.waitsAside
    files = Array(repeating: File(), count: series.count)
    self.series = series
  }

  /// Adds an encoded record to its series.
  /// - Parameter completed: takes the files that have no room for it.
  @inline(__always)
  mutating func append(
    _ record: UnsafeRawBufferPointer, key: ReadKey, to i: Int, completed: inout [CompletedFile]
  ) throws(ExportError) {
    while i >= files.count { files.append(File()) }
    if files[i].index == nil { try begin(i) }
    if !hasRoom(for: record.count, in: i) { try makeRoom(for: record.count, in: i, &completed) }
    if files[i].rows == 0 { files[i].first = key }
    files[i].last = key
    files[i].rows += 1
    try add(record, to: i)
  }

  @inline(__always)
  private func hasRoom(for count: Int, in i: Int) -> Bool {
    let waiting = files[i].waitingBytes + count + end.utf8CodeUnitCount
    // Far from the limit, no need to ask the codec.
    if !asksAlways, files[i].written + 2 * waiting + 4096 <= maxFileBytes { return true }
    return files[i].written + codec.bound(waiting, of: i) <= maxFileBytes
  }

  /// Stores what waits while that may gain room, then goes on with the next file. A record that fits in no file
  /// gets one of its own.
  @inline(never)
  private mutating func makeRoom(
    for count: Int, in i: Int, _ completed: inout [CompletedFile]
  ) throws(ExportError) {
    while files[i].rows > 0, !hasRoom(for: count, in: i) {
      if !codec.isExact, files[i].waitingBytes >= codec.smallestChunk {
        try flush(i)
      } else {
        completed.append(try close(i))
        try begin(i)
      }
    }
  }

  @inline(__always)
  private mutating func add(_ bytes: UnsafeRawBufferPointer, to i: Int) throws(ExportError) {
    if files[i].waitingBytes + bytes.count > chunkBytes {
      try flush(i)
      guard bytes.count <= chunkBytes else { return try store(bytes, i) }
    }
    if pages.pagesNeeded(bytes.count, by: files[i].pending) > pages.freePages { try relieve() }
    pages.append(bytes, to: &files[i].pending)
  }

  private mutating func begin(_ i: Int) throws(ExportError) {
    files[i].index = Int32(series.takeIndex(for: i))
    var beginning = OutputBytes(capacity: 256)
    series.begin(i, into: &beginning)
    try add(codec.begin(beginning.bytes, of: i), to: i)
  }

  /// Ends the file under construction.
  private mutating func close(_ i: Int) throws(ExportError) -> CompletedFile {
    try add(UnsafeRawBufferPointer(start: end.utf8Start, count: end.utf8CodeUnitCount), to: i)
    try flush(i)
    try codec.end(i) { stored throws(ExportError) in try put(stored, i) }
    let file = files[i]
    files[i] = File()
    guard file.first <= file.last else {
      throw ExportError(
        .source, .lasting, object: "database \(databaseId)",
        problem: "rows came out of the order of their keys")
    }
    let index = Int(file.index!)
    let sha256 = file.digest!.finalize().hexadecimal
    return CompletedFile(
      staged: StagedFile(path: staging.path(of: file.number), bytes: file.written, sha256: sha256),
      file: Manifest.File(
        name: series.fileName(of: i, index: index), content: series.content(of: i, index: index),
        databaseId: databaseId, rows: file.rows, bytes: file.written, sha256: sha256),
      keys: file.first...file.last)
  }

  /// Throws away the file under construction of a series.
  mutating func drop(_ i: Int) {
    guard i < files.count else { return }
    chunk.removeAll()
    pages.drain(&files[i].pending, into: &chunk)
    for number in [files[i].number, files[i].aside] where number != 0 { staging.remove(number) }
    codec.drop(i)
    files[i] = File()
  }

  /// Ends up to `limit` files under construction; none when all have been ended.
  mutating func finish(atMost limit: Int) throws(ExportError) -> [CompletedFile] {
    var completed: [CompletedFile] = []
    while finished < files.count, completed.count < limit {
      if files[finished].index != nil { completed.append(try close(finished)) }
      finished += 1
    }
    return completed
  }

  /// Writes what waits of one series, as one chunk.
  private mutating func flush(_ i: Int) throws(ExportError) {
    guard files[i].waitingBytes > 0 else { return }
    chunk.removeAll()
    if files[i].asideBytes > 0 {
      try staging.read(files[i].aside, files[i].asideBytes, into: &chunk)
      staging.remove(files[i].aside)
      files[i].asideBytes = 0
    }
    pages.drain(&files[i].pending, into: &chunk)
    try store(chunk.bytes, i)
  }

  /// Makes room in memory for others.
  private mutating func release(_ i: Int) throws(ExportError) {
    guard codec.waitsAside else { return try flush(i) }
    chunk.removeAll()
    pages.drain(&files[i].pending, into: &chunk)
    if files[i].aside == 0 { files[i].aside = staging.newFile() }
    try staging.append(chunk.bytes, to: files[i].aside, create: files[i].asideBytes == 0)
    files[i].asideBytes += chunk.count
  }

  private mutating func store(_ bytes: UnsafeRawBufferPointer, _ i: Int) throws(ExportError) {
    try codec.store(bytes, of: i) { stored throws(ExportError) in try put(stored, i) }
  }

  private mutating func put(_ stored: UnsafeRawBufferPointer, _ i: Int) throws(ExportError) {
    if files[i].number == 0 {
      files[i].number = staging.newFile()
      files[i].digest = SHA256()
    }
    try staging.append(stored, to: files[i].number, create: files[i].written == 0)
    files[i].digest!.update(bufferPointer: stored)
    files[i].written += stored.count
  }

  /// Writes the series that take most of the memory, until half of it is free: as few and as large chunks as
  /// memory allows, and a search through all series only once for all of them.
  @inline(never)
  private mutating func relieve() throws(ExportError) {
    // How many pages are held by series that hold 2^n to 2^(n+1) of them.
    var held = [Int](repeating: 0, count: Int.bitWidth)
    for file in files where file.pending.pages > 0 {
      held[SeriesFiles.size(file.pending)] += file.pending.pages
    }
    let wanted = pages.pageCount / 2 - pages.freePages
    var smallest = held.count - 1
    var gained = held[smallest]
    while gained < wanted {
      smallest -= 1
      gained += held[smallest]
    }
    // All above the smallest size that is needed, and of that size as many as it takes.
    for i in files.indices where files[i].pending.pages > 0 && SeriesFiles.size(files[i].pending) > smallest {
      try release(i)
    }
    for i in files.indices where pages.freePages < pages.pageCount / 2 {
      if files[i].pending.pages > 0, SeriesFiles.size(files[i].pending) == smallest { try release(i) }
    }
  }

  private static func size(_ chain: PendingPages.Chain) -> Int {
    Int.bitWidth - 1 - chain.pages.leadingZeroBitCount
  }
}
