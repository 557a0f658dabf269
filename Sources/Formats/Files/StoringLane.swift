import Dispatch
import ExportCore
import Synchronization

/// Stores files on a thread of its own, beside the one that encodes their records: what it is given is done in the order
/// in which it is given. After the first failure nothing more is done.
///
/// `@unchecked`: `storage` is touched only by what runs on the queue, one after the other.
final class StoringLane: @unchecked Sendable {
  private let queue = DispatchQueue(label: "exportd.storing")
  private var storage: FileStorage
  private let failure = Mutex<ExportError?>(nil)

  init(_ storage: consuming FileStorage) { self.storage = storage }

  /// - Parameters: as for ``FileStorage/begin(_:number:_:)``.
  func begin(_ i: Int, number: UInt32, _ beginning: UnsafeRawBufferPointer?) {
    let beginning = beginning.map { Array($0) }
    perform { lane in
      if let beginning {
        beginning.withUnsafeBytes { lane.storage.begin(i, number: number, $0) }
      } else {
        lane.storage.begin(i, number: number, nil)
      }
    }
  }

  /// Stores the bytes of a chunk, which then goes back to its pool.
  func store(_ chunk: Chunk, from pool: ChunkPool, in i: Int) {
    queue.async { [self] in
      guarded { lane throws(ExportError) in try lane.storage.store(chunk.bytes.bytes, in: i) }
      pool.give(chunk)
    }
  }

  /// Stores bytes that stay where they are, and waits for it.
  /// - Throws: what has failed so far.
  func storeNow(_ bytes: UnsafeRawBufferPointer, in i: Int) throws(ExportError) {
    queue.sync {
      guarded { lane throws(ExportError) in try lane.storage.store(bytes, in: i) }
    }
    try check()
  }

  /// Completes a file. `completion` has it once all before it has been done.
  func end(_ i: Int, _ completion: FileCompletion) {
    perform { lane throws(ExportError) in completion.set(try lane.storage.end(i)) }
  }

  /// Throws a file away.
  func drop(_ i: Int) { perform { $0.storage.drop(i) } }

  /// What a file takes once all that it was given has been stored, and its end at most.
  /// - Throws: what has failed so far.
  func bytes(of i: Int) throws(ExportError) -> Int {
    let bytes = queue.sync { failure.withLock { $0 == nil } ? storage.bytes(of: i) : 0 }
    try check()
    return bytes
  }

  /// Waits until all has been done.
  /// - Throws: what has failed so far.
  func wait() throws(ExportError) {
    queue.sync {}
    try check()
  }

  /// Ends it: what it has not begun is not done.
  func stop() {
    failure.withLock { failure in
      failure = failure ?? ExportError(.staging, .passing, object: "files", problem: "they are abandoned")
    }
    queue.sync {}
  }

  /// - Throws: what has failed so far.
  func check() throws(ExportError) {
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  private func perform(_ work: @escaping @Sendable (StoringLane) throws(ExportError) -> Void) {
    queue.async { [self] in guarded(work) }
  }

  private func guarded(_ work: (StoringLane) throws(ExportError) -> Void) {
    guard failure.withLock({ $0 == nil }) else { return }
    do throws(ExportError) { try work(self) } catch { failure.withLock { $0 = error } }
  }
}

/// A file that has been completed, as soon as it has.
final class FileCompletion: Sendable {
  private let file = Mutex<StagedFile?>(nil)

  /// Nil until the file is whole.
  var staged: StagedFile? { file.withLock { $0 } }

  func set(_ staged: StagedFile) { file.withLock { $0 = staged } }
}
