import Crypto
package import ExportCore
import Foundation
import Glibc
import NIOCore
import NIOHTTP1

/// A bucket of Google Cloud Storage, by its JSON API. An object is visible with all of its content or not at all, as Cloud
/// Storage itself has it ("Consistency" in its documentation).
package struct GCSBucket: Destination {
  let client: GCSClient
  let connections: CloudConnections
  let layout: GCSLayout
  let begun = BegunUploads<GCSSession>()
  let storageClass: String?
  private let staging: StagingDirectory
  private let prefix: String

  /// Nothing is called before it is asked for.
  /// - Parameters:
  ///   - name: of the destination, for messages.
  ///   - serviceAccountKey: gives the JSON of the key that is configured, read anew each time; nil when there is none.
  ///   - stagingDirectory: absolute; made by whoever stages files in it.
  ///   - environment: where `GOOGLE_APPLICATION_CREDENTIALS` and `GCE_METADATA_HOST` are looked for.
  /// - Throws: ``ExportError`` for what cannot be an address.
  package init(
    _ configuration: GCSConfiguration, name: String, stagingDirectory: String, connections: CloudConnections,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    serviceAccountKey: (@Sendable () throws(ExportError) -> String)?
  ) throws(ExportError) {
    try self.init(
      configuration, name: name, stagingDirectory: stagingDirectory, connections: connections,
      layout: GCSLayout(), retries: Retries(), environment: environment, serviceAccountKey: serviceAccountKey)
  }

  init(
    _ configuration: GCSConfiguration, name: String, stagingDirectory: String, connections: CloudConnections,
    layout: GCSLayout, retries: Retries, environment: [String: String],
    serviceAccountKey: (@Sendable () throws(ExportError) -> String)?
  ) throws(ExportError) {
    let address = try GCSAddress(configuration)
    let search = GoogleCredentialSearch(
      object: "destination \(name)", serviceAccountKey: serviceAccountKey, environment: environment,
      isEmulator: address.isLoopback)
    client = GCSClient(
      address, CloudClient(connections, configuration.cloud), retries: retries,
      tokens: GoogleTokens(search, CredentialClient(connections, caFile: configuration.cloud.caFile)))
    self.connections = connections
    self.layout = layout
    storageClass = configuration.storageClass
    staging = StagingDirectory(path: stagingDirectory)
    prefix = String(configuration.prefix.prefix { $0 != "{" })
  }

  package var stagingDirectory: String? { staging.path }

  package func deliver(_ file: StagedFile, as name: String) async throws {
    try Task.checkCancellation()
    let key = try Self.key(name)
    let opened = try OpenedFile(file)
    let content = try await GCSContent(opened, sha256: file.sha256)
    try await reporting { try await store(content, as: key) }
    unlink(file.path)
  }

  package func put(_ bytes: [UInt8], as name: String) async throws {
    try Task.checkCancellation()
    let key = try Self.key(name)
    try await reporting { try await store(GCSContent(bytes), as: key) }
  }

  /// How often it is looked again what is there, before whoever else writes it is left alone.
  private static let mostLooks = 5

  /// Each request holds only for the generation that was there before ("Request preconditions"): one that is sent twice, or
  /// arrives late, changes nothing more. Where it does not hold, the content may be there already: an answer was lost.
  private func store(_ content: GCSContent, as key: String) async throws {
    var generation = "0"
    var looks = 0
    while true {
      do {
        let stored =
          if case .file(let file) = content.source, content.bytes > layout.largestSingle {
            try await GCSUpload(self, file, content, key: key, generation: generation).run()
          } else {
            try await insert(content, as: key, generation: generation)
          }
        return try await check(stored, content, key)
      } catch let failure as GCSFailure where failure.status == 412 {
        looks += 1
        guard looks < Self.mostLooks else { throw failure }
        let there = try await object(key)
        if let there, content.isStored(as: there), there.metadata?[GCSContent.digestName] == content.sha256 {
          return
        }
        generation = there?.generation ?? "0"
      }
    }
  }

  /// Metadata and content in one request ("Upload an object with a multipart request").
  private func insert(
    _ content: GCSContent, as key: String, generation: String
  ) async throws -> GCSObject {
    var call = GCSCall(method: .POST, target: .uploads, key: key, permission: "storage.objects.create")
    call.query = ["uploadType": "multipart", "ifGenerationMatch": generation]
    let boundary = "exportd-\(UUID().uuidString)"
    call.headers["Content-Type"] = "multipart/related; boundary=\(boundary)"
    let resource = try content.resource(key: key, storageClass: storageClass)
    let head =
      Array("--\(boundary)\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n".utf8) + resource
      + Array("\r\n--\(boundary)\r\nContent-Type: \(GCSContent.contentType)\r\n\r\n".utf8)
    let tail = Array("\r\n--\(boundary)--\r\n".utf8)
    switch content.source {
    case .bytes(let bytes): call.body = .bytes(head + bytes + tail)
    case .file(let file):
      call.body = .framed(head, StagedPart(file: file, offset: 0, bytes: content.bytes), tail)
    }
    return try await client.document(call, as: GCSObject.self)
  }

  /// What is stored is held against what was sent; something else is deleted, and nothing but it.
  private func check(_ stored: GCSObject, _ content: GCSContent, _ key: String) async throws {
    guard !content.isStored(as: stored) else { return }
    await connections.farewell { try? await remove(key, generation: stored.generation) }
    throw ExportError(
      .destination, .passing, object: "gs://\(client.address.bucket)/\(key)",
      problem: "Cloud Storage has stored something else than was sent; it was deleted")
  }

  /// What is known of an object; nil when it is not there.
  private func object(_ key: String) async throws -> GCSObject? {
    try await unlessMissing {
      try await client.document(
        GCSCall(method: .GET, target: .object, key: key, permission: "storage.objects.get"),
        as: GCSObject.self)
    }
  }

  package func delete(_ name: String) async throws {
    try Task.checkCancellation()
    let key = try Self.key(name)
    try await reporting {
      // Where ending an upload failed, it is ended when its name is deleted, however often that takes.
      for session in begun.uploads(where: { $0.key == key }) { try await cancel(session) }
      try await remove(key)
    }
  }

  /// - Parameter generation: the only one that is meant; nil for whatever is there.
  private func remove(_ key: String, generation: String? = nil) async throws {
    var call = GCSCall(method: .DELETE, target: .object, key: key, permission: "storage.objects.delete")
    call.query = ["ifGenerationMatch": generation].compactMapValues { $0 }
    _ = try await unlessMissing { try await client.perform(call) { _ = try await $0.document() } }
  }

  private struct Page: Decodable {
    var items: [GCSObject]?
    var nextPageToken: String?
  }

  package func list(prefix: String, stem: String) async throws -> [StoredObject] {
    let levels = prefix.split(separator: "/").map(String.init)
    if !levels.isEmpty { _ = try ObjectName(levels.joined(separator: "/")) }
    var objects: [StoredObject] = []
    var token: String?
    repeat {
      var call = GCSCall(method: .GET, target: .objects, permission: "storage.objects.list")
      call.query = [
        "prefix": levels.map { $0 + "/" }.joined(), "fields": "items(name,size),nextPageToken",
        "pageToken": token,
      ].compactMapValues { $0 }
      let ready = call
      let page = try await reporting { try await client.document(ready, as: Page.self) }
      objects += (page.items ?? []).compactMap { entry in
        guard let bytes = entry.size.flatMap({ Int($0) }), Self.last(of: entry.name).hasPrefix(stem) else {
          return nil
        }
        return StoredObject(name: entry.name, bytes: bytes)
      }
      token = page.nextPageToken
    } while token != nil
    return objects
  }

  package func digest(_ name: String) async throws -> (bytes: Int, sha256: String)? {
    let key = try Self.key(name)
    return try await reporting {
      try await unlessMissing {
        try await client.perform(content(of: key)) { answer in
          var (digest, bytes) = (SHA256(), 0)
          try await answer.forEachPiece { piece in
            piece.withUnsafeReadableBytes { digest.update(bufferPointer: $0) }
            bytes += piece.readableBytes
          }
          return (bytes, digest.finalize().hexadecimal)
        }
      }
    }
  }

  package func contents(_ name: String, limit: Int) async throws -> [UInt8]? {
    let call = content(of: try Self.key(name))
    return try await reporting {
      try await unlessMissing {
        try await client.perform(call) { answer in
          var bytes: [UInt8] = []
          try await answer.forEachPiece { piece in
            bytes += piece.readableBytesView
            guard bytes.count <= limit else {
              throw ExportError(
                .destination, .lasting, object: call.object(in: client.address),
                problem: "is larger than \(limit) bytes")
            }
          }
          return bytes
        }
      }
    }
  }

  private func content(of key: String) -> GCSCall {
    var call = GCSCall(method: .GET, target: .object, key: key, permission: "storage.objects.get")
    call.query = ["alt": "media"]
    return call
  }

  /// Removes files that were staged for it. Resumable uploads that a crash left cannot be listed: they are never visible, cost
  /// nothing, and end by themselves after a week ("Resumable uploads").
  package func removeLeftovers(stem: String) async throws { try staging.removeLeftovers(stem: stem) }

  package func probe() async throws {
    let directory = prefix[..<(prefix.lastIndex(of: "/").map(prefix.index(after:)) ?? prefix.startIndex)]
    let name = "\(directory)exportd-probe"
    let bytes = Array("exportd checks that it can write here.\n".utf8)
    try await put(bytes, as: name)
    let found = try await contents(name, limit: 4096)
    // What `verify` needs besides.
    _ = try await list(prefix: name, stem: "exportd-probe")
    try await delete(name)
    guard found == bytes else {
      throw ExportError(
        .destination, .lasting, object: "gs://\(client.address.bucket)/\(name)",
        problem: "what was written was not read back", hint: "check what answers at the endpoint")
    }
  }

  // MARK: Names

  /// The most bytes of a name ("Objects" in "About Cloud Storage objects").
  private static let keyLimit = 1024

  private static func key(_ name: String) throws(ExportError) -> String {
    let key = try ObjectName(name).text
    func refused(_ problem: String, _ hint: String) -> ExportError {
      ExportError(.destination, .lasting, object: key, problem: problem, hint: hint)
    }
    guard key.utf8.count <= keyLimit else {
      throw refused(
        "is longer than the \(keyLimit) bytes that Cloud Storage allows", "shorten the destination's prefix")
    }
    guard !key.utf8.contains(where: { $0 == 10 || $0 == 13 }) else {
      throw refused(
        "contains a line break, which Cloud Storage does not allow", "change the destination's prefix")
    }
    guard !key.hasPrefix(".well-known/acme-challenge/") else {
      throw refused("is a name that Cloud Storage does not allow", "change the destination's prefix")
    }
    return key
  }

  static func last(of key: String) -> Substring {
    key[(key.lastIndex(of: "/").map(key.index(after:)) ?? key.startIndex)...]
  }

  // MARK: Errors

  /// What a caller gets to know of a failure.
  private func reporting<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let failure as GCSFailure {
      throw failure.error
    }
  }

  private func unlessMissing<Result>(_ body: () async throws -> Result) async throws -> Result? {
    do {
      return try await body()
    } catch let failure as GCSFailure where failure.isAboutMissingObject {
      return nil
    }
  }
}
