package import ExportCore
import Foundation
import NIOHTTP1

extension CloudDestination {
  /// A container of Azure Blob Storage. Nothing is called before it is asked for.
  /// - Parameters:
  ///   - name: of the destination, for messages.
  ///   - stagingDirectory: absolute; made by whoever stages files in it.
  ///   - environment: where the variables of Azure's own libraries are looked for (`AZURE_CLIENT_ID`, `AZURE_AUTHORITY_HOST`, …).
  ///   - entry: gives what is configured, read anew each time.
  /// - Throws: ``ExportError`` for what cannot be an address.
  package static func azure(
    _ configuration: AzureConfiguration, name: String, stagingDirectory: String,
    connections: CloudConnections,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    entry: @escaping @Sendable () throws(ExportError) -> AzureEntry
  ) throws(ExportError) -> CloudDestination {
    try azure(
      configuration, name: name, stagingDirectory: stagingDirectory, connections: connections,
      layout: AzureLayout(), retries: Retries(), environment: environment, entry: entry)
  }

  static func azure(
    _ configuration: AzureConfiguration, name: String, stagingDirectory: String,
    connections: CloudConnections,
    layout: AzureLayout, retries: Retries, environment: [String: String],
    entry: @escaping @Sendable () throws(ExportError) -> AzureEntry
  ) throws(ExportError) -> CloudDestination {
    let search = AzureIdentitySearch(object: "destination \(name)", environment: environment, entry: entry)
    let client = AzureClient(
      try AzureAddress(configuration), CloudClient(connections, configuration.cloud), retries: retries,
      search,
      asking: CredentialClient(connections, caFile: configuration.cloud.caFile))
    let container = AzureContainer(
      client: client, connections: connections, layout: layout, accessTier: configuration.accessTier)
    return CloudDestination(container, prefix: configuration.prefix, stagingDirectory: stagingDirectory)
  }
}

/// The block blobs of a container (Blob service REST API).
struct AzureContainer: ObjectStore {
  let client: AzureClient
  let connections: CloudConnections
  let layout: AzureLayout
  let accessTier: String?
  /// Names of blobs that have blocks which are part of nothing yet.
  let begun = BegunUploads<String>()

  var location: String { client.address.location }

  /// The most bytes of a name; the service counts characters ("Blob names").
  private static let nameLimit = 1024

  func check(_ name: String) throws(ExportError) {
    try check(name, atMost: Self.nameLimit, in: "Azure")
    guard name.split(separator: "/").contains(where: { $0.hasSuffix(".") }) || name.contains("\\") else {
      return
    }
    throw ExportError(
      .destination, .lasting, object: name,
      problem: "has a '\\' or a level that ends with '.', which Azure takes for something else",
      hint: "change the destination's prefix")
  }

  func store(_ file: OpenedFile, sha256: String, as name: String) async throws {
    if file.bytes > layout.largestSingle {
      try await AzureUpload(self, file, sha256: sha256, name: name).run()
    } else {
      try await put(try await AzureContent(file, sha256: sha256), as: name)
    }
  }

  func store(_ bytes: [UInt8], as name: String) async throws {
    try await put(AzureContent(bytes), as: name)
  }

  /// Put Blob. What arrives is held against `Content-MD5` by the service, and what it says to have stored against that once more.
  private func put(_ content: AzureContent, as name: String) async throws {
    var call = AzureCall(method: .PUT, blob: name, body: content.body, permission: .write)
    call.headers = content.headers(accessTier: accessTier)
    call.headers["x-ms-blob-type"] = "BlockBlob"
    call.headers["Content-MD5"] = content.md5
    try await writing(content, as: name, call) { answer in
      guard let stored = answer.headers.first(name: "Content-MD5"), stored != content.md5 else { return }
      if let etag = answer.headers.first(name: "ETag") {
        await connections.farewell { try? await delete(name, etag: etag) }
      }
      throw ExportError(
        .destination, .passing, object: call.object(in: client.address),
        problem: "Blob Storage has stored something else than was sent; it was deleted")
    }
  }

  /// How often it is looked again what is there, before whoever else writes it is left alone.
  private static let mostLooks = 5

  /// Makes a blob. The request holds only for what was there before ("Specifying conditional headers for Blob service operations"):
  /// one that is sent twice, or arrives late, changes nothing more. Where it does not hold, the content may be there already: an answer
  /// was lost.
  /// - Parameter there: what was there when it was last looked.
  func writing(
    _ content: AzureContent, as name: String, over there: AzureBlob? = nil, _ call: AzureCall,
    _ read: (CloudAnswer) async throws -> Void
  ) async throws {
    var condition = Self.condition(there)
    var looks = 0
    while true {
      var call = call
      call.headers.merge(condition) { $1 }
      do {
        return try await client.perform(call, read)
      } catch let failure as AzureFailure where failure.isAboutCondition {
        looks += 1
        guard looks < Self.mostLooks else { throw failure }
        let there = try await blob(name)
        if let there, content.isStored(as: there) { return }
        condition = Self.condition(there)
      }
    }
  }

  /// That nothing has changed since.
  private static func condition(_ blob: AzureBlob?) -> [String: String] {
    blob.map { ["If-Match": $0.etag] } ?? ["If-None-Match": "*"]
  }

