import Crypto
import ExportCore
import Foundation
import HTTPProblems
import NIOHTTP1

/// A multipart upload that is not complete yet, as the server lists it.
struct S3UnfinishedUpload: Hashable, Sendable {
  var key: String
  var id: String
}

extension S3Bucket {
  /// ListMultipartUploads.
  func uploads(prefix: String) async throws -> [S3UnfinishedUpload] {
    var uploads: [S3UnfinishedUpload] = []
    var markers: [String: String]? = [:]
    while let from = markers {
      var call = S3Call(method: .GET, permission: "s3:ListBucketMultipartUploads")
      call.query = ["uploads": "", "encoding-type": "url", "prefix": prefix].merging(from) { $1 }
      let page: XMLTree
      do {
        page = try await client.document(call, named: "ListMultipartUploadsResult")
      } catch let failure as S3Failure
        where failure.status == 501 || failure.code == "NotImplemented" || failure.code == "NoSuchUpload"
      {
        // Some services know no such list, and some say so when there is nothing to list.
        return []
      }
      let isEncoded = page["EncodingType"]?.text == "url"
      uploads += page.all("Upload").compactMap { entry in
        guard let key = entry["Key"]?.text, let id = entry["UploadId"]?.text else { return nil }
        return S3UnfinishedUpload(key: Self.decoded(key, isEncoded), id: id)
      }
      markers = nil
      if page["IsTruncated"]?.text == "true", let key = page["NextKeyMarker"]?.text {
        markers = [
          "key-marker": Self.decoded(key, isEncoded),
          "upload-id-marker": page["NextUploadIdMarker"]?.text ?? "",
        ]
      }
    }
    return uploads
  }

  /// AbortMultipartUpload; one that is over already is no error.
  func abort(_ upload: S3UnfinishedUpload) async throws {
    var call = S3Call(method: .DELETE, key: upload.key, permission: "s3:AbortMultipartUpload")
    call.query = ["uploadId": upload.id]
    do {
      try await client.perform(call) { _ = try await $0.document() }
    } catch let failure as S3Failure where failure.status == 404 {}
    begun.end(upload)
  }
}

/// Sends one file in parts, some of them at the same time, each with its checksum and each tried again by itself
/// ("Uploading and copying objects using multipart upload" in the Amazon S3 User Guide).
struct S3Upload: Sendable {
  private let bucket: S3Bucket
  private let file: OpenedFile
  private let key: String
  private let sha256: String
  private var client: S3Client { bucket.client }

  /// - Parameter sha256: of the whole file, lower-case hexadecimal.
  init(_ bucket: S3Bucket, _ file: OpenedFile, key: String, sha256: String) {
    self.bucket = bucket
    self.file = file
    self.key = key
    self.sha256 = sha256
  }

  /// What the server confirmed of a part.
  private struct Part: Sendable {
    var number: Int
    var sha256: SHA256Digest
    var etag: String
    /// Whether the server knows checksums.
    var isChecked: Bool
    var checksum: String { Data(sha256).base64EncodedString() }
  }

  /// - Throws: ``S3Failure``, ``ExportError`` or `CancellationError`; the upload is then aborted.
  func run() async throws {
    let upload = try await bucket.connections.unbroken {
      try await begin()
    } abandoned: { upload in
      try? await bucket.abort(upload)
    }
    do {
      let parts = try await sendParts(upload)
      try Task.checkCancellation()
      try await complete(upload, parts)
      bucket.begun.end(upload)
    } catch {
      await bucket.connections.farewell { try? await bucket.abort(upload) }
      throw error
    }
  }

  /// CreateMultipartUpload. Where an answer was lost there may be an upload that nobody knows of: it is looked for.
  private func begin() async throws -> S3UnfinishedUpload {
    var call = S3Call(method: .POST, key: key, permission: "s3:PutObject")
    call.query = ["uploads": ""]
    call.headers = bucket.layout.storing.headers(sha256: sha256)
    call.headers["x-amz-checksum-algorithm"] = "SHA256"
    var mayBeTwice = false
    let answer: XMLTree
    do {
      answer = try await client.document(call, named: "InitiateMultipartUploadResult") { failure in
        mayBeTwice = mayBeTwice || failure.isAmbiguous
      }
    } catch let failure as S3Failure where failure.isAmbiguous {
      try? await abortOthers(than: nil)
      throw failure
    }
    guard let id = answer["UploadId"]?.text, !id.isEmpty else {
      throw S3Failure(unexpected: "S3 began an upload without an UploadId", call, client.address)
    }
    let upload = S3UnfinishedUpload(key: key, id: id)
    bucket.begun.begin(upload)
    if mayBeTwice { try? await abortOthers(than: upload) }
    return upload
  }

