import AsyncHTTPClient
import ExportCore
import Foundation
import NIOCore
import NIOSSL
import Synchronization

/// The connections of this process to clouds: one pool for each authority that is trusted and each way out, shared by all
/// destinations and runs. Whoever makes it ends it with ``shutDown()``.
package final class CloudConnections: Sendable {
  /// What needs a pool of its own.
  private struct Route: Hashable {
    var trust: Trust?
    var proxy: Proxy?
  }

  private struct State {
    var clients: [Route: HTTPClient] = [:]
    /// What goes on although nobody waits for it any more.
    var farewells: [Int: Task<Void, Never>] = [:]
    var count = 0
  }

  private let state = Mutex(State())
  private let proxies: ProxySettings

  /// Seconds that a connection may take to come about.
  static let connectPatience: Int64 = 10
  /// Seconds in which at least something must come or go.
  static let idlePatience: Int64 = 60

  /// - Parameter environment: where `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are looked for.
  package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    proxies = ProxySettings(environment)
  }

  /// The pool for an address.
  /// - Parameter caFile: the only authorities that are trusted; nil for those of the system.
  /// - Throws: ``ExportError`` when the file cannot be used.
  func client(for url: URL, caFile: String?) throws(ExportError) -> HTTPClient {
    let route = Route(trust: try caFile.map(Trust.init), proxy: try proxies.proxy(for: url))
    return state.withLock { state in
      if let client = state.clients[route] { return client }
      let client = HTTPClient(
        eventLoopGroupProvider: .singleton, configuration: Self.configuration(route))
      state.clients[route] = client
      return client
    }
  }

  private static func configuration(_ route: Route) -> HTTPClient.Configuration {
    var tls = TLSConfiguration.makeClientConfiguration()
    if let trust = route.trust { tls.trustRoots = .certificates(trust.certificates) }
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(connectPatience), read: .seconds(idlePatience)),
      connectionPool: .init(idleTimeout: .seconds(30), concurrentHTTP1ConnectionsPerHostSoftLimit: 64),
      proxy: route.proxy?.setting, ignoreUncleanSSLShutdown: false, decompression: .disabled)
    configuration.httpVersion = .http1Only
    // Tried again with growing pauses by whoever knows what the request was for.
    configuration.connectionPool.retryConnectionEstablishment = false
    return configuration
  }

  /// Has something done to its end although whoever asked for it may be cancelled meanwhile, in which case this throws at
  /// once.
  /// - Parameter abandoned: takes what came of it when nobody waits any more.
  func unbroken<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result,
    abandoned: @escaping @Sendable (Result) async -> Void
  ) async throws -> Result {
    let answer = Answer<Result>()
    start {
      do {
        let result = try await body()
        if !answer.give(.success(result)) { await abandoned(result) }
      } catch {
        _ = answer.give(.failure(error))
      }
    }
    return try await answer.wait()
  }

  /// The same for the end of what did not come about. Returns when it is done; of a cancelled caller, soon.
  func farewell(_ body: @escaping @Sendable () async -> Void) async {
    let task = start(body)
    guard Task.isCancelled else { return await task.value }
    await Self.wait(for: [task], atMost: Self.farewellPatience)
  }

  /// How long a cancelled caller waits for the end of what it began.
  private static let farewellPatience = Duration.milliseconds(500)

  @discardableResult
  private func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    state.withLock { state in
      let number = state.count
      state.count += 1
      let task = Task { [self] in
        await body()
        self.state.withLock { $0.farewells[number] = nil }
      }
      state.farewells[number] = task
      return task
    }
  }

  /// Ends what is open. Uploads that are just being aborted get some seconds more.
  package func shutDown() async {
    let tasks = state.withLock { Array($0.farewells.values) }
    if !tasks.isEmpty { await Self.wait(for: tasks, atMost: .seconds(5)) }
    let clients = state.withLock { state in
      defer { state.clients = [:] }
      return Array(state.clients.values)
    }
    for client in clients { try? await client.shutdown() }
  }

  private static func wait(for tasks: [Task<Void, Never>], atMost patience: Duration) async {
    let (ends, end) = AsyncStream<Void>.makeStream()
    // None of these is a child of the caller, who may be cancelled already.
    let waiting = Task {
      for task in tasks { await task.value }
      end.finish()
    }
    let clock = Task {
      try? await Task.sleep(for: patience)
      end.finish()
    }
    await Task { for await _ in ends {} }.value
    waiting.cancel()
    clock.cancel()
  }
}

/// What one task gives another that may stop waiting.
private final class Answer<Value: Sendable>: Sendable {
  private enum State {
    case open
    case awaited(CheckedContinuation<Value, any Error>)
    case given(Result<Value, any Error>)
    case abandoned
  }

  private let state = Mutex(State.open)

  /// - Returns: whether somebody waits for it, or will.
  func give(_ result: Result<Value, any Error>) -> Bool {
    let (waiter, isWanted) = state.withLock { state -> (CheckedContinuation<Value, any Error>?, Bool) in
      switch state {
      case .open:
        state = .given(result)
        return (nil, true)
      case .awaited(let waiter):
        state = .abandoned
        return (waiter, true)
      case .given, .abandoned: return (nil, false)
      }
    }
    waiter?.resume(with: result)
    return isWanted
  }

  /// - Throws: `CancellationError` as soon as the caller is cancelled, or what was given.
  func wait() async throws -> Value {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        let result = state.withLock { state -> Result<Value, any Error>? in
          switch state {
          case .open:
            state = .awaited(waiter)
            return nil
          case .given(let result): return result
          case .awaited, .abandoned: return .failure(CancellationError())
          }
        }
        if let result { waiter.resume(with: result) }
      }
    } onCancel: {
      let waiter = state.withLock { state -> CheckedContinuation<Value, any Error>? in
        switch state {
        case .open: state = .abandoned
        case .awaited(let waiter):
          state = .abandoned
          return waiter
        // Taken in a moment: the caller sees to what came of it.
        case .given, .abandoned: break
        }
        return nil
      }
      waiter?.resume(throwing: CancellationError())
    }
  }
}

/// Authorities that a configuration trusts in place of the system's, as their file was when it was read.
private struct Trust: Hashable {
  let path: String
  let changedAt: Date?
  let certificates: [NIOSSLCertificate]

  init(_ path: String) throws(ExportError) {
    self.path = path
    changedAt = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    do {
      certificates = try NIOSSLCertificate.fromPEMFile(path)
    } catch {
      throw ExportError(
        .configuration, .lasting, object: "caFile \(path)",
        problem: changedAt == nil ? "cannot be read" : "holds no certificates in PEM",
        hint: "check that it is there and that the user of exportd may read it")
    }
  }

  static func == (a: Trust, b: Trust) -> Bool { a.path == b.path && a.changedAt == b.changedAt }

  func hash(into hasher: inout Hasher) {
    hasher.combine(path)
    hasher.combine(changedAt)
  }
}