  /// Get Blob Properties; nil when there is none, or only blocks of one.
  func blob(_ name: String) async throws -> AzureBlob? {
    try await unlessMissing {
      let call = AzureCall(method: .HEAD, blob: name, permission: .read)
      return try await client.perform(call) { answer in
        _ = try await answer.document()
        let headers = answer.headers
        guard let etag = headers.first(name: "ETag"),
          let bytes = headers.first(name: "Content-Length").flatMap({ Int($0) })
        else {
          throw AzureFailure(unexpected: "a blob was described without its size", call, client.address)
        }
        return AzureBlob(
          bytes: bytes, etag: etag, md5: headers.first(name: "Content-MD5"),
          sha256: headers.first(name: AzureContent.digestHeader))
      }
    }
  }

  func remove(_ name: String) async throws {
    try await delete(name, etag: nil)
    // Where ending an upload failed, it is ended when its name is deleted, however often that takes.
    for upload in begun.uploads(where: { $0 == name }) { try await discardBlocks(of: upload) }
  }

  /// Delete Blob.
  /// - Parameter etag: of the only content that is meant; nil for whatever is there.
  private func delete(_ name: String, etag: String?) async throws {
    var call = AzureCall(method: .DELETE, blob: name, permission: .delete)
    call.headers = ["If-Match": etag].compactMapValues { $0 }
    call.headers["x-ms-delete-snapshots"] = "include"
    _ = try await unlessMissing { try await client.perform(call) { _ = try await $0.document() } }
  }

  /// Forgets blocks that are part of nothing. The service has no request for that but to make a blob of something else, which then
  /// is deleted: for a moment an empty one is there. Beside a blob that is there they end by themselves after a week ("Put
  /// Block").
  /// - Returns: whether they could be, since no blob is there.
  @discardableResult
  func discardBlocks(of name: String) async throws -> Bool {
    var call = AzureCall(method: .PUT, blob: name, body: .bytes([]), permission: .write)
    call.headers = ["x-ms-blob-type": "BlockBlob", "If-None-Match": "*"]
    do {
      let etag = try await client.perform(call) { answer in
        _ = try await answer.document()
        return answer.headers.first(name: "ETag")
      }
      try await delete(name, etag: etag)
      begun.end(name)
      return true
    } catch let failure as AzureFailure where failure.isAboutCondition {
      // Its answer may have been the one that was lost.
      let there = try await blob(name)
      let isOurs = there.map { $0.bytes == 0 && $0.sha256 == nil } ?? true
      guard isOurs else { return false }
      try await delete(name, etag: there?.etag)
      begun.end(name)
      return true
    }
  }

  /// Ends an upload that does not come about. A block whose sending was broken off may arrive all the same, behind the others: it is
  /// looked for until there is none.
  func discardUpload(of name: String) async throws {
    for _ in 0..<Self.mostLooks {
      guard try await discardBlocks(of: name) else { return }
      try await Task.sleep(for: Self.lateness)
      guard try await hasBlocks(name) else { return }
    }
  }

  /// How long what was broken off may take to arrive.
  private static let lateness = Duration.milliseconds(300)

  /// Get Block List: whether there are blocks that are part of nothing.
  private func hasBlocks(_ name: String) async throws -> Bool {
    var call = AzureCall(method: .GET, blob: name, permission: .read)
    call.query = ["comp": "blocklist", "blocklisttype": "uncommitted"]
    let list = try await unlessMissing { try await client.document(call, named: "BlockList") }
    return list?["UncommittedBlocks"]?.children.isEmpty == false
  }

  /// List Blobs.
  func list(prefix: String, _ take: (StoredObject) -> Void) async throws {
    try await list(prefix: prefix, including: nil, take)
  }

  private func list(prefix: String, including: String?, _ take: (StoredObject) -> Void) async throws {
    var marker: String?
    repeat {
      var call = AzureCall(method: .GET, permission: .list)
      call.query = [
        "restype": "container", "comp": "list", "prefix": prefix, "include": including, "marker": marker,
      ].compactMapValues { $0 }
      let page = try await client.document(call, named: "EnumerationResults")
      for entry in page["Blobs"]?.all("Blob") ?? [] {
        guard let name = entry["Name"],
          let bytes = (entry["Properties"]?["Content-Length"]?.text).flatMap({ Int($0) })
        else { continue }
        // Encoded where XML has no place for a character.
        let isEncoded = name.attributes["Encoded"] == "true"
        take(
          StoredObject(
            name: isEncoded ? name.text.removingPercentEncoding ?? name.text : name.text, bytes: bytes))
      }
      marker = (page["NextMarker"]?.text).flatMap { $0.isEmpty ? nil : $0 }
    } while marker != nil
  }

  /// Get Blob.
  func read<Result>(_ name: String, _ take: (CloudAnswer) async throws -> Result) async throws -> Result? {
    try await unlessMissing {
      try await client.perform(AzureCall(method: .GET, blob: name, permission: .read), take)
    }
  }

  /// What has blocks only is listed as if it were empty.
  func endUploads(prefix: String, of isMeant: (_ name: String) -> Bool) async throws {
    var empty: [String] = []
    try await list(prefix: prefix, including: "uncommittedblobs") { object in
      if object.bytes == 0, isMeant(object.name) { empty.append(object.name) }
    }
    for name in empty where try await blob(name) == nil { try await discardBlocks(of: name) }
  }

  private func unlessMissing<Result>(_ body: () async throws -> Result) async throws -> Result? {
    do {
      return try await body()
    } catch let failure as AzureFailure where failure.code == "BlobNotFound" {
      return nil
    }
  }
}
