/// A finished file in the staging directory, not yet visible to anyone.
package struct StagedFile: Hashable, Sendable {
  /// Absolute.
  package var path: String
  package var bytes: Int
  /// Lower-case hexadecimal.
  package var sha256: String

  package init(path: String, bytes: Int, sha256: String) {
    self.path = path
    self.bytes = bytes
    self.sha256 = sha256
  }
}

/// An object as it lies at a destination.
package struct StoredObject: Hashable, Sendable {
  /// With its prefix, relative to the destination's root.
  package var name: String
  package var bytes: Int

  package init(name: String, bytes: Int) {
    self.name = name
    self.bytes = bytes
  }
}

/// The socket for places that files are delivered to. Names are relative, `/` separates levels, and no
/// component is empty, `.` or `..`. Nothing partial is ever visible under a name; the same content under
/// the same name again is harmless. Every implementation passes the conformance suite for destinations.
package protocol Destination: Sendable {
  /// Where files for this destination are put together: an absolute path to a directory on the disk from which
  /// delivery is cheapest. Nil leaves it to the caller (its state directory).
  var stagingDirectory: String? { get }

  /// Makes the staged file durable and visible under `name`: committed when it returns, aborted without a trace
  /// when it throws. The staged file is gone afterwards, or left in place on a throw.
  /// - Throws: ``ExportError`` that names the object, or `CancellationError`.
  func deliver(_ file: StagedFile, as name: String) async throws

  /// As ``deliver(_:as:)`` for a few bytes in memory: a manifest.
  func put(_ bytes: [UInt8], as name: String) async throws

  /// Removes an object; one that is not there is no error.
  func delete(_ name: String) async throws

  /// Every object whose last component begins with `stem` below the directory-like `prefix` ("" for all), in
  /// no particular order.
  func list(prefix: String, stem: String) async throws -> [StoredObject]

  /// Size and SHA-256 (lower-case hexadecimal) of what is stored under `name`, read back; nil when it is not there.
  func digest(_ name: String) async throws -> (bytes: Int, sha256: String)?

  /// The whole of a small object; nil when it is not there. Throws when it is larger than `limit` bytes.
  func contents(_ name: String, limit: Int) async throws -> [UInt8]?

  /// Removes what interrupted deliveries and staging of ours left behind. `stem` as in ``list(prefix:stem:)``.
  func removeLeftovers(stem: String) async throws

  /// Writes, reads back and deletes a small object, for `exportd check --destinations`.
  func probe() async throws
}
