import ExportCore

/// The files of all series of one run and database while they are being written. A series has at most one
/// file under construction; what waits to be written takes a fixed amount of memory and one descriptor,
/// however many series there are. What it does hangs on the sequence of records alone, so that the same
/// records make the same files.
struct SeriesFiles<Series: FileSeries & ~Copyable>: ~Copyable {
  private struct File {
    /// What waits to be stored, where it can be handed over as it is; else it waits in pages.
    var chunk: Chunk?
    var pending = PendingPages.Chain()
    /// Nil while there is none under construction.
    var index: Int32?
    /// Its number in the lanes; -1 until its first chunk is stored.
    var slot: Int32 = -1
    /// Whether a lane may still be storing what it has been given.
    var isUnderWay = false
    /// What waits on the disk, before what is pending, and where; 0 where nothing does.
    var aside: UInt32 = 0
    var asideBytes = 0
    /// What it takes so far; while it is under way, at most.
    var bytes = 0
    /// For the codec's bound.
    var overhead = 0
    var rows = 0
    var first = ReadKey(pass: 0, order: 0, sequence: 0)
    var last = ReadKey(pass: 0, order: 0, sequence: 0)

    /// What waits to be stored.
    var waitingBytes: Int { asideBytes + pending.bytes + (chunk?.bytes.count ?? 0) }
  }

  /// A file that is complete as soon as its lane has come to its end.
  private struct EndedFile {
    let completion: FileCompletion
    let name: String
    let content: Manifest.File.Content
    let rows: Int
    let keys: ClosedRange<ReadKey>
  }

  var series: Series
  private let databaseId: String
  private let end: StaticString
  private let codec: any ChunkCodec.Type
  private let staging: StagingArea
  private let maxFileBytes: Int
  private let chunkBytes: Int

  /// By the number of the series.
  private var files: [File] = []
  private var pages: PendingPages
  private let lanes: [StoringLane]
  private let chunks: ChunkPool
  /// How many more files may have a chunk of their own to wait in, which saves their bytes the way through pages.
  private var ownChunks: Int
  /// Slots that have been used and are free again.
  private var freeSlots: [Int32] = []
  private var slots: Int32 = 0
  /// In the order in which they were ended.
  private var ended: ArraySlice<EndedFile> = []
  /// How many series have been finished.
  private var finished = 0

  /// - Parameters:
  ///   - codecs: of one kind, one for each lane.
  ///   - memory: how many bytes may wait to be written.
  init(
    _ series: consuming Series, databaseId: String, codecs: [any ChunkCodec], maxFileBytes: Int,
    staging: StagingArea, memory: Int
  ) {
    self.databaseId = databaseId
    codec = type(of: codecs[0])
    self.staging = staging
    self.maxFileBytes = maxFileBytes
    end = series.end
    pages = PendingPages(bytes: memory)
    chunkBytes = min(codec.chunkBytes, memory / 4)
    lanes = codecs.map { StoringLane(FileStorage($0, in: staging)) }
    ownChunks = codec.waitsAside ? 0 : memory / 4 / chunkBytes
    chunks = ChunkPool(
      chunks: ownChunks + lanes.count + max(1, SeriesFiles.chunksUnderWay / chunkBytes),
      chunkBytes: chunkBytes)
    files = Array(repeating: File(), count: series.count)
    self.series = series
  }

  /// How many bytes may lie between the thread that encodes and those that store, beside a chunk for each.
  private static var chunksUnderWay: Int { 1 << 20 }

  /// Adds an encoded record to its series.
  @inline(__always)
  mutating func append(
    _ record: UnsafeRawBufferPointer, key: ReadKey, to i: Int
  ) throws(ExportError) {
    while i >= files.count { files.append(File()) }
    if files[i].index == nil { try begin(i) }
    if !hasRoom(for: record.count, in: i) { try makeRoom(for: record.count, in: i) }
    if files[i].rows == 0 { files[i].first = key }
    files[i].last = key
    files[i].rows += 1
    try add(record, to: i)
  }

