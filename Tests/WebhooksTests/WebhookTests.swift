import ExportCore
import Glibc
import Testing
import Webhooks

/// What is said when nobody takes a notice. Answers of real servers are tested from outside, with the whole daemon.
@Suite struct WebhookTests {
  /// A port of this machine where the kernel takes connections and nobody ever answers.
  private struct SilentPort: ~Copyable {
    private let descriptor: Int32
    let number: UInt16

    init() throws {
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let descriptor = descriptor
      let isListening = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
            && getsockname(descriptor, $0, &length) == 0
        }
      }
      try #require(isListening)
      number = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
  }

  private func failure(_ address: String, patience: Int64 = 10) async throws -> ExportError {
    let webhook = try Webhook(address, configured: "onFailure.webhook", patience: patience)
    let error = await #expect(throws: ExportError.self) {
      try await webhook.post(Array("{}".utf8), userAgent: "test")
    }
    return try #require(error)
  }

  @Test func anAnswerThatDoesNotComeIsWaitedForOnlySoLong() async throws {
    let port = try SilentPort()
    let error = try await failure("http://127.0.0.1:\(port.number)/T0KEN?key=T0KEN", patience: 1)
    #expect(error.object == "onFailure.webhook http://127.0.0.1:\(port.number)")
    #expect(error.problem == "did not answer within 1 s")
    #expect(!error.description.contains("T0KEN"))
  }

  @Test func aClosedPortIsNamed() async throws {
    // Bound once and closed again: nobody listens there now.
    let number = try SilentPort().number
    let error = try await failure("http://user:T0KEN@127.0.0.1:\(number)/T0KEN")
    #expect(error.problem == "cannot be reached (Connection refused)")
    #expect(error.object == "onFailure.webhook http://127.0.0.1:\(number)")
    #expect(!error.description.contains("T0KEN"))
  }

  @Test func aHostThatDoesNotExistIsNamed() async throws {
    // RFC 6761: never resolved.
    let error = try await failure("https://hooks.invalid/T0KEN")
    #expect(error.problem == "has no address: its host is not known")
    #expect(!error.description.contains("T0KEN"))
  }

  @Test(arguments: [
    "hooks.example.com/T0KEN", "ftp://example.com/T0KEN", "https:///T0KEN", "", "https://a b/T0KEN",
  ])
  func whatIsNoAddressIsNeverCalled(text: String) throws {
    let error = #expect(throws: ExportError.self) { try Webhook(text, configured: "onFailure.webhook") }
    #expect(error?.problem == "is not an http:// or https:// address")
    #expect(error?.description.contains("T0KEN") == false)
  }
}