  private func abortOthers(than upload: S3UnfinishedUpload?) async throws {
    for other in try await bucket.uploads(prefix: key) where other.key == key && other != upload {
      try await bucket.abort(other)
    }
  }

  private func sendParts(_ upload: S3UnfinishedUpload) async throws -> [Part] {
    try await file.sendInParts(
      of: bucket.layout.partSize(of: file.bytes), atOnce: bucket.layout.partsUnderWay
    ) { part, index in
      try await send(part, number: index + 1, upload)
    }
  }

  /// UploadPart.
  private func send(_ part: StagedPart, number: Int, _ upload: S3UnfinishedUpload) async throws -> Part {
    let sha256 = try await part.sha256()
    var call = S3Call(
      method: .PUT, key: key, payload: .part(part, sha256: sha256), permission: "s3:PutObject")
    call.query = ["partNumber": String(number), "uploadId": upload.id]
    call.headers = ["x-amz-checksum-sha256": call.payload.checksum]
    let ready = call
    return try await client.perform(ready) { answer in
      _ = try await answer.document()
      guard let etag = answer.headers.first(name: "ETag") else {
        throw S3Failure(unexpected: "S3 took part \(number) without an ETag", ready, client.address)
      }
      let stored = answer.headers.first(name: "x-amz-checksum-sha256")
      guard stored == nil || stored == ready.payload.checksum else {
        throw S3Failure(
          unexpected: "S3 has stored something else than part \(number)", ready, client.address)
      }
      return Part(number: number, sha256: sha256, etag: etag, isChecked: stored != nil)
    }
  }

  /// CompleteMultipartUpload. It may fail inside an answer of 200, and its answer may be lost: before it is
  /// repeated, the object is looked for.
  private func complete(_ upload: S3UnfinishedUpload, _ parts: [Part]) async throws {
    let list = parts.map { part in
      let checksum = part.isChecked ? "<ChecksumSHA256>\(part.checksum)</ChecksumSHA256>" : ""
      return
        "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(XMLTree.escaped(part.etag))</ETag>\(checksum)</Part>"
    }
    let document =
      "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(list.joined())</CompleteMultipartUpload>"
    var call = S3Call(
      method: .POST, key: key, payload: .bytes(Array(document.utf8)), permission: "s3:PutObject")
    call.query = ["uploadId": upload.id]
    var once = client.retries
    once.attempts = 1
    var attempt = 1
    while true {
      do {
        let answer = try await client.document(
          call, named: "CompleteMultipartUploadResult", retries: once)
        return try await check(answer, parts, call)
      } catch let failure as S3Failure where failure.isAmbiguous || failure.code == "NoSuchUpload" {
        if try await isStored() { return }
        guard failure.isPassing,
          let pause = client.retries.pause(after: attempt, asked: failure.retryAfter)
        else { throw failure }
        attempt += 1
        try await Task.sleep(for: pause)
      } catch let failure as S3Failure {
        guard failure.isPassing,
          let pause = client.retries.pause(after: attempt, asked: failure.retryAfter)
        else { throw failure }
        attempt += 1
        try await Task.sleep(for: pause)
      }
    }
  }

  /// The checksum of an object of parts is that of their checksums ("Checking object integrity" in the User Guide).
  private func check(_ answer: XMLTree, _ parts: [Part], _ call: S3Call) async throws {
    guard let stored = answer["ChecksumSHA256"]?.text else { return }
    var digest = SHA256()
    for part in parts { digest.update(data: Data(part.sha256)) }
    let expected = Data(digest.finalize()).base64EncodedString()
    guard stored == expected || stored == "\(expected)-\(parts.count)" else {
      await bucket.connections.farewell { try? await bucket.deleteObject(key) }
      throw ExportError(
        .destination, .passing, object: call.object(in: client.address),
        problem: "S3 has put together something else than the parts that were sent; it was deleted")
    }
  }

  /// Whether the whole file lies under its name.
  private func isStored() async throws -> Bool {
    let found = try await bucket.unlessMissing {
      try await client.perform(S3Call(method: .HEAD, key: key, permission: "s3:GetObject")) { answer in
        _ = try await answer.document()
        return (
          answer.headers.first(name: "Content-Length").flatMap { Int($0) },
          answer.headers.first(name: S3Storing.digestHeader)
        )
      }
    }
    guard let (bytes, digest) = found, bytes == file.bytes else { return false }
    // Some servers keep no metadata: then the content itself tells.
    if let digest { return digest == sha256 }
    return try await bucket.digest(key)?.sha256 == sha256
  }
}
