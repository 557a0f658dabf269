import Crypto
import ExportCore
import Foundation
import NIOHTTP1

/// How blobs are sent.
struct AzureLayout: Sendable {
  /// Larger files go in blocks.
  var largestSingle = 16 << 20
  /// Blocks are of this size, or as large as it takes to need no more than ``mostBlocks``.
  var block = 8 << 20
  /// Blocks of one file that are on their way at the same time.
  var blocksUnderWay = 4

  /// "Scalability and performance targets for Blob storage".
  private static let mostBlocks = 50_000

  /// The size of all blocks but the last one.
  func blockSize(of bytes: Int) -> Int { Parts.size(of: bytes, wished: block, most: Self.mostBlocks) }
}

/// Sends one file in blocks, some of them at the same time, each with its checksum and each tried again by itself; a list then makes
/// the blob of them ("Put Block" and "Put Block List").
struct AzureUpload: Sendable {
  private let container: AzureContainer
  private let file: OpenedFile
  private let sha256: String
  private let name: String
  /// Of this upload alone, so that a block which arrives late from another one is part of nothing.
  private let upload = UUID()

  /// - Parameter sha256: what the file had when it was written, lower-case hexadecimal.
  init(_ container: AzureContainer, _ file: OpenedFile, sha256: String, name: String) {
    self.container = container
    self.file = file
    self.sha256 = sha256
    self.name = name
  }

  /// - Throws: ``AzureFailure``, ``ExportError`` or `CancellationError`; the blocks are then discarded.
  func run() async throws {
    // Blocks beside a blob could not be taken back.
    let there = try await container.blob(name)
    if let there, there.bytes == file.bytes, there.sha256 == sha256 { return }
    container.begun.begin(name)
    do {
      // While blocks are on their way: what is not the file that was written is not committed.
      async let content = AzureContent(file, sha256: sha256)
      let blocks = try await file.sendInParts(
        of: container.layout.blockSize(of: file.bytes), atOnce: container.layout.blocksUnderWay, send)
      try await commit(blocks, of: content, over: there)
      container.begun.end(name)
    } catch {
      await container.connections.farewell { try? await container.discardUpload(of: name) }
      throw error
    }
  }

  /// All ids of a blob must have the same length.
  private func id(of index: Int) -> String {
    let number = withUnsafeBytes(of: UInt32(index).bigEndian) { Array($0) }
    return Data(withUnsafeBytes(of: upload.uuid) { Array($0) } + number).base64EncodedString()
  }

  /// - Returns: the block's id.
  private func send(_ block: StagedPart, _ index: Int) async throws -> String {
    let id = id(of: index)
    let md5 = try await block.md5()
    var call = AzureCall(method: .PUT, blob: name, body: .part(block), permission: .write)
    call.query = ["comp": "block", "blockid": id]
    call.headers["Content-MD5"] = md5
    let ready = call
    return try await container.client.perform(ready) { answer in
      _ = try await answer.document()
      guard answer.headers.first(name: "Content-MD5").map({ $0 == md5 }) ?? true else {
        throw AzureFailure(
          unexpected: "Blob Storage has stored something else than block \(index + 1)", ready,
          container.client.address)
      }
      return id
    }
  }

  /// The newest block of each id: once the list has been taken, that is the one that the blob has, so that it can be sent again.
  private func commit(
    _ blocks: [String], of content: AzureContent, over there: AzureBlob?
  ) async throws {
    try Task.checkCancellation()
    let list = blocks.map { "<Latest>\($0)</Latest>" }.joined()
    let document = Array("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>\(list)</BlockList>".utf8)
    var call = AzureCall(method: .PUT, blob: name, body: .bytes(document), permission: .write)
    call.query = ["comp": "blocklist"]
    call.headers = content.headers(accessTier: container.accessTier)
    call.headers["Content-MD5"] = Data(Insecure.MD5.hash(data: document)).base64EncodedString()
    try await container.writing(content, as: name, over: there, call) { _ = try await $0.document() }
  }
}

extension StagedPart {
  /// Reads it once to know what `Content-MD5` says of it.
  fileprivate func md5() async throws -> String {
    Data(try await digest(by: Insecure.MD5.self)).base64EncodedString()
  }
}
