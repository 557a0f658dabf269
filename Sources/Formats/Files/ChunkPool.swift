import Dispatch
import Synchronization

/// Bytes on their way from the thread that encodes to the one that stores.
///
/// `@unchecked`: it has one owner at a time, and changes hands through the pool's lock and the lane's queue.
final class Chunk: @unchecked Sendable {
  /// Having one owner is what the check at run time would prove for every record.
  @exclusivity(unchecked) var bytes = OutputBytes()
}

/// A fixed number of chunks that are used over and over: whoever takes one when all are under way waits, so that storing
/// never lags behind by more than these.
final class ChunkPool: Sendable {
  private let free = Mutex<[Chunk]>([])
  /// Counts free chunks. Made with 0 and then raised: a semaphore that dies below its first value traps.
  private let count = DispatchSemaphore(value: 0)
  private let chunkBytes: Int

  /// - Parameter chunkBytes: a chunk that has grown beyond this gives its storage back.
  init(chunks: Int, chunkBytes: Int) {
    self.chunkBytes = chunkBytes
    for _ in 0..<chunks { give(Chunk()) }
  }

  /// An empty chunk. Waits for one.
  func take() -> Chunk {
    count.wait()
    return free.withLock { $0.removeLast() }
  }

  func give(_ chunk: Chunk) {
    chunk.bytes.removeAll(keepingCapacityUpTo: chunkBytes * 2)
    free.withLock { $0.append(chunk) }
    count.signal()
  }
}
