import Crypto
import Dispatch
package import ExportCore
import Glibc
import Synchronization

/// Files in a directory of this machine. They are put together in that directory itself, under hidden names,
/// so that a delivery is a rename. Nothing is opened before it is asked for.
package final class LocalDirectory: Destination {
  private let tree: DirectoryTree
  private let changes: Changes
  /// Reading back large files holds no delivery up.
  private let reading = DispatchQueue(label: "exportd.directory.reading")

  package init(_ configuration: DirectoryConfiguration) {
    tree = DirectoryTree(configuration: configuration)
    changes = Changes(tree)
  }

  package var stagingDirectory: String? { tree.path }

  package func deliver(_ file: StagedFile, as name: String) async throws {
    try Task.checkCancellation()
    try await changes.make(.deliver(file, as: try ObjectName(name)))
  }

  package func put(_ bytes: [UInt8], as name: String) async throws {
    try Task.checkCancellation()
    try await changes.make(.put(bytes, as: try ObjectName(name)))
  }

  package func delete(_ name: String) async throws {
    try Task.checkCancellation()
    try await changes.make(.delete(try ObjectName(name)))
  }

  package func list(prefix: String, stem: String) async throws -> [StoredObject] {
    let levels = prefix.split(separator: "/").map(String.init)
    if !levels.isEmpty { _ = try ObjectName(levels.joined(separator: "/")) }
    return try await read { tree, _ in
      var objects: [StoredObject] = []
      guard let directory = try tree.directory(levels) else { return [] }
      try tree.walk(directory, levels.joined(separator: "/")) { path, status in
        let last = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
        if last.hasPrefix(stem), !TemporaryFileName.isOurs(last, stem: "") {
          objects.append(StoredObject(name: path, bytes: Int(status.st_size)))
        }
      }
      return objects
    }
  }

  package func digest(_ name: String) async throws -> (bytes: Int, sha256: String)? {
    let name = try ObjectName(name)
    return try await read { tree, stop in
      guard let file = try tree.file(name) else { return nil }
      var (digest, bytes) = (SHA256(), 0)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
      defer { buffer.deallocate() }
      while true {
        if stop.isRequested { throw CancellationError() }
        guard let count = file.read(buffer) else { throw tree.failure("read", name.text) }
        if count == 0 { break }
        digest.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        bytes += count
      }
      return (bytes, digest.finalize().hexadecimal)
    }
  }

  package func contents(_ name: String, limit: Int) async throws -> [UInt8]? {
    let name = try ObjectName(name)
    return try await read { tree, _ in
      guard let file = try tree.file(name) else { return nil }
      // One more than allowed, to see that there is more.
      var failed = false
      let bytes = [UInt8](unsafeUninitializedCapacity: limit + 1) { buffer, count in
        let read = file.read(UnsafeMutableRawBufferPointer(buffer))
        failed = read == nil
        count = read ?? 0
      }
      if failed { throw tree.failure("read", name.text) }
      guard bytes.count <= limit else {
        throw ExportError(
          .destination, .lasting, object: "\(tree.path)/\(name.text)",
          problem: "is larger than \(limit) bytes")
      }
      return bytes
    }
  }

  /// Also makes the directory when it is missing, so that files can be staged in it.
  package func removeLeftovers(stem: String) async throws {
    try await read { tree, _ in
      let root = try tree.root()
      try tree.entries(of: root, "") { name, status throws(ExportError) in
        guard TemporaryFileName.isOurs(name, stem: stem), status.st_mode & S_IFMT == S_IFREG else { return }
        guard unlinkat(root.number, name, 0) == 0 || errno == ENOENT else {
          throw tree.failure("delete", name)
        }
      }
    }
  }

  package func probe() async throws {
    let name = "exportd-probe"
    let bytes = Array("exportd checks that it can write here.\n".utf8)
    try await put(bytes, as: name)
    let found = try await contents(name, limit: 4096)
    try await delete(name)
    guard found == bytes else {
      throw ExportError(
        .destination, .lasting, object: tree.path, problem: "what was written was not read back",
        hint: "check the file system")
    }
  }

  private func read<Value: Sendable>(
    _ body: @escaping @Sendable (DirectoryTree, StopFlag) throws -> Value
  ) async throws -> Value {
    try Task.checkCancellation()
    let stop = StopFlag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        reading.async { [tree] in continuation.resume(with: Result { try body(tree, stop) }) }
      }
    } onCancel: {
      stop.request()
    }
  }
}

/// Tells a thread that nobody waits for what it reads any more.
private final class StopFlag: Sendable {
  private let flag = Atomic(false)
  var isRequested: Bool { flag.load(ordering: .relaxed) }
  func request() { flag.store(true, ordering: .relaxed) }
}
