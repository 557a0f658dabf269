import Crypto
import ExportCore

/// The stored parts of files under construction, by numbers that are used again: what they have been given is encoded by
/// the codec, hashed and written. It belongs to one thread at a time.
struct FileStorage: ~Copyable {
  private struct File {
    /// In the staging area.
    let number: UInt32
    var written = 0
    var digest = SHA256()
  }

  private let codec: any ChunkCodec
  private let staging: StagingArea
  private var files: [File?] = []

  init(_ codec: any ChunkCodec, in staging: StagingArea) {
    self.codec = codec
    self.staging = staging
  }

  /// - Parameters:
  ///   - number: of the new file in the staging area.
  ///   - beginning: what the codec is told of it; nil when the beginning is stored.
  mutating func begin(_ i: Int, number: UInt32, _ beginning: UnsafeRawBufferPointer?) {
    while i >= files.count { files.append(nil) }
    files[i] = File(number: number)
    if let beginning { codec.begin(beginning, of: i) }
  }

  /// - Throws: ``ExportError`` that says what the staging directory lacks.
  mutating func store(_ bytes: UnsafeRawBufferPointer, in i: Int) throws(ExportError) {
    try codec.store(bytes, of: i) { stored throws(ExportError) in try put(stored, i) }
  }

  /// What the file takes so far, and its end at most.
  func bytes(of i: Int) -> Int { (files[i]?.written ?? 0) + codec.heldBytes(of: i) }

  /// Completes a file, which is forgotten.
  /// - Throws: ``ExportError`` that says what the staging directory lacks.
  mutating func end(_ i: Int) throws(ExportError) -> StagedFile {
    try codec.end(i) { stored throws(ExportError) in try put(stored, i) }
    guard let file = files[i].take() else { preconditionFailure("a file is begun before it ends") }
    return StagedFile(
      path: staging.path(of: file.number), bytes: file.written, sha256: file.digest.finalize().hexadecimal)
  }

  /// Throws a file away.
  mutating func drop(_ i: Int) {
    guard let file = files[i].take() else { return }
    codec.drop(i)
    staging.remove(file.number)
  }

  private mutating func put(_ stored: UnsafeRawBufferPointer, _ i: Int) throws(ExportError) {
    guard let written = files[i]?.written, let number = files[i]?.number else {
      preconditionFailure("a file is begun before anything is stored in it")
    }
    try staging.append(stored, to: number, create: written == 0)
    files[i]!.digest.update(bufferPointer: stored)
    files[i]!.written += stored.count
  }
}
