import ExportCore

/// The objects of one bucket or container, and what its cloud can do with them. A name here is whole and checked; what is stored
/// under it is visible with all of its content or not at all. ``CloudDestination`` makes a destination of it.
///
/// Everything throws the cloud's own ``CloudFailure`` for what the cloud says, ``ExportError`` for what is wrong on this side, and
/// `CancellationError`.
protocol ObjectStore: Sendable {
  /// As messages have it, without a `/` at its end: `s3://acme-lake`.
  var location: String { get }

  /// Refuses names that the cloud does not take.
  func check(_ name: String) throws(ExportError)

  /// Stores a finished file.
  /// - Parameter sha256: what it had when it was written, lower-case hexadecimal; other content is refused.
  func store(_ file: OpenedFile, sha256: String, as name: String) async throws

  func store(_ bytes: [UInt8], as name: String) async throws

  /// Removes an object, and ends what this process has begun under its name; one that is not there is no error.
  func remove(_ name: String) async throws

  /// Every object whose name begins with `prefix`.
  func list(prefix: String, _ take: (StoredObject) -> Void) async throws

  /// The content of an object, as it comes; nil when it is not there.
  /// - Parameter take: called again when the connection ends meanwhile.
  func read<Result>(_ name: String, _ take: (CloudAnswer) async throws -> Result) async throws -> Result?

  /// Ends uploads that nobody goes on with, of objects whose names begin with `prefix`.
  func endUploads(prefix: String, of isMeant: (_ name: String) -> Bool) async throws
}

/// A request that a cloud did not fulfil, or to which no answer came.
protocol CloudFailure: Error {
  /// Whether sending it again soon may help.
  var isPassing: Bool { get }
  /// How long the server asks to be left alone.
  var retryAfter: Duration? { get }
  /// For the person.
  var error: ExportError { get }
}
