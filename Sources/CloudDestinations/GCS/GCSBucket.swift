package import ExportCore
import Foundation
import NIOHTTP1

extension CloudDestination {
  /// A bucket of Google Cloud Storage. Nothing is called before it is asked for.
  /// - Parameters:
  ///   - name: of the destination, for messages.
  ///   - serviceAccountKey: gives the JSON of the key that is configured, read anew each time; nil when there is none.
  ///   - stagingDirectory: absolute; made by whoever stages files in it.
  ///   - environment: where `GOOGLE_APPLICATION_CREDENTIALS` and `GCE_METADATA_HOST` are looked for.
  /// - Throws: ``ExportError`` for what cannot be an address.
  package static func gcs(
    _ configuration: GCSConfiguration, name: String, stagingDirectory: String, connections: CloudConnections,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    serviceAccountKey: (@Sendable () throws(ExportError) -> String)?
  ) throws(ExportError) -> CloudDestination {
    try gcs(
      configuration, name: name, stagingDirectory: stagingDirectory, connections: connections,
      layout: GCSLayout(), retries: Retries(), environment: environment, serviceAccountKey: serviceAccountKey)
  }

  static func gcs(
    _ configuration: GCSConfiguration, name: String, stagingDirectory: String, connections: CloudConnections,
    layout: GCSLayout, retries: Retries, environment: [String: String],
    serviceAccountKey: (@Sendable () throws(ExportError) -> String)?
  ) throws(ExportError) -> CloudDestination {
    let address = try GCSAddress(configuration)
    let search = GoogleCredentialSearch(
      object: "destination \(name)", serviceAccountKey: serviceAccountKey, environment: environment,
      isEmulator: address.isLoopback)
    let client = GCSClient(
      address, CloudClient(connections, configuration.cloud), retries: retries,
      tokens: search.tokens(CredentialClient(connections, caFile: configuration.cloud.caFile)))
    let bucket = GCSBucket(
      client: client, connections: connections, layout: layout, storageClass: configuration.storageClass)
    return CloudDestination(bucket, prefix: configuration.prefix, stagingDirectory: stagingDirectory)
  }
}

/// The objects of a bucket, by the JSON API of Cloud Storage ("Consistency" in its documentation says what is seen when).
struct GCSBucket: ObjectStore {
  let client: GCSClient
  let connections: CloudConnections
  let layout: GCSLayout
  let storageClass: String?
  let begun = BegunUploads<GCSSession>()

  var location: String { "gs://\(client.address.bucket)" }

  /// The most bytes of a name ("Objects" in "About Cloud Storage objects").
  private static let nameLimit = 1024

  func check(_ name: String) throws(ExportError) {
    try check(name, atMost: Self.nameLimit, in: "Cloud Storage")
    let problem: String
    if name.utf8.contains(where: { $0 == 10 || $0 == 13 }) {
      problem = "contains a line break, which Cloud Storage does not allow"
    } else if name.hasPrefix(".well-known/acme-challenge/") {
      problem = "is a name that Cloud Storage does not allow"
    } else {
      return
    }
    throw ExportError(
      .destination, .lasting, object: name, problem: problem, hint: "change the destination's prefix")
  }

  func store(_ file: OpenedFile, sha256: String, as name: String) async throws {
    try await store(try await GCSContent(file, sha256: sha256), as: name)
  }

  func store(_ bytes: [UInt8], as name: String) async throws { try await store(GCSContent(bytes), as: name) }

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
      .destination, .passing, object: "\(location)/\(key)",
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

  func remove(_ name: String) async throws {
    // Where ending an upload failed, it is ended when its name is deleted, however often that takes.
    for session in begun.uploads(where: { $0.key == name }) { try await cancel(session) }
    try await remove(name, generation: nil)
  }

  /// - Parameter generation: the only one that is meant; nil for whatever is there.
  private func remove(_ key: String, generation: String?) async throws {
    var call = GCSCall(method: .DELETE, target: .object, key: key, permission: "storage.objects.delete")
    call.query = ["ifGenerationMatch": generation].compactMapValues { $0 }
    _ = try await unlessMissing { try await client.perform(call) { _ = try await $0.document() } }
  }

  private struct Page: Decodable {
    var items: [GCSObject]?
    var nextPageToken: String?
  }

  func list(prefix: String, _ take: (StoredObject) -> Void) async throws {
    var token: String?
    repeat {
      var call = GCSCall(method: .GET, target: .objects, permission: "storage.objects.list")
      call.query = [
        "prefix": prefix, "fields": "items(name,size),nextPageToken", "pageToken": token,
      ].compactMapValues { $0 }
      let page = try await client.document(call, as: Page.self)
      for entry in page.items ?? [] {
        if let bytes = entry.size.flatMap({ Int($0) }) { take(StoredObject(name: entry.name, bytes: bytes)) }
      }
      token = page.nextPageToken
    } while token != nil
  }

  func read<Result>(_ name: String, _ take: (CloudAnswer) async throws -> Result) async throws -> Result? {
    var call = GCSCall(method: .GET, target: .object, key: name, permission: "storage.objects.get")
    call.query = ["alt": "media"]
    return try await unlessMissing { try await client.perform(call, take) }
  }

  /// Resumable uploads that a crash left cannot be listed: they are never visible, cost nothing, and end by themselves after a week
  /// ("Resumable uploads").
  func endUploads(prefix: String, of isMeant: (_ name: String) -> Bool) async throws {}

  private func unlessMissing<Result>(_ body: () async throws -> Result) async throws -> Result? {
    do {
      return try await body()
    } catch let failure as GCSFailure where failure.isAboutMissingObject {
      return nil
    }
  }
}
