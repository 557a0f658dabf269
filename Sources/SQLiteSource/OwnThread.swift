internal import ExportCore
internal import Glibc
internal import Synchronization

/// Work that blocks (a lock held by another process, a slow disk) gets a thread of its own: the threads of the
/// language's concurrency are as few as the processor's cores, and the scheduler needs them.
enum OwnThread {
  /// Runs `work` on a new thread and gives what it returns or throws.
  /// - Throws: besides, a passing ``ExportError`` when the system has no thread to give.
  static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let start = Start { continuation.resume(with: Result(catching: work)) }
      let context = Unmanaged.passRetained(start)
      var thread = pthread_t()
      let code = pthread_create(
        &thread, nil,
        { context in
          Unmanaged<Start>.fromOpaque(context!).takeRetainedValue().body()
          return nil
        }, context.toOpaque())
      guard code == 0 else {
        context.release()
        continuation.resume(
          throwing: ExportError(
            .source, .passing, object: "reading thread",
            problem: "the system starts no more threads (\(String(cString: strerror(code))))",
            hint: "raise TasksMax= of the unit or lower `maxConcurrentRuns`"))
        return
      }
      pthread_detach(thread)
    }
  }

  private final class Start {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }
}

/// Asks work on another thread to end. It is looked at from within running queries, so that nobody has to
/// reach into a connection that may be closing.
final class Stop: Sendable {
  private let requested = Atomic<Bool>(false)

  var isRequested: Bool { requested.load(ordering: .relaxed) }
  func request() { requested.store(true, ordering: .relaxed) }
}
