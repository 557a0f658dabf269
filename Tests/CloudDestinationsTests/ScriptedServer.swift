import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on loopback that answers as a test says, for what no real server does when it is asked to.
final class ScriptedServer: Sendable {
  struct Request: Sendable {
    var method: String
    /// With its query.
    var uri: String
    var headers: HTTPHeaders
    var body: [UInt8]
  }

  enum Reply: Sendable {
    case answer(Int, [String: String] = [:], String = "")
    /// The connection ends without an answer.
    case hangUp
    /// Nothing happens any more.
    case silence
  }

  private struct State {
    var requests: [Request] = []
    var channel: (any Channel)?
  }

  private let state = Mutex(State())
  private let reply: @Sendable (Request) -> Reply

  private init(_ reply: @escaping @Sendable (Request) -> Reply) { self.reply = reply }

  /// All so far, in the order of their ends.
  var requests: [Request] { state.withLock { $0.requests } }
  var port: Int { state.withLock { $0.channel?.localAddress?.port } ?? 0 }
  var endpoint: String { "http://127.0.0.1:\(port)" }

  static func answering(
    _ reply: @escaping @Sendable (Request) -> Reply, _ body: (ScriptedServer) async throws -> Void
  ) async throws {
    let server = ScriptedServer(reply)
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(server))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    server.state.withLock { $0.channel = channel }
    do {
      try await body(server)
    } catch {
      try await channel.close()
      throw error
    }
    try await channel.close()
  }

  private func take(_ request: Request) -> Reply {
    state.withLock { $0.requests.append(request) }
    return reply(request)
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: ScriptedServer
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ server: ScriptedServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): (self.head, body) = (head, [])
      case .body(let piece): body += piece.readableBytesView
      case .end:
        guard let head else { return }
        let request = Request(
          method: head.method.rawValue, uri: head.uri, headers: head.headers, body: body)
        switch server.take(request) {
        case .silence: break
        case .hangUp: context.close(promise: nil)
        case .answer(let status, let headers, let text):
          var fields = HTTPHeaders(headers.map { ($0.key, $0.value) })
          if fields["Content-Length"].isEmpty {
            fields.add(name: "Content-Length", value: "\(text.utf8.count)")
          }
          let answer = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: fields)
          context.write(wrapOutboundOut(.head(answer)), promise: nil)
          if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
          }
          context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
      }
    }
  }
}
