import Crypto
package import ExportCore
import Foundation
import NIOHTTP1

extension CloudDestination {
  /// A bucket of Amazon S3, or of a service that speaks its API. Nothing is called before it is asked for.
  /// - Parameters:
  ///   - region: where the configuration names none; another one is found by what the servers answer.
  ///   - stagingDirectory: absolute; made by whoever stages files in it.
  ///   - credentials: asked before each request.
  /// - Throws: ``ExportError`` for what cannot be an address.
  package static func s3(
    _ configuration: S3Configuration, region: String, stagingDirectory: String, connections: CloudConnections,
    credentials: @escaping @Sendable () async throws -> S3Credentials
  ) throws(ExportError) -> CloudDestination {
    try s3(
      configuration, region: region, stagingDirectory: stagingDirectory, connections: connections,
      layout: S3Layout(), retries: Retries(), credentials: credentials)
  }

  static func s3(
    _ configuration: S3Configuration, region: String, stagingDirectory: String, connections: CloudConnections,
    layout: S3Layout, retries: Retries,
    credentials: @escaping @Sendable () async throws -> S3Credentials
  ) throws(ExportError) -> CloudDestination {
    let client = S3Client(
      try S3Address(configuration), region: configuration.region ?? region,
      CloudClient(connections, configuration.cloud), retries: retries, credentials: credentials)
    var layout = layout
    layout.storing = S3Storing(configuration)
    return CloudDestination(
      S3Bucket(client: client, connections: connections, layout: layout), prefix: configuration.prefix,
      stagingDirectory: stagingDirectory)
  }
}

/// The objects of a bucket (Amazon S3 API Reference).
struct S3Bucket: ObjectStore {
  let client: S3Client
  let connections: CloudConnections
  let layout: S3Layout
  let begun = BegunUploads<S3UnfinishedUpload>()

  var location: String { "s3://\(client.address.bucket)" }

  /// The most bytes of a key ("Naming Amazon S3 objects" in the User Guide).
  private static let keyLimit = 1024

  func check(_ name: String) throws(ExportError) { try check(name, atMost: Self.keyLimit, in: "S3") }

  func store(_ file: OpenedFile, sha256: String, as name: String) async throws {
    guard file.bytes <= layout.largestSingle else {
      return try await S3Upload(self, file, key: name, sha256: sha256).run()
    }
    let part = StagedPart(file: file, offset: 0, bytes: file.bytes)
    let found = try await part.sha256()
    guard found.hexadecimal == sha256 else { throw file.hasOtherContent }
    try await put(.part(part, sha256: found), as: name)
  }

  func store(_ bytes: [UInt8], as name: String) async throws { try await put(.bytes(bytes), as: name) }

  /// PutObject.
  private func put(_ payload: S3Call.Payload, as key: String) async throws {
    var call = S3Call(method: .PUT, key: key, payload: payload, permission: "s3:PutObject")
    call.headers = layout.storing.headers(sha256: payload.sha256)
    call.headers["x-amz-checksum-sha256"] = payload.checksum
    var isDamaged = false
    do {
      try await client.perform(call) { answer in
        isDamaged = false
        _ = try await answer.document()
        if let stored = answer.headers.first(name: "x-amz-checksum-sha256"), stored != payload.checksum {
          isDamaged = true
          throw S3Failure(unexpected: "S3 has stored something else than was sent", call, client.address)
        }
      }
    } catch {
      if isDamaged { await connections.farewell { try? await deleteObject(key) } }
      throw error
    }
  }

  func remove(_ name: String) async throws {
    // Where ending an upload failed, it is ended when its name is deleted, however often that takes.
    for upload in begun.uploads(where: { $0.key == name }) { try await abort(upload) }
    try await deleteObject(name)
  }

  /// DeleteObject.
  func deleteObject(_ key: String) async throws {
    do {
      try await client.perform(S3Call(method: .DELETE, key: key, permission: "s3:DeleteObject")) {
        _ = try await $0.document()
      }
    } catch let failure as S3Failure where failure.code == "NoSuchKey" {}
  }

  /// ListObjectsV2.
  func list(prefix: String, _ take: (StoredObject) -> Void) async throws {
    var continuation: String?
    repeat {
      var call = S3Call(method: .GET, permission: "s3:ListBucket")
      call.query = [
        "list-type": "2", "encoding-type": "url", "prefix": prefix, "continuation-token": continuation,
      ].compactMapValues { $0 }
      let page = try await client.document(call, named: "ListBucketResult")
      let isEncoded = page["EncodingType"]?.text == "url"
      for entry in page.all("Contents") {
        guard let name = entry["Key"].map({ Self.decoded($0.text, isEncoded) }),
          let bytes = (entry["Size"]?.text).flatMap({ Int($0) })
        else { continue }
        take(StoredObject(name: name, bytes: bytes))
      }
      continuation = page["IsTruncated"]?.text == "true" ? page["NextContinuationToken"]?.text : nil
    } while continuation != nil
  }

  /// GetObject.
  func read<Result>(_ name: String, _ take: (CloudAnswer) async throws -> Result) async throws -> Result? {
    try await unlessMissing {
      try await client.perform(S3Call(method: .GET, key: name, permission: "s3:GetObject"), take)
    }
  }

  func endUploads(prefix: String, of isMeant: (_ name: String) -> Bool) async throws {
    for upload in try await uploads(prefix: prefix) where isMeant(upload.key) { try await abort(upload) }
  }

  /// As lists have names with `encoding-type=url`: a space may be `+` there.
  static func decoded(_ name: String, _ isEncoded: Bool) -> String {
    guard isEncoded else { return name }
    return name.replacing("+", with: " ").removingPercentEncoding ?? name
  }

  func unlessMissing<Result>(_ body: () async throws -> Result) async throws -> Result? {
    do {
      return try await body()
    } catch let failure as S3Failure where failure.code == "NoSuchKey" {
      return nil
    }
  }
}
