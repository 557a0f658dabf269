import Crypto
import ExportCore
import Glibc
import NIOCore
import NIOPosix

/// A finished file, open for reading: what its name stands for meanwhile does not matter.
final class OpenedFile: Sendable {
  private let descriptor: Int32
  let path: String
  let bytes: Int

  /// - Throws: ``ExportError`` when it is not the file that was staged.
  init(_ staged: StagedFile) throws(ExportError) {
    let descriptor = open(staged.path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ExportError(
        .destination, .passing, object: staged.path,
        problem: "cannot open the finished file: \(String(cString: strerror(errno)))",
        hint: "leave files named .exportd-… alone while a run is under way")
    }
    self.descriptor = descriptor
    path = staged.path
    bytes = staged.bytes
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      Int(status.st_size) == staged.bytes
    else {
      throw ExportError(
        .destination, .passing, object: staged.path,
        problem:
          "holds \(status.st_size) bytes instead of \(staged.bytes): it was changed after it was written")
    }
  }

  deinit { close(descriptor) }

  /// Reads it once, a little at a time.
  /// - Throws: ``ExportError``, what `take` throws, or `CancellationError`.
  func forEachPiece(_ take: (UnsafeRawBufferPointer) throws -> Void) async throws {
    let progress = DeliveryProgress.current
    for start in stride(from: 0, to: bytes, by: StagedPart.stride) {
      try Task.checkCancellation()
      let count = min(StagedPart.stride, bytes - start)
      let piece = try await StagedPart(file: self, offset: start, bytes: count).read(count, at: 0)
      try piece.withUnsafeReadableBytes(take)
      progress.moved()
    }
  }

  /// For whoever has read it and found something else than was written.
  var hasOtherContent: ExportError {
    ExportError(
      .destination, .passing, object: path, problem: "has other content than when it was written")
  }

  /// Reads whole stretches: whoever asks for bytes behind the end made a mistake.
  fileprivate func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ExportError) {
    var filled = 0
    while filled < buffer.count {
      let count = pread(
        descriptor, buffer.baseAddress! + filled, buffer.count - filled, off_t(offset + filled))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw ExportError(
          .destination, .passing, object: path,
          problem: count < 0
            ? "cannot read the finished file: \(String(cString: strerror(errno)))"
            : "has become shorter since it was written")
      }
      filled += count
    }
  }
}

/// A stretch of a finished file. It is read when it is sent, a little at a time, so that memory does not grow with
/// parts and uploads; the kernel still has what was written a moment ago.
struct StagedPart: Sendable {
  let file: OpenedFile
  let offset: Int
  let bytes: Int

  /// Bytes that are read at a time.
  static let stride = 1 << 18

  /// Reads it once to know its SHA-256.
  func sha256() async throws -> SHA256Digest { try await digest(by: SHA256.self) }

  func digest<Function: HashFunction>(by _: Function.Type) async throws -> Function.Digest {
    try await NIOThreadPool.singleton.runIfActive { [self] in
      var digest = Function()
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.stride, alignment: 64)
      defer { buffer.deallocate() }
      var done = 0
      while done < bytes {
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(Self.stride, bytes - done)])
        try file.read(piece, at: offset + done)
        digest.update(bufferPointer: UnsafeRawBufferPointer(piece))
        done += piece.count
      }
      return digest.finalize()
    }
  }

  /// - Parameters:
  ///   - start: relative to the part.
  ///   - count: not more than are left.
  func read(_ count: Int, at start: Int) async throws -> ByteBuffer {
    try await NIOThreadPool.singleton.runIfActive { [self] in
      var buffer = ByteBufferAllocator().buffer(capacity: count)
      try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { memory in
        try file.read(UnsafeMutableRawBufferPointer(rebasing: memory[..<count]), at: offset + start)
        return count
      }
      return buffer
    }
  }
}
