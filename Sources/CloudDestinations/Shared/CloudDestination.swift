import Crypto
package import ExportCore
import Glibc
import NIOCore

/// A bucket or container of a cloud that files are delivered to.
package struct CloudDestination: Destination {
  let store: any ObjectStore
  private let staging: StagingDirectory
  /// What all names begin with.
  private let prefix: String
  /// Whether there is one, and nothing but a file's own name stands behind it.
  private let isWholePrefix: Bool

  /// - Parameters:
  ///   - prefix: the template before each name.
  ///   - stagingDirectory: absolute; made by whoever stages files in it.
  init(_ store: any ObjectStore, prefix: String, stagingDirectory: String) {
    self.store = store
    let fixed = String(prefix.prefix { $0 != "{" })
    isWholePrefix = fixed.count == prefix.count && !fixed.isEmpty
    self.prefix = isWholePrefix && !fixed.hasSuffix("/") ? fixed + "/" : fixed
    staging = StagingDirectory(path: stagingDirectory)
  }

  package var stagingDirectory: String? { staging.path }

  package func deliver(_ file: StagedFile, as name: String) async throws {
    try Task.checkCancellation()
    let name = try checked(name)
    let opened = try OpenedFile(file)
    try await reporting { try await store.store(opened, sha256: file.sha256, as: name) }
    unlink(file.path)
  }

  package func put(_ bytes: [UInt8], as name: String) async throws {
    try Task.checkCancellation()
    let name = try checked(name)
    try await reporting { try await store.store(bytes, as: name) }
  }

  package func delete(_ name: String) async throws {
    try Task.checkCancellation()
    let name = try checked(name)
    try await reporting { try await store.remove(name) }
  }

  package func list(prefix: String, stem: String) async throws -> [StoredObject] {
    let levels = prefix.split(separator: "/").map(String.init)
    if !levels.isEmpty { _ = try ObjectName(levels.joined(separator: "/")) }
    var objects: [StoredObject] = []
    try await reporting {
      try await store.list(prefix: levels.map { $0 + "/" }.joined()) { object in
        if Self.last(of: object.name).hasPrefix(stem) { objects.append(object) }
      }
    }
    return objects
  }

  package func digest(_ name: String) async throws -> (bytes: Int, sha256: String)? {
    let name = try checked(name)
    return try await reporting { try await store.digest(name) }
  }

  package func contents(_ name: String, limit: Int) async throws -> [UInt8]? {
    let name = try checked(name)
    return try await reporting {
      try await store.read(name) { answer in
        var bytes: [UInt8] = []
        try await answer.forEachPiece { piece in
          bytes += piece.readableBytesView
          guard bytes.count <= limit else {
            throw ExportError(
              .destination, .lasting, object: "\(store.location)/\(name)",
              problem: "is larger than \(limit) bytes")
          }
        }
        return bytes
      }
    }
  }

  package func removeLeftovers(stem: String) async throws {
    try staging.removeLeftovers(stem: stem)
    try await reporting {
      // The less there is to look through, the better: some clouds list everything.
      try await store.endUploads(prefix: isWholePrefix ? prefix + stem : prefix) {
        Self.last(of: $0).hasPrefix(stem)
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
    try await reporting { try await store.endUploads(prefix: name) { $0 == name } }
    try await delete(name)
    guard found == bytes else {
      throw ExportError(
        .destination, .lasting, object: "\(store.location)/\(name)",
        problem: "what was written was not read back", hint: "check what answers at the endpoint")
    }
  }

  private func checked(_ name: String) throws(ExportError) -> String {
    let name = try ObjectName(name).text
    try store.check(name)
    return name
  }

  /// What stands behind the last `/`.
  private static func last(of name: String) -> Substring {
    name[(name.lastIndex(of: "/").map(name.index(after:)) ?? name.startIndex)...]
  }

  /// What a caller gets to know of a failure.
  private func reporting<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let failure as any CloudFailure {
      throw failure.error
    }
  }
}

extension ObjectStore {
  /// Size and SHA-256 (lower-case hexadecimal) of what is stored, read back; nil when it is not there.
  func digest(_ name: String) async throws -> (bytes: Int, sha256: String)? {
    try await read(name) { answer in
      var (digest, bytes) = (SHA256(), 0)
      try await answer.forEachPiece { piece in
        piece.withUnsafeReadableBytes { digest.update(bufferPointer: $0) }
        bytes += piece.readableBytes
      }
      return (bytes, digest.finalize().hexadecimal)
    }
  }

  /// Refuses a name that is too long.
  /// - Parameter cloud: its name, for messages.
  func check(_ name: String, atMost limit: Int, in cloud: String) throws(ExportError) {
    guard name.utf8.count <= limit else {
      throw ExportError(
        .destination, .lasting, object: name,
        problem: "is longer than the \(limit) bytes that \(cloud) allows",
        hint: "shorten the destination's prefix")
    }
  }
}
