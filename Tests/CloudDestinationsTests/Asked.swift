import ExportCore
import Foundation
import NIOHTTP1

@testable import CloudDestinations

/// What one of our servers answers to an order or a question of a test, which is no request of a cloud.
func asked(_ method: HTTPMethod, _ url: String, _ document: String? = nil) async throws -> [UInt8] {
  let connections = CloudConnections(environment: [:])
  let answer: [UInt8]
  do {
    var headers = HTTPHeaders()
    if document != nil { headers.add(name: "Content-Type", value: "application/json") }
    answer = try await CloudClient(connections, CloudOptions()).send(
      CloudRequest(
        method: method, url: url, headers: headers, body: document.map { .bytes(Array($0.utf8)) } ?? .none)
    ).document()
  } catch {
    await connections.shutDown()
    throw error
  }
  await connections.shutDown()
  return answer
}
