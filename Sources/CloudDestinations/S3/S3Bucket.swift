import Crypto
package import ExportCore
import Foundation
import Glibc
import NIOCore
import NIOHTTP1

/// A bucket of Amazon S3, or of a service that speaks its API (Amazon S3 API Reference). An object is visible with all of
/// its content or not at all, as S3 itself has it.
package struct S3Bucket: Destination {
  let client: S3Client
  let connections: CloudConnections
  let layout: S3Layout
  let begun = BegunUploads<S3UnfinishedUpload>()
  private let staging: StagingDirectory
  private let prefix: String

  /// Nothing is called before it is asked for.
  /// - Parameters:
  ///   - region: where the configuration names none; another one is found by what the servers answer.
  ///   - stagingDirectory: absolute; made by whoever stages files in it.
  ///   - credentials: asked before each request.
  /// - Throws: ``ExportError`` for what cannot be an address.
  package init(
    _ configuration: S3Configuration, region: String, stagingDirectory: String, connections: CloudConnections,
    credentials: @escaping @Sendable () async throws -> S3Credentials
  ) throws(ExportError) {
    try self.init(
      configuration, region: region, stagingDirectory: stagingDirectory, connections: connections,
      layout: S3Layout(), retries: Retries(), credentials: credentials)
  }

  init(
    _ configuration: S3Configuration, region: String, stagingDirectory: String, connections: CloudConnections,
    layout: S3Layout, retries: Retries,
    credentials: @escaping @Sendable () async throws -> S3Credentials
  ) throws(ExportError) {
    client = S3Client(
      try S3Address(configuration), region: configuration.region ?? region,
      CloudClient(connections, configuration.cloud), retries: retries, credentials: credentials)
    self.connections = connections
    var layout = layout
    layout.storing = S3Storing(configuration)
    self.layout = layout
    staging = StagingDirectory(path: stagingDirectory)
    prefix = String(configuration.prefix.prefix { $0 != "{" })
  }

  package var stagingDirectory: String? { staging.path }

  package func deliver(_ file: StagedFile, as name: String) async throws {
    try Task.checkCancellation()
    let key = try Self.key(name)
    let opened = try OpenedFile(file)
    try await reporting {
      if file.bytes <= layout.largestSingle {
        let part = StagedPart(file: opened, offset: 0, bytes: file.bytes)
        let sha256 = try await part.sha256()
        guard sha256.hexadecimal == file.sha256 else {
          throw ExportError(
            .destination, .passing, object: file.path,
            problem: "has other content than when it was written")
        }
        try await put(.part(part, sha256: sha256), as: key)
      } else {
        try await S3Upload(self, opened, key: key, sha256: file.sha256).run()
      }
    }
    unlink(file.path)
  }

  package func put(_ bytes: [UInt8], as name: String) async throws {
    try Task.checkCancellation()
    let key = try Self.key(name)
    try await reporting { try await put(.bytes(bytes), as: key) }
  }

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
      if isDamaged { await connections.farewell { try? await remove(key) } }
      throw error
    }
  }

  package func delete(_ name: String) async throws {
    try Task.checkCancellation()
    let key = try Self.key(name)
    try await reporting {
      // Where ending an upload failed, it is ended when its name is deleted, however often that takes.
      for upload in begun.uploads(where: { $0.key == key }) { try await abort(upload) }
      try await remove(key)
    }
  }

  /// DeleteObject.
  func remove(_ key: String) async throws {
    do {
      try await client.perform(S3Call(method: .DELETE, key: key, permission: "s3:DeleteObject")) {
        _ = try await $0.document()
      }
    } catch let failure as S3Failure where failure.code == "NoSuchKey" {}
  }

  /// ListObjectsV2.
  package func list(prefix: String, stem: String) async throws -> [StoredObject] {
    let levels = prefix.split(separator: "/").map(String.init)
    if !levels.isEmpty { _ = try ObjectName(levels.joined(separator: "/")) }
    var objects: [StoredObject] = []
    var continuation: String?
    repeat {
      var call = S3Call(method: .GET, permission: "s3:ListBucket")
      call.query = [
        "list-type": "2", "encoding-type": "url", "prefix": levels.map { $0 + "/" }.joined(),
        "continuation-token": continuation,
      ].compactMapValues { $0 }
      let page = try await reporting {
        try await client.document(call, named: "ListBucketResult")
      }
      let isEncoded = page["EncodingType"]?.text == "url"
      for entry in page.all("Contents") {
        guard let name = entry["Key"].map({ Self.decoded($0.text, isEncoded) }),
          let bytes = (entry["Size"]?.text).flatMap({ Int($0) }), Self.last(of: name).hasPrefix(stem)
        else { continue }
        objects.append(StoredObject(name: name, bytes: bytes))
      }
      continuation = page["IsTruncated"]?.text == "true" ? page["NextContinuationToken"]?.text : nil
    } while continuation != nil
    return objects
  }

  /// GetObject.
  package func digest(_ name: String) async throws -> (bytes: Int, sha256: String)? {
    try await reporting { try await storedDigest(try Self.key(name)) }
  }

  func storedDigest(_ key: String) async throws -> (bytes: Int, sha256: String)? {
    try await unlessMissing {
      try await client.perform(S3Call(method: .GET, key: key, permission: "s3:GetObject")) { answer in
        var (digest, bytes) = (SHA256(), 0)
        try await answer.forEachPiece { piece in
          piece.withUnsafeReadableBytes { digest.update(bufferPointer: $0) }
          bytes += piece.readableBytes
        }
        return (bytes, digest.finalize().hexadecimal)
      }
    }
  }

  package func contents(_ name: String, limit: Int) async throws -> [UInt8]? {
    let key = try Self.key(name)
    return try await reporting {
      try await unlessMissing {
        let call = S3Call(method: .GET, key: key, permission: "s3:GetObject")
        return try await client.perform(call) { answer in
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

  /// Aborts uploads that nobody goes on with, and removes files that were staged for it.
  package func removeLeftovers(stem: String) async throws {
    try staging.removeLeftovers(stem: stem)
    try await reporting {
      for upload in try await uploads(prefix: prefix) where Self.last(of: upload.key).hasPrefix(stem) {
        try await abort(upload)
      }
    }
  }

  package func probe() async throws {
    let directory = prefix[..<(prefix.lastIndex(of: "/").map(prefix.index(after:)) ?? prefix.startIndex)]
    let name = "\(directory)exportd-probe"
    let bytes = Array("exportd checks that it can write here.\n".utf8)
    try await put(bytes, as: name)
    let found = try await contents(name, limit: 4096)
    // What a run and `verify` need besides.
    _ = try await list(prefix: name, stem: "exportd-probe")
    _ = try await reporting { try await uploads(prefix: name) }
    try await delete(name)
    guard found == bytes else {
      throw ExportError(
        .destination, .lasting, object: "s3://\(client.address.bucket)/\(name)",
        problem: "what was written was not read back", hint: "check what answers at the endpoint")
    }
  }

  // MARK: Names

  /// The most bytes of a key ("Naming Amazon S3 objects" in the User Guide).
  private static let keyLimit = 1024

  private static func key(_ name: String) throws(ExportError) -> String {
    let key = try ObjectName(name).text
    guard key.utf8.count <= keyLimit else {
      throw ExportError(
        .destination, .lasting, object: key, problem: "is longer than the \(keyLimit) bytes that S3 allows",
        hint: "shorten the destination's prefix")
    }
    return key
  }

  static func last(of key: String) -> Substring {
    key[(key.lastIndex(of: "/").map(key.index(after:)) ?? key.startIndex)...]
  }

  /// As lists have names with `encoding-type=url`: a space may be `+` there.
  static func decoded(_ name: String, _ isEncoded: Bool) -> String {
    guard isEncoded else { return name }
    return name.replacing("+", with: " ").removingPercentEncoding ?? name
  }

  // MARK: Errors

  /// What a caller gets to know of a failure.
  private func reporting<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let failure as S3Failure {
      throw failure.error
    }
  }

  func unlessMissing<Result>(_ body: () async throws -> Result) async throws -> Result? {
    do {
      return try await body()
    } catch let failure as S3Failure where failure.code == "NoSuchKey" {
      return nil
    }
  }
}
