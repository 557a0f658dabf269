import Foundation
import Glibc

/// A small file system in memory of the test's own, unmounted afterwards.
/// - Throws: when it cannot be mounted: the test needs root.
package func withFileSystem<Result>(
  size: String, isReadOnly: Bool = false, _ body: (String) throws -> Result
) throws -> Result {
  try withTemporaryDirectory { directory in
    try mount(directory, size, isReadOnly)
    defer { umount2(directory, Int32(MNT_DETACH)) }
    return try body(directory)
  }
}

/// A small file system in memory of the test's own, unmounted afterwards.
/// - Throws: when it cannot be mounted: the test needs root.
package func withFileSystem<Result>(
  size: String, isReadOnly: Bool = false, _ body: (String) async throws -> Result
) async throws -> Result {
  try await withTemporaryDirectory { directory in
    try mount(directory, size, isReadOnly)
    defer { umount2(directory, Int32(MNT_DETACH)) }
    return try await body(directory)
  }
}

private func mount(_ directory: String, _ size: String, _ isReadOnly: Bool) throws {
  let flags = isReadOnly ? UInt(MS_RDONLY) : 0
  guard Glibc.mount("exportd-test", directory, "tmpfs", flags, "size=\(size)") == 0 else {
    throw MountFailure(reason: String(cString: strerror(errno)))
  }
}

private struct MountFailure: Error, CustomStringConvertible {
  let reason: String
  var description: String { "cannot mount a tmpfs (\(reason)): this test needs root" }
}