  @inline(__always)
  private func hasRoom(for count: Int, in i: Int) -> Bool {
    let waiting = files[i].waitingBytes + count + end.utf8CodeUnitCount
    return files[i].bytes + codec.bound(waiting, overhead: files[i].overhead) <= maxFileBytes
  }

  /// Stores what waits while that may gain room, then goes on with the next file. A record that fits in no file
  /// gets one of its own.
  @inline(never)
  private mutating func makeRoom(for count: Int, in i: Int) throws(ExportError) {
    while files[i].rows > 0, !hasRoom(for: count, in: i) {
      if files[i].isUnderWay {
        // What it takes at most is too much: only what it really takes decides, or files would hang on how far a lane is.
        files[i].bytes = try lane(of: i).bytes(of: place(of: i))
        files[i].isUnderWay = false
      } else if !codec.isExact, files[i].waitingBytes >= codec.smallestChunk {
        try flush(i)
      } else {
        try close(i)
        try begin(i)
      }
    }
  }

  @inline(__always)
  private mutating func add(_ bytes: UnsafeRawBufferPointer, to i: Int) throws(ExportError) {
    if files[i].waitingBytes + bytes.count > chunkBytes {
      try flush(i)
      guard bytes.count <= chunkBytes else { return try storeNow(bytes, i) }
    }
    if files[i].chunk == nil {
      guard ownChunks > 0, files[i].waitingBytes == 0 else { return try addToPages(bytes, i) }
      ownChunks -= 1
      files[i].chunk = chunks.take()
    }
    files[i].chunk!.bytes.append(bytes)
  }

  private mutating func addToPages(_ bytes: UnsafeRawBufferPointer, _ i: Int) throws(ExportError) {
    if pages.pagesNeeded(bytes.count, by: files[i].pending) > pages.freePages { try relieve() }
    pages.append(bytes, to: &files[i].pending)
  }

  private mutating func begin(_ i: Int) throws(ExportError) {
    files[i].index = Int32(series.takeIndex(for: i))
    var beginning = OutputBytes(capacity: 256)
    series.begin(i, into: &beginning)
    files[i].overhead = codec.overhead(beginning.bytes)
    if codec.storesBeginning { try add(beginning.bytes, to: i) }
  }

  /// Tells a lane of the file, right before its first chunk: what lanes have been given and not done is bounded by the
  /// chunks that there are.
  private mutating func beginStoring(_ i: Int) {
    guard files[i].slot < 0 else { return }
    if freeSlots.isEmpty {
      freeSlots.append(slots)
      slots += 1
    }
    files[i].slot = freeSlots.removeLast()
    var beginning: OutputBytes?
    if !codec.storesBeginning {
      beginning = OutputBytes(capacity: 256)
      series.begin(i, into: &beginning!)
    }
    lane(of: i).begin(place(of: i), number: staging.newFile(), beginning?.bytes)
  }

  /// Ends the file under construction.
  private mutating func close(_ i: Int) throws(ExportError) {
    try add(UnsafeRawBufferPointer(start: end.utf8Start, count: end.utf8CodeUnitCount), to: i)
    try flush(i)
    let file = files[i]
    guard file.first <= file.last else {
      throw ExportError(
        .source, .lasting, object: "database \(databaseId)",
        problem: "rows came out of the order of their keys")
    }
    let completion = FileCompletion()
    lane(of: i).end(place(of: i), completion)
    let index = Int(file.index!)
    ended.append(
      EndedFile(
        completion: completion, name: series.fileName(of: i, index: index),
        content: series.content(of: i, index: index), rows: file.rows, keys: file.first...file.last))
    forget(i)
  }

