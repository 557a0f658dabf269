import Synchronization

/// Uploads that this process has begun and that are not over: complete, or known to be aborted.
final class BegunUploads<Upload: Hashable & Sendable>: Sendable {
  private let uploads = Mutex<Set<Upload>>([])

  func begin(_ upload: Upload) { _ = uploads.withLock { $0.insert(upload) } }
  func end(_ upload: Upload) { _ = uploads.withLock { $0.remove(upload) } }
  func uploads(where isMeant: (Upload) -> Bool) -> [Upload] { uploads.withLock { $0.filter(isMeant) } }
}
