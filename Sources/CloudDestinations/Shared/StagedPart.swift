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
  func sha256() async throws -> SHA256Digest {
    try await NIOThreadPool.singleton.runIfActive { [self] in
      var digest = SHA256()
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