  /// Throws away the file under construction of a series.
  mutating func drop(_ i: Int) {
    guard i < files.count, files[i].index != nil else { return }
    if let chunk = takeOwnChunk(of: i) { chunks.give(chunk) }
    pages.free(&files[i].pending)
    if files[i].aside != 0 { staging.remove(files[i].aside) }
    if files[i].slot >= 0 { lane(of: i).drop(place(of: i)) }
    forget(i)
  }

  /// The lane goes through what it is given in order, so the slot can be given to another file at once.
  private mutating func forget(_ i: Int) {
    if files[i].slot >= 0 { freeSlots.append(files[i].slot) }
    files[i] = File()
  }

  /// The files that have been completed, in the order in which they were ended.
  mutating func takeCompleted() -> [CompletedFile] {
    var completed: [CompletedFile] = []
    while let file = ended.first, let staged = file.completion.staged {
      ended.removeFirst()
      completed.append(
        CompletedFile(
          staged: staged,
          file: Manifest.File(
            name: file.name, content: file.content, databaseId: databaseId, rows: file.rows,
            bytes: staged.bytes, sha256: staged.sha256),
          keys: file.keys))
    }
    return completed
  }

  /// Ends up to `limit` files under construction, and waits for all that have been ended; none when all have been.
  mutating func finish(atMost limit: Int) throws(ExportError) -> [CompletedFile] {
    while finished < files.count, ended.count < limit {
      if files[finished].index != nil { try close(finished) }
      finished += 1
    }
    for lane in lanes { try lane.wait() }
    return takeCompleted()
  }

  /// Ends all work on files.
  func stop() {
    for lane in lanes { lane.stop() }
  }

  // MARK: Chunks

  @inline(__always)
  private func lane(of i: Int) -> StoringLane { lanes[Int(files[i].slot) % lanes.count] }

  @inline(__always)
  private func place(of i: Int) -> Int { Int(files[i].slot) / lanes.count }

  /// Writes what waits of one series, as one chunk.
  private mutating func flush(_ i: Int) throws(ExportError) {
    guard files[i].waitingBytes > 0 else { return }
    let chunk = takeOwnChunk(of: i) ?? chunks.take()
    beginStoring(i)
    if files[i].asideBytes > 0 {
      do throws(ExportError) {
        try staging.read(files[i].aside, files[i].asideBytes, into: &chunk.bytes)
      } catch {
        chunks.give(chunk)
        throw error
      }
      staging.remove(files[i].aside)
      files[i].asideBytes = 0
    }
    pages.drain(&files[i].pending, into: &chunk.bytes)
    isGiven(chunk.bytes.count, i)
    lane(of: i).store(chunk, from: chunks, in: place(of: i))
    try lane(of: i).check()
  }

  private mutating func takeOwnChunk(of i: Int) -> Chunk? {
    guard let chunk = files[i].chunk.take() else { return nil }
    ownChunks += 1
    return chunk
  }

  /// A record too large for a chunk.
  private mutating func storeNow(_ bytes: UnsafeRawBufferPointer, _ i: Int) throws(ExportError) {
    beginStoring(i)
    isGiven(bytes.count, i)
    try lane(of: i).storeNow(bytes, in: place(of: i))
  }

  private mutating func isGiven(_ count: Int, _ i: Int) {
    let bound = codec.bound(count, overhead: files[i].overhead)
    files[i].bytes += codec.isExact ? bound : 2 * bound
    files[i].isUnderWay = !codec.isExact
  }

  /// Makes room in memory for others.
  private mutating func release(_ i: Int) throws(ExportError) {
    guard codec.waitsAside else { return try flush(i) }
    let chunk = chunks.take()
    defer { chunks.give(chunk) }
    pages.drain(&files[i].pending, into: &chunk.bytes)
    if files[i].aside == 0 { files[i].aside = staging.newFile() }
    try staging.append(chunk.bytes.bytes, to: files[i].aside, create: files[i].asideBytes == 0)
    files[i].asideBytes += chunk.bytes.count
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
